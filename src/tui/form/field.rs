//! A field of a form.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Style;
use tui_textarea::{CursorMove, TextArea, WrapMode};

use crate::model::checklist::{Answer, Item};

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its label.
    pub label: String,
    /// What belongs there, shown while it is empty.
    pub hint: String,
    /// It must not be left empty.
    pub required: bool,
    /// What it holds.
    pub value: Value,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// What a field holds.
#[derive(Debug)]
pub enum Value {
    /// One line.
    Line(TextArea<'static>),
    /// Several lines.
    Text(TextArea<'static>),
    /// One line of names, separated by commas, from a list that is offered.
    Names {
        /// What is typed.
        area: TextArea<'static>,
        /// What is offered.
        options: Vec<String>,
        /// One name only.
        single: bool,
    },
    /// One of a few words.
    Choice {
        /// All of them.
        options: Vec<&'static str>,
        /// Which.
        selected: usize,
    },
    /// An item that is answered yes, or waived with a reason.
    Tick {
        /// Which item.
        item: Option<Item>,
        /// Its answer.
        tick: Tick,
        /// Why it is waived.
        reason: TextArea<'static>,
        /// Whether it can be waived.
        waivable: bool,
    },
}

/// How an item is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tick {
    /// Not yet.
    Open,
    /// Yes.
    Yes,
    /// Waived; the reason is being written or is there.
    Waived,
}

/// What a key did in a form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FocusMove {
    /// Nothing, or something inside a field.
    Stay,
    /// Go to the next field.
    Next,
    /// Go to the field before.
    Previous,
}

/// An editor with a text.
#[must_use]
pub fn text_area(content: &str) -> TextArea<'static> {
    let mut area = TextArea::default();
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(Style::new());
    if !content.is_empty() {
        area.insert_str(content);
    }
    area
}

pub(super) fn area_content(area: &TextArea<'_>) -> String {
    area.lines().join("\n")
}

impl Field {
    /// One line.
    #[must_use]
    pub fn line(label: impl Into<String>, value: &str) -> Self {
        Self::new(label, Value::Line(text_area(&one_line(value))))
    }

    /// Several lines.
    #[must_use]
    pub fn text(label: impl Into<String>, value: &str) -> Self {
        let mut text = text_area(value);
        // Its beginning is read first.
        text.move_cursor(CursorMove::Top);
        Self::new(label, Value::Text(text))
    }

    /// Names with a list that is offered.
    #[must_use]
    pub fn names(label: impl Into<String>, value: &str, known: Vec<String>) -> Self {
        Self::new(
            label,
            Value::Names { area: text_area(&one_line(value)), options: known, single: false },
        )
    }

    /// One name from a list that is offered.
    #[must_use]
    pub fn name(label: impl Into<String>, value: &str, known: Vec<String>) -> Self {
        Self::new(
            label,
            Value::Names { area: text_area(&one_line(value)), options: known, single: true },
        )
    }

    /// One of a few words, `at` chosen first.
    #[must_use]
    pub fn choice(label: impl Into<String>, words: Vec<&'static str>, at: usize) -> Self {
        Self::new(label, Value::Choice { options: words, selected: at })
    }

    /// An item of a list.
    #[must_use]
    pub fn tick(label: impl Into<String>, item: Option<Item>, answer: Option<&Answer>) -> Self {
        let (tick, reason) = match answer {
            Some(Answer::Yes) => (Tick::Yes, String::new()),
            Some(Answer::Waived(reason)) => (Tick::Waived, reason.clone()),
            Some(Answer::Open) | None => (Tick::Open, String::new()),
        };
        let waivable = item.is_some();
        Self::new(
            label,
            Value::Tick { item, tick, reason: text_area(&one_line(&reason)), waivable },
        )
    }

    fn new(label: impl Into<String>, value: Value) -> Self {
        Self { label: label.into(), hint: String::new(), required: false, value, error: None }
    }

    /// With what belongs there.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// It must not be left empty.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What it holds, as text: of a choice its word, of a tick `yes`, `waived: why` or nothing.
    #[must_use]
    pub fn content(&self) -> String {
        match &self.value {
            Value::Line(area) | Value::Text(area) | Value::Names { area, .. } => area_content(area),
            Value::Choice { options: words, selected: at } => {
                words.get(*at).copied().unwrap_or_default().to_owned()
            }
            Value::Tick { tick, reason, .. } => match tick {
                Tick::Open => String::new(),
                Tick::Yes => "yes".into(),
                Tick::Waived => format!("waived: {}", area_content(reason)),
            },
        }
    }

    /// Puts in what [`Field::content`] gave.
    pub fn set_content(&mut self, content: &str) {
        match &mut self.value {
            Value::Line(line) | Value::Names { area: line, .. } => {
                *line = text_area(&one_line(content));
            }
            Value::Text(text) => *text = text_area(content),
            Value::Choice { options: words, selected: at } => {
                *at = words.iter().position(|word| *word == content).unwrap_or(*at);
            }
            Value::Tick { tick, reason, .. } => match content.strip_prefix("waived: ") {
                Some(why) => {
                    *tick = Tick::Waived;
                    *reason = text_area(&one_line(why));
                }
                None => *tick = if content == "yes" { Tick::Yes } else { Tick::Open },
            },
        }
    }

