//! Unpause: continue with an incident that waited for somebody or something.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Unpause, "unpause", "unpause", "go on with it", |_, _| {
        Some(IncidentCommand::Unpause)
    })
    .inverse(&[CommandKind::Pause]);

pub(in crate::model) struct Unpause;

impl CommandLogic for Unpause {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        if case.incident.summary.paused {
            Ok(vec![EventBody::Unpaused])
        } else {
            Err(Rejection::NotPaused)
        }
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::Pause { reason: before?.record?.paused_for.clone()? })
    }

    fn phrase(&self) -> &'static str {
        "go on with"
    }
}

pub(in crate::model) struct Unpaused;

impl EventLogic for Unpaused {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.unpause(event.at);
    }

    fn label(&self) -> &'static str {
        "Continued"
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "goes on with it".into()
    }
}
