//! Close: the response is over; the closing gate must be answered.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::checklist::open_closing_items;
use crate::model::decide::already_ended;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Status, Summary};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Close, "close", "close", "close it: the gate", |_, _| {
        Some(IncidentCommand::Close)
    })
    .inverse(&[CommandKind::UndoMove])
    .one_at_a_time();

pub(in crate::model) struct Close;

impl CommandLogic for Close {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        match case.incident.summary.status {
            Status::Resolved => {}
            status if status.is_open() => return Err(Rejection::CloseUnresolved),
            _ => return Err(already_ended(case.incident)),
        }
        let missing = open_closing_items(&case.incident.answered);
        if missing.is_empty() {
            return Ok(vec![EventBody::Closed]);
        }
        Err(Rejection::ClosingGateOpen { missing })
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        row.status.is_open().then_some(Rejection::CloseUnresolved)
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::UndoMove)
    }

    fn phrase(&self) -> &'static str {
        "close"
    }
}

pub(in crate::model) struct Closed;

impl EventLogic for Closed {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.advance_to(Status::Closed, event);
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
        "Closed"
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "closed it".into()
    }
}
