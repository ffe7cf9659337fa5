//! Move the status: bring an incident forward along the lifecycle.

use super::acknowledge::decide_acknowledgement;
use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Status, Summary};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::MoveStatus, "move_status", "move", "move its status", |row, _| {
        let status = row?.status;
        let next = Status::STAGES[1..5].iter().find(|stage| **stage > status);
        Some(IncidentCommand::MoveStatus { to: next.copied().unwrap_or(Status::Monitoring) })
    })
    .argument(Argument::Listed("a later stage, up to monitoring"))
    .inverse(&[CommandKind::UndoMove])
    .one_at_a_time();

pub(in crate::model) struct MoveStatus {
    pub to: Status,
}

impl CommandLogic for MoveStatus {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let (incident, to) = (case.incident, self.to);
        check::stage(to)?;
        require_open(incident)?;
        let current = incident.summary.status;
        if to == current {
            let (by, at) = (incident.status_by.clone(), incident.status_at);
            return Err(Rejection::AlreadyAtStage { status: to, by, at });
        }
        if to < current {
            return Err(Rejection::StagesOnlyMoveForward { status: current });
        }
        if to == Status::Acknowledged {
            return decide_acknowledgement(case);
        }
        Ok(vec![EventBody::StatusMoved { to }])
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        let status = row.status;
        (self.to <= status).then_some(Rejection::StagesOnlyMoveForward { status })
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::UndoMove)
    }

    fn phrase(&self) -> &'static str {
        "move"
    }

    fn content(&self) -> String {
        format!("to {}", self.to)
    }
}

pub(in crate::model) struct StatusMoved {
    pub to: Status,
}

impl EventLogic for StatusMoved {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.advance_to(self.to, event);
    }

    fn check(&self) -> Result<(), BadField> {
        if self.to.is_unknown() { Ok(()) } else { check::stage(self.to) }
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
        "Status"
    }

    fn detail(&self) -> String {
        self.to.to_string()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("moved it to {}", self.to)
    }
}
