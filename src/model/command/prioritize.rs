//! Prioritize: set impact and urgency; the matrix gives the priority.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_correctable;
use crate::model::priority::{Impact, Priority, Urgency};
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Rules, Status, Summary};

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
        require_correctable(case, None)?;
        let summary = &case.incident.summary;
        let priority = case.rules.matrix.priority(impact, urgency);
        if (summary.impact, summary.urgency, summary.priority) == (impact, urgency, priority) {
            return Err(Rejection::AlreadyPrioritized { priority, impact, urgency });
        }
        let restarts_escalation = restarts_escalation(case, priority);
        let override_reason = None;
        Ok(vec![EventBody::Prioritized {
            impact,
            urgency,
            priority,
            override_reason,
            restarts_escalation,
        }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        refuse_uncorrectable(row)
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

/// Returns whether setting a priority restarts the escalation policy: it is raised while nobody has
/// acknowledged the incident. The people called before were called for something less urgent,
/// perhaps by another policy.
pub(super) fn restarts_escalation(case: &Case<'_>, priority: Priority) -> bool {
    !case.is_undo && is_raised(&case.incident.summary, priority)
}

/// Returns whether a priority is higher than that of an incident that nobody has acknowledged.
fn is_raised(row: &Summary, priority: Priority) -> bool {
    // The priorities are ordered from high to low.
    priority < row.priority && row.status == Status::Triggered && row.acknowledged_at.is_none()
}

/// Returns why an incident can't be corrected, as far as its row shows it.
pub(super) fn refuse_uncorrectable(row: &Summary) -> Option<Rejection> {
    let status = row.status;
    matches!(status, Status::Merged | Status::Reclassified).then_some(Rejection::NotOpen { status })
}

/// How bad an incident or an alert is.
pub(in crate::model) struct Severity<'a> {
    pub impact: Impact,
    pub urgency: Urgency,
    pub priority: Priority,
    pub override_reason: Option<&'a str>,
}

/// Returns the event that raises an incident to the level of one that was grouped or merged into
/// it; `None` if it is as severe already. Nothing is ever lowered.
pub(in crate::model) fn raise(
    incident: &Incident,
    other: &Severity<'_>,
    rules: &Rules,
) -> Option<EventBody> {
    let row = &incident.summary;
    // The levels are ordered from high to low.
    let (impact, urgency) = (row.impact.min(other.impact), row.urgency.min(other.urgency));
    let usual = rules.matrix.priority(impact, urgency);
    let priority = usual.min(row.priority).min(other.priority);
    if (impact, urgency, priority) == (row.impact, row.urgency, row.priority) {
        return None;
    }
    let override_reason = if priority == usual {
        None
    } else if priority == row.priority {
        incident.override_reason.clone()
    } else {
        other.override_reason.map(ToOwned::to_owned)
    };
    let restarts_escalation = is_raised(row, priority);
    Some(EventBody::Prioritized { impact, urgency, priority, override_reason, restarts_escalation })
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
    pub restarts_escalation: bool,
}

impl EventLogic for Prioritized<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        if self.restarts_escalation {
            incident.summary.restart_escalation(event.at);
        }
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
