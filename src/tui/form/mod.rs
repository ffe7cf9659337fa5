//! State of a form: one column of fields, labels on the left. [`update`] sends it.

pub mod commands;
pub mod conflict;
pub mod editor_error;
mod field;
mod graphemes;
mod one_line;
pub mod open;
pub mod update;
pub mod view;

use crossterm::event::KeyEvent;
use field::area_content;
pub use field::{Field, FocusMove, Tick, Value, text_area};
use ratatui::style::Style;
use serde::{Deserialize, Serialize};
use tui_textarea::CursorMove;
use uuid::Uuid;

use crate::model::command::CommandKind;
use crate::model::evidence::RedactedPart;
use crate::model::{Envelope, IncidentCommand, Priority, ProblemId, Status};
use crate::sync::drafts::Draft;

use crate::tui::verb::target::Target;
use crate::tui::widgets::cursor::CURSOR;

/// The purpose of a form. Stored in drafts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// Write a note on an incident.
    Note,
    /// Declare a new incident.
    Declare,
    /// Resolve: the action, and how recovery was validated.
    Resolve,
    /// Reopen an incident that recurs.
    Reopen,
    /// Answer the closing gate, and close.
    Close,
    /// Answer the checklist of the current stage.
    Checklist,
    /// Change category, services, team and suspected changes.
    Categorize,
    /// Change title, symptoms, labels and runbook.
    Describe,
    /// Send an update to stakeholders.
    Update,
    /// Reclassify: what it was instead of an incident.
    Reclassify,
    /// Snooze until a time that is typed.
    SnoozeUntil,
    /// Pause while somebody or something else must act.
    Pause,
    /// Override the priority that follows from impact and urgency.
    Override {
        /// The priority that overrides the matrix.
        priority: Priority,
    },
    /// Link to a web page.
    LinkUrl,
    /// Describe a new problem to link to.
    NewProblem,
    /// Write the sections of the review.
    Review,
    /// Add or change an action item of the review.
    ActionItem {
        /// The action item; a new one has a new id.
        id: Uuid,
    },
    /// The reason for permanently removing a part of the record.
    Redact {
        /// The kind of part.
        part: RedactedPart,
        /// The evidence or the reporter.
        target: Uuid,
    },
    /// Say why an incident that is resolved or closed is corrected.
    Correction {
        /// The commands that correct the incident, without their reason.
        commands: Vec<IncidentCommand>,
    },
    /// Add a service to the directory.
    AdoptService {
        /// The name of the service.
        name: String,
        /// The suggested team.
        team: Option<String>,
    },
    /// Create a maintenance window, or change one.
    Maintenance {
        /// The id of the window that is changed; `None` for a new one.
        id: Option<Uuid>,
        /// The revision that was shown.
        revision: Option<u32>,
    },
    /// Record a problem apart from any incident, or change one.
    Problem {
        /// The id of the problem that is changed; `None` for a new one.
        id: Option<ProblemId>,
        /// The revision that was shown.
        revision: Option<u32>,
    },
    /// Fill in a command of this kind, by the form of its verb.
    Command(CommandKind),
    /// Add a contact of the viewer, or change one.
    Contact {
        /// The name of the contact; `None` for a new one.
        name: Option<String>,
    },
    /// Change the quiet hours of the viewer.
    QuietHours,
}

impl Kind {
    /// Returns whether the form is about the contacts of the viewer. It is no command, and its text
    /// is not stored: addresses must not be written to drafts.
    #[must_use]
    pub const fn is_about_contacts(&self) -> bool {
        matches!(self, Self::Contact { .. } | Self::QuietHours)
    }
}

