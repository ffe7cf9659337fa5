//! Remove a reporter who was added by mistake.

use uuid::Uuid;

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::RemoveReporter,
    "remove_reporter",
    "remove-reporter",
    "remove somebody who was added as a reporter",
    |_, _| Some(IncidentCommand::RemoveReporter { reporter: Uuid::nil() }),
)
.argument(Argument::Listed("the name of one of its reporters"))
.inverse(&[CommandKind::AddReporter]);

pub(in crate::model) struct RemoveReporter {
    pub reporter: Uuid,
}

impl CommandLogic for RemoveReporter {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        if case.incident.reporters.iter().all(|one| one.id != self.reporter) {
            return Err(Rejection::NoSuchReporter);
        }
        Ok(vec![EventBody::ReporterRemoved { reporter: self.reporter }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let reporters = &before?.record?.reporters;
        let reporter = reporters.iter().find(|one| one.id == self.reporter)?.clone();
        Some(IncidentCommand::AddReporter { reporter })
    }

    fn phrase(&self) -> &'static str {
        "remove a reporter from"
    }
}

pub(in crate::model) struct ReporterRemoved {
    pub reporter: Uuid,
}

impl EventLogic for ReporterRemoved {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.reporters.retain(|one| one.id != self.reporter);
    }

    fn label(&self) -> &'static str {
        "Reporter"
    }

    fn detail(&self) -> String {
        "a reporter was removed".to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "removed a reporter".to_owned()
    }
}
