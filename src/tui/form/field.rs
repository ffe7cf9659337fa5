//! Fields of a form.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Style;
use tui_textarea::{CursorMove, TextArea, WrapMode};

use crate::model::checklist::{Answer, Item};

use crate::tui::form::graphemes;

/// A field of a form.
#[derive(Debug)]
pub struct Field {
    /// The label; it identifies the field in its form.
    pub label: String,
    /// A hint for the value, shown while the field is empty.
    pub hint: String,
    /// Whether the hint is shown as an example.
    pub is_example: bool,
    /// Whether the field must not be empty.
    pub required: bool,
    /// The value, with the editor for it.
    pub value: Value,
    /// The error of the value.
    pub error: Option<String>,
}

/// The value of a field, with its editor.
#[derive(Debug)]
pub enum Value {
    /// One line of text.
    Line(TextArea<'static>),
    /// Several lines of text.
    Text(TextArea<'static>),
    /// One line of names separated by commas, with suggestions from a list.
    Names {
        /// The editor for the names.
        area: TextArea<'static>,
        /// The names that are suggested.
        options: Vec<String>,
        /// Whether it holds a single name.
        single: bool,
    },
    /// One of a few options.
    Choice {
        /// The options that can be selected.
        options: Vec<&'static str>,
        /// Index of the selected option.
        selected: usize,
    },
    /// A checklist item that is answered yes, or waived with a reason.
    Tick {
        /// The checklist item; `None` for a plain yes-or-no field.
        item: Option<Item>,
        /// The answer as entered so far.
        tick: Tick,
        /// The editor for the reason of a waiver.
        reason: TextArea<'static>,
        /// Whether it can be waived.
        waivable: bool,
    },
}

/// The answer to a checklist item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tick {
    /// The item is not answered yet.
    Open,
    /// The item is answered with yes.
    Yes,
    /// Waived; the reason may still be being typed.
    Waived,
}

/// How a key moves the focus of a form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FocusMove {
    /// The focus stays on the field.
    Stay,
    /// The focus moves to the next field.
    Next,
    /// The focus moves to the previous field.
    Previous,
}

