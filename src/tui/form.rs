//! A form: one column of fields, labels on the left. Pure state; what it leads to is `update::forms`.

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Modifier, Style};
use serde::{Deserialize, Serialize};
use tui_textarea::{CursorMove, TextArea, WrapMode};
use uuid::Uuid;

use crate::model::checklist::{Answer, Item};
use crate::model::text;
use crate::model::{Envelope, Priority, Status};

use super::plan::Target;

/// Marks the cell of the cursor, which the view replaces by the terminal's own cursor.
pub const CURSOR: Modifier = Modifier::RAPID_BLINK;

/// What a form is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// Write a note.
    Note,
    /// Declare an incident.
    Declare,
    /// Say what was done and how recovery was validated.
    Resolve,
    /// Say that it is back.
    Reopen,
    /// Answer the closing gate and close.
    Close,
    /// Answer the checklist of the stage.
    Checklist,
    /// Category, services, team, suspects.
    Categorize,
    /// Title, symptoms, labels, runbook.
    Describe,
    /// Tell stakeholders.
    Update,
    /// Say what it was instead.
    Reclassify,
    /// Hide it until a time that is typed.
    SnoozeUntil,
    /// Wait on somebody else.
    Pause,
    /// A priority that the matrix does not give.
    Override {
        /// Which.
        priority: Priority,
    },
    /// A page elsewhere.
    LinkUrl,
    /// A new problem to link to.
    NewProblem,
    /// The sections of the review.
    Review,
    /// An action item of the review.
    ActionItem {
        /// Which; a new one has a new id.
        id: Uuid,
    },
}

impl Kind {
    /// The word by which a draft is found again.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Declare => "declaration",
            Self::Resolve => "resolution",
            Self::Reopen => "reopening",
            Self::Close => "closing",
            Self::Checklist => "checklist",
            Self::Categorize => "category",
            Self::Describe => "record",
            Self::Update => "stakeholder update",
            Self::Reclassify => "reclassification",
            Self::SnoozeUntil => "snooze",
            Self::Pause => "pause",
            Self::Override { .. } => "priority",
            Self::LinkUrl => "link",
            Self::NewProblem => "problem",
            Self::Review => "review",
            Self::ActionItem { .. } => "action item",
        }
    }
}

/// A form being filled in.
#[derive(Debug)]
pub struct Form {
    /// What it is for.
    pub kind: Kind,
    /// The incidents it is about; none for a declaration.
    pub targets: Vec<Target>,
    /// What stands on its border.
    pub heading: String,
    /// From top to bottom; never empty.
    pub fields: Vec<Field>,
    /// The field that keys go to.
    pub focus: usize,
    /// Why it was not taken, or what has changed meanwhile.
    pub told: Option<String>,
    /// It asks whether what was typed may go.
    pub asking: bool,
    /// The draft's id.
    pub draft: Uuid,
    /// When the draft that was brought back was typed.
    pub brought_back: Option<DateTime<Utc>>,
    /// The contents when it was opened.
    pub initial: Vec<String>,
    /// The contents when the draft was last written.
    pub saved: Option<Vec<String>>,
    /// Whether a timer for the draft runs.
    pub saving: bool,
    /// The refused command that is written anew.
    pub replaces: Option<Box<Envelope>>,
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its label.
    pub label: String,
    /// What belongs there, shown while it is empty.
    pub hint: String,
    /// It must not be left empty.
    pub needed: bool,
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
        known: Vec<String>,
        /// One name only.
        single: bool,
    },
    /// One of a few words.
    Choice {
        /// All of them.
        words: Vec<&'static str>,
        /// Which.
        at: usize,
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
pub enum Typed {
    /// Nothing, or something inside a field.
    Inside,
    /// Go to the next field.
    Next,
    /// Go to the field before.
    Previous,
}

/// An editor with a text.
#[must_use]
pub fn area(content: &str) -> TextArea<'static> {
    let mut area = TextArea::default();
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(Style::new());
    if !content.is_empty() {
        area.insert_str(content);
    }
    area
}