/// A form that is being filled in.
#[derive(Debug)]
pub struct Form {
    /// The purpose of the form.
    pub kind: Kind,
    /// The incidents that it applies to; none for a declaration.
    pub targets: Vec<Target>,
    /// The title on the border.
    pub heading: String,
    /// The fields from top to bottom; never empty.
    pub fields: Vec<Field>,
    /// Index of the field that has the focus.
    pub focus: usize,
    /// The reason why the form could not be sent, or a change by other people meanwhile.
    pub notice: Option<String>,
    /// Whether the form asks for confirmation before it discards the typed text.
    pub confirm_discard: bool,
    /// The id of the form's draft.
    pub draft_id: Uuid,
    /// The contents when the form was opened; differences are changes by the person.
    pub initial_contents: Vec<String>,
    /// The contents when the draft was last stored; `None` if it never was.
    pub saved_contents: Option<Vec<String>>,
    /// The contents just after a draft was restored; `None` if none was.
    pub restored_contents: Option<Vec<String>>,
    /// Whether a timer to store the draft is running.
    pub save_scheduled: bool,
    /// The phrase in the form's text about another of its fields, to be replaced when that changes.
    pub quoted: Option<String>,
    /// The refused command that the form rewrites.
    pub replaces: Option<Box<Envelope>>,
}

