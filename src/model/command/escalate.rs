//! Escalate: call a level of the escalation policy.

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Escalate,
    "escalate",
    "escalate",
    "call the next level of the policy",
    |_, _| {
        let reason = Some(SAMPLE_TEXT.into());
        Some(IncidentCommand::Escalate { level: 1, to: Vec::new(), reason })
    },
)
.argument(Argument::Listed("a level of the policy, from 1"))
.one_at_a_time();

pub(in crate::model) struct Escalate<'a> {
    pub level: u8,
    pub to: &'a [PersonRef],
    pub reason: Option<&'a str>,
}

impl CommandLogic for Escalate<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let Self { level, to, reason } = *self;
        require_open(case.incident)?;
        check::people("to", to)?;
        reason.map_or(Ok(()), |reason| check::text("reason", reason))?;
        let summary = &case.incident.summary;
        // Without a reason it is automatic.
        if reason.is_none() && summary.acknowledged_at.is_some() {
            return Err(Rejection::AcknowledgedMeanwhile);
        }
        if reason.is_none() && level <= summary.escalation {
            return Err(Rejection::LevelAlreadyCalled { level });
        }
        let reason = reason.map(ToOwned::to_owned);
        Ok(vec![EventBody::Escalated { level, to: to.to_vec(), reason }])
    }

    fn phrase(&self) -> &'static str {
        "escalate"
    }

    fn content(&self) -> String {
        format!("level {}", self.level)
    }
}

pub(in crate::model) struct Escalated<'a> {
    pub level: u8,
    pub to: &'a [PersonRef],
    pub reason: Option<&'a str>,
}

impl EventLogic for Escalated<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.summary.escalation = incident.summary.escalation.max(self.level);
    }

    fn check(&self) -> Result<(), BadField> {
        check::people("to", self.to)?;
        self.reason.map_or(Ok(()), |reason| check::text("reason", reason))
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Escalated"
    }

    fn detail(&self) -> String {
        let mut text = format!("level {}", self.level);
        if !self.to.is_empty() {
            let names: Vec<&str> = self.to.iter().map(|p| p.name.as_str()).collect();
            text.push_str(" to ");
            text.push_str(&names.join(", "));
        }
        if let Some(reason) = self.reason {
            text.push_str(": ");
            text.push_str(reason);
        }
        text
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("called level {}", self.level)
    }
}
