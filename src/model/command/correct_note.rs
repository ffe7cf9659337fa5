//! Correct a note: a later wording replaces it, and the first one stays on the timeline.

use super::logic::{Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::{Event, EventBody, EventId, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::CorrectNote,
    "correct_note",
    "correct-note",
    "correct a note",
    |_, _| {
        let note = EventId(uuid::Uuid::nil());
        Some(IncidentCommand::CorrectNote { note, text: SAMPLE_TEXT.into() })
    },
);

pub(in crate::model) struct CorrectNote<'a> {
    pub note: EventId,
    pub text: &'a str,
}

impl CommandLogic for CorrectNote<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, _: &Case<'_>) -> Decided {
        check::required_text("note", self.text)?;
        Ok(vec![EventBody::NoteCorrected { note: self.note, text: self.text.to_owned() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn phrase(&self) -> &'static str {
        "correct a note on"
    }

    fn content(&self) -> String {
        self.text.to_owned()
    }
}

pub(in crate::model) struct NoteCorrected<'a> {
    pub text: &'a str,
}

impl EventLogic for NoteCorrected<'_> {
    /// Does nothing: notes appear on the timeline alone.
    fn apply(&self, _: &mut Incident, _: &Event) {}

    fn check(&self) -> Result<(), BadField> {
        check::text("text", self.text)
    }

    fn label(&self) -> &'static str {
        "Correction"
    }

    fn detail(&self) -> String {
        self.text.to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("corrected a note: {}", quote(self.text))
    }
}