impl Form {
    /// Creates a form with the focus on its first field.
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
        let initial_contents = fields.iter().map(Field::content).collect();
        let mut form = Self {
            kind,
            targets,
            heading: heading.into(),
            fields,
            focus: 0,
            notice: None,
            confirm_discard: false,
            draft_id: Uuid::now_v7(),
            initial_contents,
            saved_contents: None,
            restored_contents: None,
            save_scheduled: false,
            quoted: None,
            replaces: None,
        };
        form.show_cursor();
        form
    }

    /// Returns the contents, field by field.
    #[must_use]
    pub fn contents(&self) -> Vec<String> {
        self.fields.iter().map(Field::content).collect()
    }

    /// Whether the contents differ from those when the form was opened.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.contents() != self.initial_contents
    }

    /// Returns the field with a label.
    #[must_use]
    pub fn field(&self, label: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.label == label)
    }

    /// Returns the trimmed content of a field; empty if there is no such field.
    #[must_use]
    pub fn value(&self, label: &str) -> String {
        self.field(label).map(|field| field.content().trim().to_owned()).unwrap_or_default()
    }

    /// Shows an error at a field and moves the focus to it; as the form's notice if there is no
    /// such field.
    pub fn show_error(&mut self, label: &str, error: impl Into<String>) {
        if let Some(index) = self.fields.iter().position(|field| field.label == label) {
            self.fields[index].error = Some(error.into());
            self.focus = index;
            self.show_cursor();
        } else {
            self.notice = Some(error.into());
        }
    }

    /// Handles a key that triggers no action.
    pub fn handle_key(&mut self, key: KeyEvent) {
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        match field.handle_key(key) {
            FocusMove::Stay => self.show_cursor(),
            FocusMove::Next => self.move_focus(1),
            FocusMove::Previous => self.move_focus(-1),
        }
    }

    /// Inserts pasted text into the focused field unchanged, except that control characters, which
    /// can't be typed, become visible.
    pub fn paste(&mut self, pasted: &str) {
        // Terminals send line ends of a paste as carriage returns.
        let unix = pasted.replace("\r\n", "\n").replace('\r', "\n");
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.paste(&graphemes::show_controls(&unix));
        }
    }

    /// Moves the focus by `by` fields, wrapping at the ends.
    pub fn move_focus(&mut self, by: isize) {
        let count = self.fields.len();
        self.check_focused_field();
        self.focus = (self.focus + count).saturating_add_signed(by) % count;
        self.show_cursor();
    }

    /// Checks the field in focus before the focus leaves it: a waiver without a reason is
    /// withdrawn.
    fn check_focused_field(&mut self) {
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        if let Value::Tick { tick: tick @ Tick::Waived, reason, .. } = &mut field.value
            && area_content(reason).trim().is_empty()
        {
            *tick = Tick::Open;
            field.error = Some("to waive it, write why".into());
        }
    }

    /// Shows a cursor in the field in focus only.
    fn show_cursor(&mut self) {
        let focus = self.focus;
        for (index, field) in self.fields.iter_mut().enumerate() {
            let style =
                if index == focus { Style::new().add_modifier(CURSOR) } else { Style::new() };
            match &mut field.value {
                Value::Line(area)
                | Value::Text(area)
                | Value::Names { area, .. }
                | Value::Tick { reason: area, .. } => area.set_cursor_style(style),
                Value::Choice { .. } => {}
            }
        }
    }

    /// Checks whether the form can be sent. Shows an error at each required field that is empty.
    pub fn validate(&mut self) -> bool {
        self.check_focused_field();
        if self
            .fields
            .iter()
            .any(|field| field.error.is_some() && matches!(field.value, Value::Tick { .. }))
        {
            return false;
        }
        let mut is_complete = true;
        for field in &mut self.fields {
            if field.required && field.content().trim().is_empty() {
                field.error = Some("is empty: say something".into());
                is_complete = false;
            }
        }
        if !is_complete {
            self.focus_first_error();
        }
        is_complete
    }

    /// Moves the focus to the first field with an error.
    pub fn focus_first_error(&mut self) {
        if let Some(index) = self.fields.iter().position(|field| field.error.is_some()) {
            self.focus = index;
            self.show_cursor();
        }
    }

    /// Whether it has one field, of one line.
    #[must_use]
    pub fn is_one_line(&self) -> bool {
        matches!(&self.fields[..], [field] if !field.is_multiline())
    }

    /// Whether the content of a field differs from that when the form was opened.
    #[must_use]
    pub fn is_changed(&self, label: &str) -> bool {
        let index = self.fields.iter().position(|field| field.label == label);
        index.is_some_and(|index| {
            self.initial_contents.get(index) != Some(&self.fields[index].content())
        })
    }

    /// Restores a draft. Only fields that the person had changed are restored, so that changes of
    /// other people since are preserved.
    pub fn restore_draft(&mut self, draft: &Draft) {
        for (index, content) in draft.contents.iter().enumerate() {
            let field_index = match draft.labels.get(index) {
                Some(label) => self.fields.iter().position(|field| field.label == *label),
                None => Some(index),
            };
            let draft_initial = draft.initial.get(index);
            let Some(field_index) = field_index.filter(|_| draft_initial != Some(content)) else {
                continue;
            };
            let Some(field) = self.fields.get_mut(field_index) else { continue };
            field.set_content(content);
            if let (Some(draft_initial), Some(initial)) =
                (draft_initial, self.initial_contents.get_mut(field_index))
            {
                initial.clone_from(draft_initial);
            }
        }
        self.draft_id = draft.id;
        self.saved_contents = Some(self.contents());
        self.restored_contents = Some(self.contents());
        if let Some(field) = self.fields.get_mut(self.focus)
            && let Value::Text(area) = &mut field.value
        {
            area.move_cursor(CursorMove::Bottom);
            area.move_cursor(CursorMove::End);
        }
        self.show_cursor();
    }

    /// Replaces the phrase in a field about another field, if it is unchanged.
    pub fn requote(&mut self, label: &str, phrase: &str) {
        let Some(before) =
            self.quoted.replace(phrase.to_owned()).filter(|before| *before != phrase)
        else {
            return;
        };
        let Some(index) = self.fields.iter().position(|field| field.label == label) else { return };
        let content = self.fields[index].content();
        if !content.contains(&before) {
            return;
        }
        let replaced = content.replace(&before, phrase);
        self.fields[index].set_content(&replaced);
        // Text that nobody has typed is not a change by the person.
        if let Some(initial) = self.initial_contents.get_mut(index).filter(|text| **text == content)
        {
            *initial = replaced;
        }
        self.show_cursor();
    }

    /// Returns the incident that the form applies to, if it is exactly one.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        match &self.targets[..] {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Returns the stages that an incident can be moved to from a status.
#[must_use]
pub fn stages_after(status: Status) -> Vec<Status> {
    Status::STAGES[1..5].iter().copied().filter(|stage| *stage > status).collect()
}
