//! The people, teams, services, escalation policies and on-call schedules of a company.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::{Actor, PersonRef};
use super::escalation::policy::Policy;
use super::extra::{Extra, extensible_record};
use super::oncall::Schedule;

/// The people, teams and services of a company, and who is called for them. It is small enough to
/// be held in memory completely.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, remote = "Self")]
pub struct Directory {
    /// Everybody who can be assigned to an incident.
    pub people: Vec<PersonRef>,
    /// Teams with their members.
    pub teams: Vec<Team>,
    /// Services with their owners and dependencies.
    pub services: Vec<Service>,
    /// Escalation policies by team.
    pub policies: Vec<Policy>,
    /// On-call schedules by team.
    pub schedules: Vec<Schedule>,
    /// The fields that a later version defines, also those of the entries.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Directory);

/// A team of people who run services.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Team {
    /// Short unique name, such as `payments`.
    pub name: String,
    /// The handles of its members.
    pub members: Vec<String>,
}

/// A service that incidents can affect.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// Short unique name, such as `checkout`.
    pub name: String,
    /// The team that runs it.
    pub team: String,
    /// The names of the services on which it depends.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// The name or URL of its runbook.
    #[serde(default)]
    pub runbook: Option<String>,
    /// The availability objective over 30 d in parts per 100,000 (99.9 % is 99,900).
    #[serde(default)]
    pub objective: Option<u32>,
}

impl Directory {
    /// Merges another directory into this one. For a name in both, the entry of `other` wins.
    #[must_use]
    pub fn merged_with(self, other: &Self) -> Self {
        Self {
            people: merge_by_name(self.people, &other.people, |person| &person.handle),
            teams: merge_by_name(self.teams, &other.teams, |team| &team.name),
            services: merge_by_name(self.services, &other.services, |service| &service.name),
            policies: merge_by_name(self.policies, &other.policies, |policy| &policy.team),
            schedules: merge_by_name(self.schedules, &other.schedules, |schedule| &schedule.team),
            extra: self.extra,
        }
    }

    /// Returns the service with this name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Returns whether the directory has services, and none with this name.
    #[must_use]
    pub fn is_unknown_service(&self, name: &str) -> bool {
        !self.services.is_empty() && self.service(name).is_none()
    }

    /// Returns whether the directory has teams, and none with this name. A team that owns a service
    /// is known even where its members are not listed.
    #[must_use]
    pub fn is_unknown_team(&self, name: &str) -> bool {
        !self.teams.is_empty()
            && self.teams.iter().all(|team| team.name != name)
            && self.services.iter().all(|service| service.team != name)
    }

    /// Returns whether the directory has people, and nobody with this handle.
    #[must_use]
    pub fn is_unknown_person(&self, handle: &str) -> bool {
        !self.people.is_empty() && self.people.iter().all(|person| person.handle != handle)
    }

    /// Returns the name of a service as it is shown: marked if the directory does not have it.
    #[must_use]
    pub fn service_label<'a>(&self, name: &'a str) -> Cow<'a, str> {
        mark_unknown(name, self.is_unknown_service(name))
    }

    /// Returns the name of a team as it is shown: marked if the directory does not have it.
    #[must_use]
    pub fn team_label<'a>(&self, name: &'a str) -> Cow<'a, str> {
        mark_unknown(name, self.is_unknown_team(name))
    }

    /// Returns the name of a person as it is shown: marked if nobody in the directory has the
    /// handle.
    #[must_use]
    pub fn person_label<'a>(&self, person: &'a PersonRef) -> Cow<'a, str> {
        mark_unknown(&person.name, self.is_unknown_person(&person.handle))
    }

    /// Returns the handle of a person as it is shown: marked if nobody in the directory has it.
    #[must_use]
    pub fn handle_label<'a>(&self, person: &'a PersonRef) -> Cow<'a, str> {
        mark_unknown(&person.handle, self.is_unknown_person(&person.handle))
    }

    /// Returns the name of an actor as it is shown: marked if it is a person whom the directory
    /// does not have.
    #[must_use]
    pub fn actor_label<'a>(&self, actor: &'a Actor) -> Cow<'a, str> {
        match actor.person() {
            Some(person) => self.person_label(person),
            None => Cow::Borrowed(actor.name()),
        }
    }

    /// Finds a person by handle, or else by full name. Case and a leading `@` are ignored.
    #[must_use]
    pub fn person(&self, reference: &str) -> Option<&PersonRef> {
        let reference = reference.trim_start_matches('@');
        self.people
            .iter()
            .find(|p| p.handle.eq_ignore_ascii_case(reference))
            .or_else(|| self.people.iter().find(|p| p.name.eq_ignore_ascii_case(reference)))
    }

    /// Returns these services and all services that they depend on, each with the least number of
    /// dependencies that lead to it; 0 for these themselves.
    #[must_use]
    pub fn dependency_steps<'a>(&'a self, services: &'a [String]) -> BTreeMap<&'a str, u32> {
        let by_name: BTreeMap<&str, &Service> =
            self.services.iter().map(|s| (s.name.as_str(), s)).collect();
        let mut steps: BTreeMap<&str, u32> = BTreeMap::new();
        let mut pending: VecDeque<(&str, u32)> =
            services.iter().map(|service| (service.as_str(), 0)).collect();
        while let Some((name, distance)) = pending.pop_front() {
            if steps.contains_key(name) {
                continue;
            }
            steps.insert(name, distance);
            if let Some(service) = by_name.get(name) {
                let next = service.depends_on.iter().map(String::as_str);
                pending.extend(next.map(|name| (name, distance + 1)));
            }
        }
        steps
    }

    /// Returns the person who is on call for a team at a time.
    #[must_use]
    pub fn on_call(&self, team: &str, at: DateTime<Utc>) -> Option<&PersonRef> {
        let schedule = self.schedules.iter().find(|s| s.team == team)?;
        self.person(schedule.on_call(at)?)
    }

    /// Returns the escalation policy of a team.
    #[must_use]
    pub fn policy(&self, team: &str) -> Option<&Policy> {
        self.policies.iter().find(|p| p.team == team)
    }

    /// Returns the name of the team that owns a service.
    #[must_use]
    pub fn owning_team(&self, service: &str) -> Option<&str> {
        self.service(service).map(|s| s.team.as_str())
    }
}

/// Returns a name as it is shown: with a question mark if it is unknown to the directory.
fn mark_unknown(name: &str, is_unknown: bool) -> Cow<'_, str> {
    if is_unknown { Cow::Owned(format!("{name}?")) } else { Cow::Borrowed(name) }
}

fn merge_by_name<T: Clone>(
    mut entries: Vec<T>,
    others: &[T],
    name: impl Fn(&T) -> &String,
) -> Vec<T> {
    for item in others {
        match entries.iter_mut().find(|entry| name(entry) == name(item)) {
            Some(entry) => entry.clone_from(item),
            None => entries.push(item.clone()),
        }
    }
    entries
}
