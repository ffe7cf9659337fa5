//! Override the priority: set one that differs from the matrix, with a reason.

use super::logic::{Before, Case, CommandLogic, Decided};
use super::prioritize::{refuse_uncorrectable, restarts_escalation, restore_priority};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check;
use crate::model::decide::require_correctable;
use crate::model::priority::Priority;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, EventBody, Incident, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::OverridePriority,
    "override_priority",
    "override",
    "a priority that the matrix does not give",
    |row, _| {
        let row = row?;
        let priority = Priority::ALL.into_iter().find(|p| *p != row.priority)?;
        Some(IncidentCommand::OverridePriority { priority, reason: SAMPLE_TEXT.into() })
    },
)
.inverse(&[CommandKind::Prioritize, CommandKind::OverridePriority]);

pub(in crate::model) struct OverridePriority<'a> {
    pub priority: Priority,
    pub reason: &'a str,
}

impl CommandLogic for OverridePriority<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let Self { priority, reason } = *self;
        require_correctable(case, Some(reason))?;
        check::required_text("reason", reason)?;
        let summary = &case.incident.summary;
        // An undo may restore an override that is the priority of the matrix by now.
        if summary.priority == priority && !case.is_undo {
            return Err(Rejection::AlreadyOfPriority { priority });
        }
        Ok(vec![EventBody::Prioritized {
            impact: summary.impact,
            urgency: summary.urgency,
            priority,
            override_reason: Some(reason.to_owned()),
            restarts_escalation: restarts_escalation(case, priority),
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
        row.priority == self.priority
    }

    fn phrase(&self) -> &'static str {
        "prioritize"
    }

    fn content(&self) -> String {
        format!("{}: {}", self.priority, self.reason)
    }
}