fn content(area: &TextArea<'_>) -> String {
    area.lines().join("\n")
}

impl Field {
    /// One line.
    #[must_use]
    pub fn line(label: impl Into<String>, value: &str) -> Self {
        Self::of(label, Value::Line(area(&one_line(value))))
    }

    /// Several lines.
    #[must_use]
    pub fn text(label: impl Into<String>, value: &str) -> Self {
        let mut text = area(value);
        // Its beginning is read first.
        text.move_cursor(CursorMove::Top);
        Self::of(label, Value::Text(text))
    }

    /// Names with a list that is offered.
    #[must_use]
    pub fn names(label: impl Into<String>, value: &str, known: Vec<String>) -> Self {
        Self::of(label, Value::Names { area: area(&one_line(value)), known, single: false })
    }

    /// One name from a list that is offered.
    #[must_use]
    pub fn name(label: impl Into<String>, value: &str, known: Vec<String>) -> Self {
        Self::of(label, Value::Names { area: area(&one_line(value)), known, single: true })
    }

    /// One of a few words, `at` chosen first.
    #[must_use]
    pub fn choice(label: impl Into<String>, words: Vec<&'static str>, at: usize) -> Self {
        Self::of(label, Value::Choice { words, at })
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
        Self::of(label, Value::Tick { item, tick, reason: area(&one_line(&reason)), waivable })
    }

    fn of(label: impl Into<String>, value: Value) -> Self {
        Self { label: label.into(), hint: String::new(), needed: false, value, error: None }
    }

    /// With what belongs there.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// It must not be left empty.
    #[must_use]
    pub fn needed(mut self) -> Self {
        self.needed = true;
        self
    }

    /// What it holds, as text: of a choice its word, of a tick `yes`, `waived: why` or nothing.
    #[must_use]
    pub fn content(&self) -> String {
        match &self.value {
            Value::Line(area) | Value::Text(area) | Value::Names { area, .. } => content(area),
            Value::Choice { words, at } => words.get(*at).copied().unwrap_or_default().to_owned(),
            Value::Tick { tick, reason, .. } => match tick {
                Tick::Open => String::new(),
                Tick::Yes => "yes".into(),
                Tick::Waived => format!("waived: {}", content(reason)),
            },
        }
    }

