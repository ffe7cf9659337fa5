//! Acknowledge: a person becomes responsible for the incident.

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
            _ => decide_acknowledgement(case),
        }
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        let at = row.acknowledged_at?;
        Some(Rejection::AlreadyAcknowledged { by: None, at })
    }

    /// An acknowledgement that is not sufficient changes no status, and so is not undone.
    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let before = before?;
        before.row.required.is_none().then_some(IncidentCommand::UndoMove)
    }

    fn phrase(&self) -> &'static str {
        "acknowledge"
    }
}

/// Decides the effect of an acknowledgement: the first one is enough, unless a level requires one
/// from everybody it has called.
pub(super) fn decide_acknowledgement(case: &Case<'_>) -> Decided {
    let Some(required) = &case.incident.summary.required else {
        return Ok(vec![EventBody::Acknowledged]);
    };
    let person = case.envelope.actor.person();
    if let Some(at) = person.and_then(|person| required.acknowledged_at(&person.handle)) {
        return Err(Rejection::AlreadyAcknowledged { by: Some(case.envelope.actor.clone()), at });
    }
    if required.leaves_others(person) {
        return Ok(vec![EventBody::AcknowledgedInPart]);
    }
    Ok(vec![EventBody::Acknowledged])
}

pub(in crate::model) struct AcknowledgedInPart;

impl EventLogic for AcknowledgedInPart {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        if let (Some(required), Some(person)) =
            (&mut incident.summary.required, event.actor.person())
        {
            required.acknowledge(person, event.at);
        }
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Acknowledged"
    }

    fn detail(&self) -> String {
        "others still have to".into()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "acknowledged it; others still have to".into()
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
