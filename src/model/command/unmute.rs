//! Unmute: an incident that a maintenance window muted is released, and its escalation begins.

use super::CommandKind;
use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{CommandRow, CommandScope, no_sample};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Unmute,
    "unmute",
    "unmute",
    "release it after maintenance",
    no_sample,
)
.scope(CommandScope::Admin);

pub(in crate::model) struct Unmute;

impl CommandLogic for Unmute {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        if case.incident.summary.is_muted() {
            Ok(vec![EventBody::Unmuted])
        } else {
            Err(Rejection::NotMuted)
        }
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        !row.is_muted()
    }

    fn phrase(&self) -> &'static str {
        "unmute"
    }
}

pub(in crate::model) struct Unmuted;

impl EventLogic for Unmuted {
    /// Restarts the escalation policy, unless somebody has acknowledged the incident.
    fn apply(&self, incident: &mut Incident, event: &Event) {
        let row = &mut incident.summary;
        row.end_mute(event.at);
        if row.awaits_acknowledgement() {
            row.restart_escalation(event.recorded_at);
        }
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Released"
    }

    fn detail(&self) -> String {
        "it is muted no more: its escalation begins".into()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "released it after maintenance".into()
    }
}