    /// Puts in what [`Field::content`] gave.
    pub fn fill(&mut self, content: &str) {
        match &mut self.value {
            Value::Line(line) | Value::Names { area: line, .. } => {
                *line = area(&one_line(content));
            }
            Value::Text(text) => *text = area(content),
            Value::Choice { words, at } => {
                *at = words.iter().position(|word| *word == content).unwrap_or(*at);
            }
            Value::Tick { tick, reason, .. } => match content.strip_prefix("waived: ") {
                Some(why) => {
                    *tick = Tick::Waived;
                    *reason = area(&one_line(why));
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
            Tick::Waived => Answer::Waived(content(reason).trim().to_owned()),
        };
        Some((*item, answer))
    }

    /// The names in it, without doubles.
    #[must_use]
    pub fn listed(&self) -> Vec<String> {
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
    pub fn is_text(&self) -> bool {
        matches!(self.value, Value::Text(_))
    }

    /// The names on offer for what is typed last, best first.
    #[must_use]
    pub fn offered(&self) -> Vec<&str> {
        let Value::Names { area, known, single } = &self.value else { return Vec::new() };
        let typed = content(area);
        let (before, last) = match typed.rsplit_once(',') {
            Some((before, last)) if !single => (before, last.trim()),
            _ => ("", typed.trim()),
        };
        if known.iter().any(|name| name == last) {
            return Vec::new();
        }
        let taken: Vec<&str> = before.split(',').map(str::trim).collect();
        let free = known.iter().map(String::as_str).filter(|name| !taken.contains(name));
        super::fuzzy::best(last, free)
    }

    /// Takes in the first name on offer; says whether there was one.
    fn complete(&mut self) -> bool {
        let Some(name) = self.offered().first().map(|name| (*name).to_owned()) else {
            return false;
        };
        let Value::Names { area: line, single, .. } = &mut self.value else { return false };
        let typed = content(line);
        if typed.trim().is_empty() {
            return false;
        }
        let kept = match typed.rsplit_once(',') {
            Some((before, _)) if !*single => format!("{before}, {name}"),
            _ => name,
        };
        *line = area(&kept);
        true
    }

    /// A key that is no action.
    fn typed(&mut self, key: KeyEvent) -> Typed {
        self.error = None;
        let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let completes = key.code == KeyCode::Right && plain && self.at_end() && self.complete();
        if completes {
            return Typed::Inside;
        }
        match (&mut self.value, key.code) {
            (Value::Text(area), _) => {
                area.input(key);
            }
            (_, KeyCode::Enter | KeyCode::Down) => return Typed::Next,
            (_, KeyCode::Up) => return Typed::Previous,
            (Value::Line(area) | Value::Names { area, .. }, _) => single_line(area, key),
            (Value::Choice { words, at }, KeyCode::Left) => {
                *at = at.saturating_sub(1).min(words.len());
            }
            (Value::Choice { words, at }, KeyCode::Right | KeyCode::Char(' ')) => {
                *at = (*at + 1) % words.len().max(1);
            }
            (Value::Choice { words, at }, KeyCode::Char(ch)) if plain => {
                // Through all words that begin so, from the present one on.
                let next = (1..=words.len())
                    .map(|step| (*at + step) % words.len())
                    .find(|place| words[*place].starts_with(ch.to_ascii_lowercase()));
                *at = next.unwrap_or(*at);
            }
            (Value::Tick { tick: Tick::Waived, reason, .. }, _) if !is_tick_key(key, reason) => {
                single_line(reason, key);
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
        Typed::Inside
    }

    fn at_end(&self) -> bool {
        match &self.value {
            Value::Names { area, .. } => {
                let cursor = area.cursor();
                area.lines().get(cursor.0).is_some_and(|line| cursor.1 == line.chars().count())
            }
            _ => false,
        }
    }

    fn paste(&mut self, pasted: &str) {
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
fn is_tick_key(key: KeyEvent, reason: &TextArea<'_>) -> bool {
    key.code == KeyCode::Backspace && content(reason).is_empty()
}

/// A key in an editor that has one line.
fn single_line(area: &mut TextArea<'static>, key: KeyEvent) {
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

impl Form {
    /// A form as it is opened.
    ///
    /// # Panics
    /// Never: a form without fields gets an empty line.
    #[must_use]
    pub fn new(
        kind: Kind,
        targets: Vec<Target>,
        heading: impl Into<String>,
        fields: Vec<Field>,
    ) -> Self {
        let fields = if fields.is_empty() { vec![Field::line("", "")] } else { fields };
        let initial = fields.iter().map(Field::content).collect();
        let mut form = Self {
            kind,
            targets,
            heading: heading.into(),
            fields,
            focus: 0,
            told: None,
            asking: false,
            draft: Uuid::now_v7(),
            brought_back: None,
            initial,
            saved: None,
            saving: false,
            replaces: None,
        };
        form.show_cursor();
        form
    }

    /// The contents, field by field.
    #[must_use]
    pub fn contents(&self) -> Vec<String> {
        self.fields.iter().map(Field::content).collect()
    }

    /// Whether anything was typed that is not there from the start.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.contents() != self.initial
    }

    /// The field of a label.
    #[must_use]
    pub fn field(&self, label: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.label == label)
    }

    /// What a field holds, without blanks around it; empty where there is no such field.
    #[must_use]
    pub fn value(&self, label: &str) -> String {
        self.field(label).map(|field| field.content().trim().to_owned()).unwrap_or_default()
    }

    /// The place of what is chosen in a field.
    #[must_use]
    pub fn chosen(&self, label: &str) -> usize {
        match self.field(label).map(|field| &field.value) {
            Some(Value::Choice { at, .. }) => *at,
            _ => 0,
        }
    }

    /// Says what is wrong with a field, and goes there.
    pub fn blame(&mut self, label: &str, why: impl Into<String>) {
        if let Some(place) = self.fields.iter().position(|field| field.label == label) {
            self.fields[place].error = Some(why.into());
            self.focus = place;
            self.show_cursor();
        } else {
            self.told = Some(why.into());
        }
    }

    /// A key that is no action.
    pub fn typed(&mut self, key: KeyEvent) {
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        match field.typed(key) {
            Typed::Inside => self.show_cursor(),
            Typed::Next => self.go(1),
            Typed::Previous => self.go(-1),
        }
    }

    /// Text that was pasted, made safe to show.
    pub fn paste(&mut self, pasted: &str) {
        // Terminals send line ends of a paste as carriage returns.
        let unix = pasted.replace("\r\n", "\n").replace('\r', "\n");
        let safe: Vec<_> = text::lines(&unix).collect();
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.paste(&safe.join("\n"));
        }
    }

    /// To another field.
    pub fn go(&mut self, by: isize) {
        let count = self.fields.len();
        self.leave_field();
        self.focus = (self.focus + count).saturating_add_signed(by) % count;
        self.show_cursor();
    }

    /// What is missing or unknown in the field that is left is said at once.
    fn leave_field(&mut self) {
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        if let Value::Tick { tick: tick @ Tick::Waived, reason, .. } = &mut field.value
            && content(reason).trim().is_empty()
        {
            *tick = Tick::Open;
            field.error = Some("to waive it, write why".into());
        }
    }

    /// Only the field in focus shows a cursor.
    fn show_cursor(&mut self) {
        let focus = self.focus;
        for (place, field) in self.fields.iter_mut().enumerate() {
            let style =
                if place == focus { Style::new().add_modifier(CURSOR) } else { Style::new() };
            match &mut field.value {
                Value::Line(area)
                | Value::Text(area)
                | Value::Names { area, .. }
                | Value::Tick { reason: area, .. } => area.set_cursor_style(style),
                Value::Choice { .. } => {}
            }
        }
    }

    /// Whether it can be sent; the first field that must not be empty and is, is blamed.
    pub fn is_complete(&mut self) -> bool {
        self.leave_field();
        if self
            .fields
            .iter()
            .any(|field| field.error.is_some() && matches!(field.value, Value::Tick { .. }))
        {
            return false;
        }
        let missing = self.fields.iter().find(|f| f.needed && f.content().trim().is_empty());
        match missing.map(|field| field.label.clone()) {
            Some(label) => {
                self.blame(&label, "is empty: say something");
                false
            }
            None => true,
        }
    }

    /// Puts a draft in.
    pub fn bring_back(&mut self, id: Uuid, contents: &[String], at: DateTime<Utc>) {
        for (field, content) in self.fields.iter_mut().zip(contents) {
            field.fill(content);
        }
        self.draft = id;
        self.brought_back = Some(at);
        self.saved = Some(self.contents());
        if let Some(field) = self.fields.get_mut(self.focus)
            && let Value::Text(area) = &mut field.value
        {
            area.move_cursor(CursorMove::Bottom);
            area.move_cursor(CursorMove::End);
        }
        self.show_cursor();
    }

    /// The single incident it is about.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        match &self.targets[..] {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// The places that `t` offers: the stages after one.
#[must_use]
pub fn stages_after(status: Status) -> Vec<Status> {
    Status::STAGES[1..5].iter().copied().filter(|stage| *stage > status).collect()
}