    /// Its answer, where it is an item.
    #[must_use]
    pub fn answer(&self) -> Option<(Item, Answer)> {
        let Value::Tick { item: Some(item), tick, reason, .. } = &self.value else { return None };
        let answer = match tick {
            Tick::Open => Answer::Open,
            Tick::Yes => Answer::Yes,
            Tick::Waived => Answer::Waived(area_content(reason).trim().to_owned()),
        };
        Some((*item, answer))
    }

    /// The names in it, without doubles.
    #[must_use]
    pub fn entered_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.content().split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Whether it takes line breaks.
    #[must_use]
    pub fn is_multiline(&self) -> bool {
        matches!(self.value, Value::Text(_))
    }

    /// The names on offer for what is typed last, best first.
    #[must_use]
    pub fn suggestions(&self) -> Vec<&str> {
        let Value::Names { area, options: known, single } = &self.value else { return Vec::new() };
        let typed = area_content(area);
        let (before, last) = match typed.rsplit_once(',') {
            Some((before, last)) if !single => (before, last.trim()),
            _ => ("", typed.trim()),
        };
        if known.iter().any(|name| name == last) {
            return Vec::new();
        }
        let taken: Vec<&str> = before.split(',').map(str::trim).collect();
        let free = known.iter().map(String::as_str).filter(|name| !taken.contains(name));
        super::super::fuzzy::best_matches(last, free)
    }

    /// Takes in the first name on offer; says whether there was one.
    fn accept_suggestion(&mut self) -> bool {
        let Some(name) = self.suggestions().first().map(|name| (*name).to_owned()) else {
            return false;
        };
        let Value::Names { area: line, single, .. } = &mut self.value else { return false };
        let typed = area_content(line);
        if typed.trim().is_empty() {
            return false;
        }
        let kept = match typed.rsplit_once(',') {
            Some((before, _)) if !*single => format!("{before}, {name}"),
            _ => name,
        };
        *line = text_area(&kept);
        true
    }

    /// A key that is no action.
    pub(super) fn handle_key(&mut self, key: KeyEvent) -> FocusMove {
        self.error = None;
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let completes =
            key.code == KeyCode::Right && plain && self.cursor_at_end() && self.accept_suggestion();
        if completes {
            return FocusMove::Stay;
        }
        match (&mut self.value, key.code) {
            (Value::Text(area), _) => {
                area.input(key);
            }
            (_, KeyCode::Enter | KeyCode::Down) => return FocusMove::Next,
            (_, KeyCode::Up) => return FocusMove::Previous,
            (Value::Line(area) | Value::Names { area, .. }, _) => input_single_line(area, key),
            (Value::Choice { options: words, selected: at }, KeyCode::Left) => {
                *at = at.saturating_sub(1).min(words.len());
            }
            (
                Value::Choice { options: words, selected: at },
                KeyCode::Right | KeyCode::Char(' '),
            ) => {
                *at = (*at + 1) % words.len().max(1);
            }
            (Value::Choice { options: words, selected: at }, KeyCode::Char(ch)) if plain => {
                // Through all words that begin so, from the present one on.
                let next = (1..=words.len())
                    .map(|step| (*at + step) % words.len())
                    .find(|place| words[*place].starts_with(ch.to_ascii_lowercase()));
                *at = next.unwrap_or(*at);
            }
            (Value::Tick { tick: Tick::Waived, reason, .. }, _) if !cancels_waiver(key, reason) => {
                input_single_line(reason, key);
            }
            (Value::Tick { tick, .. }, KeyCode::Char(' ' | 'y' | 'x')) => {
                *tick = if *tick == Tick::Yes { Tick::Open } else { Tick::Yes };
            }
            (Value::Tick { tick, .. }, KeyCode::Char('n') | KeyCode::Backspace) => {
                *tick = Tick::Open;
            }
            (Value::Tick { tick, waivable: true, .. }, KeyCode::Char('w')) => *tick = Tick::Waived,
            _ => {}
        }
        FocusMove::Stay
    }

    fn cursor_at_end(&self) -> bool {
        match &self.value {
            Value::Names { area, .. } => {
                let cursor = area.cursor();
                area.lines().get(cursor.0).is_some_and(|line| cursor.1 == line.chars().count())
            }
            _ => false,
        }
    }

    pub(super) fn paste(&mut self, pasted: &str) {
        self.error = None;
        match &mut self.value {
            Value::Text(area) => {
                area.insert_str(pasted);
            }
            Value::Line(area)
            | Value::Names { area, .. }
            | Value::Tick { tick: Tick::Waived, reason: area, .. } => {
                area.insert_str(one_line(pasted));
            }
            Value::Choice { .. } | Value::Tick { .. } => {}
        }
    }
}

/// In a reason that is still empty, a step back takes the waiver back.
fn cancels_waiver(key: KeyEvent, reason: &TextArea<'_>) -> bool {
    key.code == KeyCode::Backspace && area_content(reason).is_empty()
}

/// A key in an editor that has one line.
fn input_single_line(area: &mut TextArea<'static>, key: KeyEvent) {
    // What breaks a line in an editor of several: Enter, ^m and ^j.
    let breaks = matches!(key.code, KeyCode::Char('m' | 'j'))
        && key.modifiers.contains(KeyModifiers::CONTROL);
    if !breaks {
        area.input(key);
    }
}

/// Line breaks as blanks.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
