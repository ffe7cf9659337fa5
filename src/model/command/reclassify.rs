//! Reclassify: remove a report that was not an incident from the queue.

use super::logic::{Case, CommandLogic, Decided, EventLogic, quote};
use super::prioritize::refuse_uncorrectable;
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_correctable;
use crate::model::rejection::Rejection;
use crate::model::status::Classification;
use crate::model::{Event, EventBody, Incident, PersonRef, Status, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Reclassify,
    "reclassify",
    "reclassify",
    "reclassify: it was no incident",
    |_, _| {
        let to = Classification::FalseAlarm;
        Some(IncidentCommand::Reclassify { to, reason: SAMPLE_TEXT.into() })
    },
)
.one_at_a_time();

pub(in crate::model) struct Reclassify<'a> {
    pub to: Classification,
    pub reason: &'a str,
}

impl CommandLogic for Reclassify<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        check::required_text("reason", self.reason)?;
        require_correctable(case, Some(self.reason))?;
        Ok(vec![EventBody::Reclassified { to: self.to, reason: self.reason.to_owned() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        refuse_uncorrectable(row)
    }

    fn phrase(&self) -> &'static str {
        "reclassify"
    }

    fn content(&self) -> String {
        format!("{}: {}", self.to, self.reason)
    }
}

pub(in crate::model) struct Reclassified<'a> {
    pub to: Classification,
    pub reason: &'a str,
}

impl EventLogic for Reclassified<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.reclassified = Some((self.to, self.reason.to_owned()));
        incident.end_as(Status::Reclassified, event);
    }

    fn check(&self) -> Result<(), BadField> {
        check::text("reason", self.reason)
    }

    fn is_move(&self) -> bool {
        true
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Reclassified"
    }

    fn detail(&self) -> String {
        format!("{}: {}", self.to, self.reason)
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("says it was {}: {}", self.to, quote(self.reason))
    }
}
