//! Acknowledge: somebody takes the incident on.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Status, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Acknowledge,
    "acknowledge",
    "acknowledge",
    "acknowledge",
    |_, _| Some(IncidentCommand::Acknowledge),
)
.inverse(&[CommandKind::UndoMove])
.one_at_a_time();

pub(in crate::model) struct Acknowledge;

impl CommandLogic for Acknowledge {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        match (case.incident.summary.acknowledged_at, &case.incident.acknowledged_by) {
            (Some(at), Some(by)) => {
                Err(Rejection::AlreadyAcknowledged { by: Some(by.clone()), at })
            }
            _ => Ok(vec![EventBody::Acknowledged]),
        }
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        let at = row.acknowledged_at?;
        Some(Rejection::AlreadyAcknowledged { by: None, at })
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::UndoMove)
    }

    fn phrase(&self) -> &'static str {
        "acknowledge"
    }
}

pub(in crate::model) struct Acknowledged;

impl EventLogic for Acknowledged {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.advance_to(Status::Acknowledged, event);
    }

    fn is_move(&self) -> bool {
        true
    }

    fn reaches_stage(&self) -> bool {
        true
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Acknowledged"
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "acknowledged it".into()
    }
}
