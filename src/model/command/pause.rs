//! Pause: wait for somebody or something, with a reason. The resolve clock stops.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Pause, "pause", "pause", "wait on somebody else", |_, _| {
        Some(IncidentCommand::Pause { reason: SAMPLE_TEXT.into() })
    })
    .inverse(&[CommandKind::Unpause]);

pub(in crate::model) struct Pause<'a> {
    pub reason: &'a str,
}

impl CommandLogic for Pause<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        check::required_text("reason", self.reason)?;
        if let Some(reason) = &case.incident.paused_for {
            return Err(Rejection::AlreadyPaused { reason: reason.clone() });
        }
        Ok(vec![EventBody::Paused { reason: self.reason.to_owned() }])
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::Unpause)
    }

    fn phrase(&self) -> &'static str {
        "pause"
    }

    fn content(&self) -> String {
        self.reason.to_owned()
    }
}

pub(in crate::model) struct Paused<'a> {
    pub reason: &'a str,
}

impl EventLogic for Paused<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.pause(self.reason, event.at);
    }

    fn check(&self) -> Result<(), BadField> {
        check::text("reason", self.reason)
    }

    fn label(&self) -> &'static str {
        "Paused"
    }

    fn detail(&self) -> String {
        self.reason.to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("waits: {}", quote(self.reason))
    }
}
