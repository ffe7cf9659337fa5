//! A form: one column of fields, labels on the left. Pure state; what it leads to is `update::forms`.

mod field;

pub use field::{Field, FocusMove, Tick, Value, text_area};

use crossterm::event::KeyEvent;
use ratatui::style::{Modifier, Style};
use serde::{Deserialize, Serialize};
use tui_textarea::CursorMove;
use uuid::Uuid;

use crate::model::text;
use crate::model::{Envelope, Priority, Status};
use crate::sync::drafts::Draft;

use super::plan::Target;

use field::area_content;

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
    pub notice: Option<String>,
    /// It asks whether what was typed may go.
    pub confirm_discard: bool,
    /// The draft's id.
    pub draft_id: Uuid,
    /// The contents when it was opened: what differs from them is what the person has changed.
    pub initial_contents: Vec<String>,
    /// The contents when the draft was last written.
    pub saved_contents: Option<Vec<String>>,
    /// Whether a timer for the draft runs.
    pub save_scheduled: bool,
    /// The refused command that is written anew.
    pub replaces: Option<Box<Envelope>>,
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
            notice: None,
            confirm_discard: false,
            draft_id: Uuid::now_v7(),
            initial_contents: initial,
            saved_contents: None,
            save_scheduled: false,
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
        self.contents() != self.initial_contents
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

    /// Says what is wrong with a field, and goes there.
    pub fn show_error(&mut self, label: &str, why: impl Into<String>) {
        if let Some(place) = self.fields.iter().position(|field| field.label == label) {
            self.fields[place].error = Some(why.into());
            self.focus = place;
            self.show_cursor();
        } else {
            self.notice = Some(why.into());
        }
    }

    /// A key that is no action.
    pub fn handle_key(&mut self, key: KeyEvent) {
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        match field.handle_key(key) {
            FocusMove::Stay => self.show_cursor(),
            FocusMove::Next => self.move_focus(1),
            FocusMove::Previous => self.move_focus(-1),
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
    pub fn move_focus(&mut self, by: isize) {
        let count = self.fields.len();
        self.check_focused_field();
        self.focus = (self.focus + count).saturating_add_signed(by) % count;
        self.show_cursor();
    }

    /// What is missing or unknown in the field that is left is said at once.
    fn check_focused_field(&mut self) {
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        if let Value::Tick { tick: tick @ Tick::Waived, reason, .. } = &mut field.value
            && area_content(reason).trim().is_empty()
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
    pub fn validate(&mut self) -> bool {
        self.check_focused_field();
        if self
            .fields
            .iter()
            .any(|field| field.error.is_some() && matches!(field.value, Value::Tick { .. }))
        {
            return false;
        }
        let missing = self.fields.iter().find(|f| f.required && f.content().trim().is_empty());
        match missing.map(|field| field.label.clone()) {
            Some(label) => {
                self.show_error(&label, "is empty: say something");
                false
            }
            None => true,
        }
    }

    /// Whether a field holds something else than when the form opened.
    #[must_use]
    pub fn is_changed(&self, label: &str) -> bool {
        let place = self.fields.iter().position(|field| field.label == label);
        place.is_some_and(|place| {
            self.initial_contents.get(place) != Some(&self.fields[place].content())
        })
    }

    /// Puts a draft in: only what was changed in it, so that what others have written since stays.
    pub fn restore_draft(&mut self, draft: &Draft) {
        for (index, content) in draft.contents.iter().enumerate() {
            let place = match draft.labels.get(index) {
                Some(label) => self.fields.iter().position(|field| field.label == *label),
                None => Some(index),
            };
            let before = draft.initial.get(index);
            let Some(place) = place.filter(|_| before != Some(content)) else { continue };
            let Some(field) = self.fields.get_mut(place) else { continue };
            field.set_content(content);
            if let (Some(before), Some(initial)) = (before, self.initial_contents.get_mut(place)) {
                initial.clone_from(before);
            }
        }
        self.draft_id = draft.id;
        self.saved_contents = Some(self.contents());
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
