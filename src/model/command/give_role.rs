//! Give a role in the response, or withdraw it.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::status::Role;
use crate::model::text::sanitize;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::GiveRole, "give_role", "role", "give or take a role", |_, _| {
        let person = PersonRef::new(SAMPLE_TEXT, SAMPLE_TEXT);
        Some(IncidentCommand::GiveRole { role: Role::Resolver, person, given: true })
    })
    .argument(Argument::Listed("a role and who has it: scribe ines; no scribe ines takes it"))
    .inverse(&[CommandKind::GiveRole]);

pub(in crate::model) struct GiveRole<'a> {
    pub role: Role,
    pub person: &'a PersonRef,
    pub given: bool,
}

impl CommandLogic for GiveRole<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let Self { role, person, given } = *self;
        require_open(case.incident)?;
        check::person("person", person)?;
        let mut roles = case.incident.roles.iter();
        let has = roles.any(|(r, p)| *r == role && p.handle == person.handle);
        if has == given {
            return Err(Rejection::RoleUnchanged { role, person: person.clone(), given });
        }
        Ok(vec![EventBody::RoleGiven { role, person: person.clone(), given }])
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::GiveRole {
            role: self.role,
            person: self.person.clone(),
            given: !self.given,
        })
    }

    fn phrase(&self) -> &'static str {
        if self.given { "give a role on" } else { "take a role on" }
    }

    fn content(&self) -> String {
        format!("{}: {}", self.role, self.person.name)
    }
}

pub(in crate::model) struct RoleGiven<'a> {
    pub role: Role,
    pub person: &'a PersonRef,
    pub given: bool,
}

impl EventLogic for RoleGiven<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        let Self { role, person, given } = *self;
        incident.roles.retain(|(r, p)| !(*r == role && p.handle == person.handle));
        if given {
            incident.roles.push((role, person.clone()));
            // Nobody waits for an answer any more.
            incident.role_requests.retain(|request| !request.awaits(role, &person.handle));
        }
    }

    fn check(&self) -> Result<(), BadField> {
        check::person("person", self.person)
    }

    fn label(&self) -> &'static str {
        "Role"
    }

    fn detail(&self) -> String {
        let (role, name) = (self.role, &self.person.name);
        if self.given { format!("{role}: {name}") } else { format!("{role}: no longer {name}") }
    }

    fn news(&self, _: &Event, reader: &PersonRef) -> String {
        let is_reader = self.person.handle == reader.handle;
        let name = if is_reader { "you" } else { &sanitize(&self.person.name) };
        if self.given {
            format!("made {name} {}", self.role)
        } else {
            format!("took the role {} from {name}", self.role)
        }
    }
}
