//! Wake: show a snoozed incident again before its time.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Wake, "wake", "wake", "end its snooze", |_, _| {
        Some(IncidentCommand::Wake)
    })
    .inverse(&[CommandKind::Snooze]);

pub(in crate::model) struct Wake;

impl CommandLogic for Wake {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        if case.incident.summary.is_snoozed(case.requested_at) {
            Ok(vec![EventBody::Woken])
        } else {
            Err(Rejection::NotSnoozed)
        }
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::Snooze { until: before?.row.snoozed_until? })
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.snoozed_until.is_none()
    }

    fn phrase(&self) -> &'static str {
        "wake"
    }
}

pub(in crate::model) struct Woken;

impl EventLogic for Woken {
    /// Does nothing more: any event but a snooze ends a snooze.
    fn apply(&self, _: &mut Incident, _: &Event) {}

    fn label(&self) -> &'static str {
        "Woken"
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "ended its snooze".into()
    }
}
