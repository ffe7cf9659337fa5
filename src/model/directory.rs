//! The people, teams, services, escalation policies and on-call schedules of a company.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PersonRef;
use super::escalation::Policy;
use super::oncall::Schedule;

/// Who works here, what runs here, and who is called. Small; kept whole in memory.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Directory {
    /// Everybody who can be assigned.
    pub people: Vec<PersonRef>,
    /// Teams with their members.
    pub teams: Vec<Team>,
    /// Services with their owners and dependencies.
    pub services: Vec<Service>,
    /// Escalation policies by team.
    pub policies: Vec<Policy>,
    /// On-call schedules by team.
    pub schedules: Vec<Schedule>,
}

/// A team.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Team {
    /// Short unique name, such as `payments`.
    pub name: String,
    /// Handles of its members.
    pub members: Vec<String>,
}

/// A service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// Short unique name, such as `checkout`.
    pub name: String,
    /// The team that runs it.
    pub team: String,
    /// Names of the services it needs.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// The runbook's name or URL.
    #[serde(default)]
    pub runbook: Option<String>,
    /// The availability objective over 30 d in parts per 100,000 (99.9 % is 99,900).
    #[serde(default)]
    pub objective: Option<u32>,
}

impl Directory {
    /// This directory with another laid over it: what both have under one name is as there.
    #[must_use]
    pub fn merged_with(self, over: &Self) -> Self {
        Self {
            people: merge_by_name(self.people, &over.people, |person| &person.handle),
            teams: merge_by_name(self.teams, &over.teams, |team| &team.name),
            services: merge_by_name(self.services, &over.services, |service| &service.name),
            policies: merge_by_name(self.policies, &over.policies, |policy| &policy.team),
            schedules: merge_by_name(self.schedules, &over.schedules, |schedule| &schedule.team),
        }
    }

    /// The service of that name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The person with that handle, or with that full name.
    #[must_use]
    pub fn person(&self, who: &str) -> Option<&PersonRef> {
        let who = who.trim_start_matches('@');
        self.people
            .iter()
            .find(|p| p.handle.eq_ignore_ascii_case(who))
            .or_else(|| self.people.iter().find(|p| p.name.eq_ignore_ascii_case(who)))
    }

    /// These services and all that they depend on, directly or not.
    #[must_use]
    pub fn with_dependencies<'a>(&'a self, services: &'a [String]) -> BTreeSet<&'a str> {
        let by_name: BTreeMap<&str, &Service> =
            self.services.iter().map(|s| (s.name.as_str(), s)).collect();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = services.iter().map(String::as_str).collect();
        while let Some(name) = open.pop() {
            if seen.insert(name)
                && let Some(service) = by_name.get(name)
            {
                open.extend(service.depends_on.iter().map(String::as_str));
            }
        }
        seen
    }

    /// Who is on call for a team at a time.
    #[must_use]
    pub fn on_call(&self, team: &str, at: DateTime<Utc>) -> Option<&PersonRef> {
        let schedule = self.schedules.iter().find(|s| s.team == team)?;
        self.person(schedule.on_call(at)?)
    }

    /// The escalation policy of a team.
    #[must_use]
    pub fn policy(&self, team: &str) -> Option<&Policy> {
        self.policies.iter().find(|p| p.team == team)
    }

    /// The team that answers for a service.
    #[must_use]
    pub fn owning_team(&self, service: &str) -> Option<&str> {
        self.service(service).map(|s| s.team.as_str())
    }
}

fn merge_by_name<T: Clone>(mut below: Vec<T>, over: &[T], name: impl Fn(&T) -> &String) -> Vec<T> {
    for item in over {
        match below.iter_mut().find(|there| name(there) == name(item)) {
            Some(there) => there.clone_from(item),
            None => below.push(item.clone()),
        }
    }
    below
}
