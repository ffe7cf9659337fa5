//! Ask for a role: ask somebody to join the response in a role. The person accepts or declines.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use chrono::{DateTime, Utc};

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, Fact, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::status::Role;
use crate::model::text::sanitize;
use crate::model::{Actor, Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::AskForRole,
    "ask_for_role",
    "ask-role",
    "ask somebody to join in a role",
    |_, _| {
        let person = PersonRef::new(SAMPLE_TEXT, SAMPLE_TEXT);
        Some(IncidentCommand::AskForRole { role: Role::Scribe, person })
    },
)
.argument(Argument::Listed("a role and who is asked: scribe ines"))
.facts(facts);

/// The most requests that a record has; the timeline has all of them.
const MAX_REQUESTS: usize = 50;

/// A person was asked to join the response in a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RequestedRole)] // a verb's request has the other name
pub struct RoleRequest {
    /// The role.
    pub role: Role,
    /// The person who is asked.
    pub person: PersonRef,
    /// The requester.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the person has accepted; absent before an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// When the person has answered; absent before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<DateTime<Utc>>,
}

impl RoleRequest {
    /// Returns whether it is a request for a role without an answer.
    #[must_use]
    pub fn awaits(&self, role: Role, handle: &str) -> bool {
        self.accepted.is_none()
            && self.role == role
            && self.person.handle.eq_ignore_ascii_case(handle)
    }

    /// Returns the request as one line.
    fn line(&self) -> String {
        let time = |at: DateTime<Utc>| at.format("%H:%M UTC").to_string();
        let answer = match (self.accepted, self.answered_at) {
            (Some(true), Some(at)) => format!("accepted {}", time(at)),
            (Some(false), Some(at)) => format!("declined {}", time(at)),
            (Some(true), None) => "accepted".to_owned(),
            (Some(false), None) => "declined".to_owned(),
            (None, _) => "no answer yet".to_owned(),
        };
        format!("{} as {}, asked {}: {answer}", self.person.name, self.role, time(self.at))
    }
}

/// Returns the people who were asked, the last one first.
fn facts(incident: &Incident) -> Vec<Fact> {
    let requests = incident.role_requests.iter().rev();
    requests.map(|request| Fact { label: "Asked", text: request.line() }).collect()
}

pub(in crate::model) struct AskForRole<'a> {
    pub role: Role,
    pub person: &'a PersonRef,
}

impl CommandLogic for AskForRole<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let (role, person) = (self.role, self.person);
        require_open(case.incident)?;
        check::person("person", person)?;
        let mut roles = case.incident.roles.iter();
        if roles.any(|(r, p)| *r == role && p.handle == person.handle) {
            return Err(Rejection::RoleUnchanged { role, person: person.clone(), given: true });
        }
        let mut requests = case.incident.role_requests.iter();
        if let Some(request) = requests.find(|request| request.awaits(role, &person.handle)) {
            let (person, at) = (person.clone(), request.at);
            return Err(Rejection::RoleAlreadyRequested { role, person, at });
        }
        Ok(vec![EventBody::RoleRequested { role, person: person.clone() }])
    }

    fn phrase(&self) -> &'static str {
        "ask for a role on"
    }

    fn content(&self) -> String {
        format!("{}: {}", self.role, self.person.name)
    }
}

pub(in crate::model) struct RoleRequested<'a> {
    pub role: Role,
    pub person: &'a PersonRef,
}

impl EventLogic for RoleRequested<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        let requests = &mut incident.role_requests;
        // Only the last request of a person for a role counts.
        requests.retain(|request| {
            !(request.role == self.role && request.person.handle == self.person.handle)
        });
        requests.push(RoleRequest {
            role: self.role,
            person: self.person.clone(),
            by: event.actor.clone(),
            at: event.at,
            accepted: None,
            answered_at: None,
        });
        let surplus = requests.len().saturating_sub(MAX_REQUESTS);
        requests.drain(..surplus);
    }

    fn check(&self) -> Result<(), BadField> {
        check::person("person", self.person)
    }

    fn label(&self) -> &'static str {
        "Asked"
    }

    fn detail(&self) -> String {
        format!("{} to be {}", self.person.name, self.role)
    }

    fn news(&self, _: &Event, reader: &PersonRef) -> String {
        let is_reader = self.person.handle == reader.handle;
        let name = if is_reader { "you" } else { &sanitize(&self.person.name) };
        format!("asked {name} to be {}", self.role)
    }
}
