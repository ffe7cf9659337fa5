//! Prioritize: set impact and urgency; the matrix gives the priority.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::priority::{Impact, Priority, Urgency};
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Prioritize,
    "prioritize",
    "prioritize",
    "impact × urgency",
    |row, _| {
        let row = row?;
        let urgency = Urgency::ALL.into_iter().find(|urgency| *urgency != row.urgency)?;
        Some(IncidentCommand::Prioritize { impact: row.impact, urgency })
    },
)
.argument(Argument::Priority)
.inverse(&[CommandKind::Prioritize, CommandKind::OverridePriority]);

pub(in crate::model) struct Prioritize {
    pub impact: Impact,
    pub urgency: Urgency,
}

impl CommandLogic for Prioritize {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let Self { impact, urgency } = *self;
        require_open(case.incident)?;
        let summary = &case.incident.summary;
        let priority = case.rules.matrix.priority(impact, urgency);
        if (summary.impact, summary.urgency, summary.priority) == (impact, urgency, priority) {
            return Err(Rejection::AlreadyPrioritized { priority, impact, urgency });
        }
        Ok(vec![EventBody::Prioritized { impact, urgency, priority, override_reason: None }])
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        restore_priority(before?)
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        (row.impact, row.urgency) == (self.impact, self.urgency)
    }

    fn phrase(&self) -> &'static str {
        "prioritize"
    }

    fn content(&self) -> String {
        format!("{} × {}", self.impact, self.urgency)
    }
}

/// Returns the command that sets the priority of an incident as it was.
pub(super) fn restore_priority(before: &Before<'_>) -> Option<IncidentCommand> {
    let row = before.row;
    let usual = before.rules.matrix.priority(row.impact, row.urgency);
    match before.record.and_then(|record| record.override_reason.clone()) {
        Some(reason) => Some(IncidentCommand::OverridePriority { priority: row.priority, reason }),
        // The priority was overridden, and the reason is not loaded.
        None if row.priority != usual => None,
        None => Some(IncidentCommand::Prioritize { impact: row.impact, urgency: row.urgency }),
    }
}

/// The event of both ways to set a priority: by the matrix, or overridden with a reason.
pub(in crate::model) struct Prioritized<'a> {
    pub impact: Impact,
    pub urgency: Urgency,
    pub priority: Priority,
    pub override_reason: Option<&'a str>,
}

impl EventLogic for Prioritized<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.summary.impact = self.impact;
        incident.summary.urgency = self.urgency;
        incident.summary.priority = self.priority;
        incident.override_reason = self.override_reason.map(ToOwned::to_owned);
    }

    fn check(&self) -> Result<(), BadField> {
        self.override_reason.map_or(Ok(()), |reason| check::text("override_reason", reason))
    }

    fn label(&self) -> &'static str {
        "Priority"
    }

    fn detail(&self) -> String {
        match self.override_reason {
            Some(reason) => format!("{}, overridden: {reason}", self.priority),
            None => format!("{} · {} × {}", self.priority, self.impact, self.urgency),
        }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("made it {}", self.priority)
    }
}
