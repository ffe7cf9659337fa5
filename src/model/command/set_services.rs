//! Set the affected services.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::SetServices,
    "set_services",
    "service",
    "the services alone",
    |_, _| Some(IncidentCommand::SetServices { services: vec![SAMPLE_TEXT.into()] }),
)
.argument(Argument::Services)
.inverse(&[CommandKind::SetServices]);

pub(in crate::model) struct SetServices<'a> {
    pub services: &'a [String],
}

impl CommandLogic for SetServices<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        check::names("services", self.services)?;
        if case.incident.summary.services == self.services {
            return Err(Rejection::AlreadyItsServices);
        }
        Ok(vec![EventBody::ServicesSet { services: self.services.to_vec() }])
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::SetServices { services: before?.row.services.clone() })
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.services == self.services
    }

    fn phrase(&self) -> &'static str {
        "set the services of"
    }

    fn content(&self) -> String {
        self.services.join(", ")
    }
}

pub(in crate::model) struct ServicesSet<'a> {
    pub services: &'a [String],
}

impl EventLogic for ServicesSet<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.summary.services = self.services.to_vec();
    }

    fn check(&self) -> Result<(), BadField> {
        check::names("services", self.services)
    }

    fn label(&self) -> &'static str {
        "Services"
    }

    fn detail(&self) -> String {
        self.services.join(", ")
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("set its services: {}", quote(&self.services.join(", ")))
    }
}