/// Creates an editor with a text, the cursor at its end.
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
    /// Creates a field for one line of text.
    #[must_use]
    pub fn line(label: impl Into<String>, value: &str) -> Self {
        Self::new(label, Value::Line(text_area(&one_line(value))))
    }

    /// Creates a field for several lines of text.
    #[must_use]
    pub fn text(label: impl Into<String>, value: &str) -> Self {
        let mut text = text_area(value);
        // People read a text from its start.
        text.move_cursor(CursorMove::Top);
        Self::new(label, Value::Text(text))
    }

    /// Creates a field for several names, with suggestions.
    #[must_use]
    pub fn names(label: impl Into<String>, value: &str, options: Vec<String>) -> Self {
        Self::new(label, Value::Names { area: text_area(&one_line(value)), options, single: false })
    }

    /// Creates a field for one name, with suggestions.
    #[must_use]
    pub fn name(label: impl Into<String>, value: &str, options: Vec<String>) -> Self {
        Self::new(label, Value::Names { area: text_area(&one_line(value)), options, single: true })
    }

    /// Creates a field for one of a few options, `selected` at first.
    #[must_use]
    pub fn choice(label: impl Into<String>, options: Vec<&'static str>, selected: usize) -> Self {
        Self::new(label, Value::Choice { options, selected })
    }

    /// Creates a field for a checklist item.
    #[must_use]
    pub fn tick(label: impl Into<String>, item: Option<Item>, answer: Option<&Answer>) -> Self {
        let (tick, reason) = match answer {
            Some(Answer::Yes) => (Tick::Yes, String::new()),
            Some(Answer::Waived(reason)) => (Tick::Waived, reason.clone()),
            Some(Answer::Open | Answer::Unknown(_)) | None => (Tick::Open, String::new()),
        };
        let waivable = item.is_some();
        Self::new(
            label,
            Value::Tick { item, tick, reason: text_area(&one_line(&reason)), waivable },
        )
    }

    fn new(label: impl Into<String>, value: Value) -> Self {
        Self {
            label: label.into(),
            hint: String::new(),
            is_example: false,
            required: false,
            value,
            error: None,
        }
    }

    /// Sets the hint for the value, which is shown while the field is empty.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Sets an example of the value, which is shown as one while the field is empty.
    #[must_use]
    pub fn example(mut self, example: impl AsRef<str>) -> Self {
        self.hint = format!("such as: {}", example.as_ref());
        self.is_example = true;
        self
    }

    /// Makes the field required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Returns the value as text: of a choice the selected option, of a tick `yes`,
    /// `waived: <reason>` or nothing.
    #[must_use]
    pub fn content(&self) -> String {
        match &self.value {
            Value::Line(area) | Value::Text(area) | Value::Names { area, .. } => area_content(area),
            Value::Choice { options, selected } => {
                options.get(*selected).copied().unwrap_or_default().to_owned()
            }
            Value::Tick { tick, reason, .. } => match tick {
                Tick::Open => String::new(),
                Tick::Yes => "yes".into(),
                Tick::Waived => format!("waived: {}", area_content(reason)),
            },
        }
    }

    /// Sets the value from a text as [`Field::content`] returns it.
    pub fn set_content(&mut self, content: &str) {
        match &mut self.value {
            Value::Line(line) | Value::Names { area: line, .. } => {
                *line = text_area(&one_line(content));
            }
            Value::Text(text) => *text = text_area(content),
            Value::Choice { options, selected } => {
                *selected = options.iter().position(|word| *word == content).unwrap_or(*selected);
            }
            Value::Tick { tick, reason, .. } => match content.strip_prefix("waived: ") {
                Some(reason_text) => {
                    *tick = Tick::Waived;
                    *reason = text_area(&one_line(reason_text));
                }
                None => *tick = if content == "yes" { Tick::Yes } else { Tick::Open },
            },
        }
    }

    /// Returns the answer, if the field is a checklist item.
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

    /// Returns the names in the field, without duplicates.
    #[must_use]
    pub fn entered_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.content().split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if !names.iter().any(|other| other == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Whether the field accepts line breaks.
    #[must_use]
    pub fn is_multiline(&self) -> bool {
        matches!(self.value, Value::Text(_))
    }

    /// Returns the names that match the last one typed, best first.
    #[must_use]
    pub fn suggestions(&self) -> Vec<&str> {
        let Value::Names { area, options, single } = &self.value else { return Vec::new() };
        let typed = area_content(area);
        let (before, last) = match typed.rsplit_once(',') {
            Some((before, last)) if !single => (before, last.trim()),
            _ => ("", typed.trim()),
        };
        if options.iter().any(|name| name == last) {
            return Vec::new();
        }
        let chosen: Vec<&str> = before.split(',').map(str::trim).collect();
        let free = options.iter().map(String::as_str).filter(|name| !chosen.contains(name));
        crate::tui::input::fuzzy::best_matches(last, free)
    }

    /// Inserts the first suggestion. Returns whether there was one.
    pub(super) fn accept_suggestion(&mut self) -> bool {
        let Some(name) = self.suggestions().first().map(|name| (*name).to_owned()) else {
            return false;
        };
        let Value::Names { area: line, single, .. } = &mut self.value else { return false };
        let typed = area_content(line);
        if typed.trim().is_empty() {
            return false;
        }
        let text = match typed.rsplit_once(',') {
            Some((before, _)) if !*single => format!("{before}, {name}"),
            _ => name,
        };
        *line = text_area(&text);
        true
    }

    /// Handles a key that triggers no action.
    pub(super) fn handle_key(&mut self, key: KeyEvent) -> FocusMove {
        self.error = None;
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let completes =
            key.code == KeyCode::Right && plain && self.cursor_at_end() && self.accept_suggestion();
        if completes {
            return FocusMove::Stay;
        }
        match (&mut self.value, key.code) {
            (Value::Text(area), _) => graphemes::input(area, key),
            (Value::Names { .. }, KeyCode::Enter) if plain => {
                // The person sees the name before reaching the next field.
                let taken = self.accept_suggestion();
                return if taken { FocusMove::Stay } else { FocusMove::Next };
            }
            (_, KeyCode::Enter | KeyCode::Down) => return FocusMove::Next,
            (_, KeyCode::Up) => return FocusMove::Previous,
            (Value::Line(area) | Value::Names { area, .. }, _) => input_single_line(area, key),
            (Value::Choice { options, selected }, KeyCode::Left) => {
                *selected = selected.saturating_sub(1).min(options.len());
            }
            (Value::Choice { options, selected }, KeyCode::Right | KeyCode::Char(' ')) => {
                *selected = (*selected + 1) % options.len().max(1);
            }
            (Value::Choice { options, selected }, KeyCode::Char(ch)) if plain => {
                // The next option that starts with the letter, from the selected one on.
                let next = (1..=options.len())
                    .map(|step| (*selected + step) % options.len())
                    .find(|index| options[*index].starts_with(ch.to_ascii_lowercase()));
                *selected = next.unwrap_or(*selected);
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

    /// Returns whether text can be typed into the field now.
    pub(super) fn accepts_text(&self) -> bool {
        match &self.value {
            Value::Text(_) | Value::Line(_) | Value::Names { .. } => true,
            Value::Tick { tick, .. } => *tick == Tick::Waived,
            Value::Choice { .. } => false,
        }
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

/// Whether a key withdraws a waiver: Backspace in a reason that is still empty.
fn cancels_waiver(key: KeyEvent, reason: &TextArea<'_>) -> bool {
    key.code == KeyCode::Backspace && area_content(reason).is_empty()
}

/// Applies a key to an editor of one line.
fn input_single_line(area: &mut TextArea<'static>, key: KeyEvent) {
    // Keys that insert a line break in the editor: ^m and ^j. Enter is handled before.
    let breaks = matches!(key.code, KeyCode::Char('m' | 'j'))
        && key.modifiers.contains(KeyModifiers::CONTROL);
    if !breaks {
        graphemes::input(area, key);
    }
}

/// Replaces line breaks with blanks.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
