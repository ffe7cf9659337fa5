//! Undo a move: reverse one's own last move along the lifecycle, shortly after it was made.

use chrono::TimeDelta;

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::check::{BadField, FieldProblem};
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, PersonRef, Status};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::UndoMove,
    "take_back",
    "undo-move",
    "undo the last move of its status",
    |_, _| Some(IncidentCommand::UndoMove),
);

pub(in crate::model) struct UndoMove;

impl CommandLogic for UndoMove {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    /// Only the person who made the move may undo it, shortly afterwards, and only while nobody
    /// else has moved the incident since.
    fn decide(&self, case: &Case<'_>) -> Decided {
        let (incident, status) = (case.incident, case.incident.summary.status);
        let Some(to) = incident.stage_before_move() else {
            return Err(Rejection::NoMoveToUndo { status });
        };
        let at = incident.status_at;
        if incident.status_by != case.envelope.actor {
            let by = incident.status_by.clone();
            return Err(Rejection::MovedBySomebodyElse { status, by, at });
        }
        let seconds = case.rules.undo_move_s;
        if case.requested_at - at > TimeDelta::seconds(seconds) {
            return Err(Rejection::UndoneTooLate { status, at, seconds });
        }
        Ok(vec![EventBody::MoveUndone { to }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn phrase(&self) -> &'static str {
        "take back on"
    }
}

pub(in crate::model) struct MoveUndone {
    pub to: Status,
}

impl EventLogic for MoveUndone {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.revert_to(self.to, event);
    }

    fn check(&self) -> Result<(), BadField> {
        if !self.to.is_unknown() && self.to.stage().is_none_or(|stage| stage > 5) {
            return Err(BadField::new("to", FieldProblem::NotAnEarlierStage(self.to)));
        }
        Ok(())
    }

    fn is_move(&self) -> bool {
        true
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Taken back"
    }

    fn detail(&self) -> String {
        format!("{} again", self.to)
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("took that back: it is {} again", self.to)
    }
}
