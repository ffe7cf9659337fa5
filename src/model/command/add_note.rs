//! Add a note: an observation, an attempt or a decision.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::{CommandId, Event, EventBody, EventId, Incident, PersonRef};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::AddNote, "add_note", "note", "write a note", |_, _| {
        Some(IncidentCommand::AddNote { text: SAMPLE_TEXT.into() })
    })
    .argument(Argument::Note)
    .inverse(&[CommandKind::CorrectNote]);

/// The text of a withdrawn note.
const WITHDRAWN: &str = "(withdrawn)";

pub(in crate::model) struct AddNote<'a> {
    pub text: &'a str,
}

impl CommandLogic for AddNote<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, _: &Case<'_>) -> Decided {
        check::required_text("note", self.text)?;
        Ok(vec![EventBody::NoteAdded { text: self.text.to_owned() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, sent: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::CorrectNote {
            note: EventId::derived(sent, 0),
            text: WITHDRAWN.into(),
        })
    }

    fn phrase(&self) -> &'static str {
        "note on"
    }

    fn content(&self) -> String {
        self.text.to_owned()
    }
}

pub(in crate::model) struct NoteAdded<'a> {
    pub text: &'a str,
}

impl EventLogic for NoteAdded<'_> {
    /// Does nothing: notes appear on the timeline alone.
    fn apply(&self, _: &mut Incident, _: &Event) {}

    fn check(&self) -> Result<(), BadField> {
        check::text("text", self.text)
    }

    fn label(&self) -> &'static str {
        "Note"
    }

    fn detail(&self) -> String {
        self.text.to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("wrote: {}", quote(self.text))
    }
}
