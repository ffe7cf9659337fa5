//! Escalation policies: who is called next when nobody acknowledges.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PersonRef;
use super::directory::Directory;
use super::status::Status;
use super::summary::Summary;

/// Levels that are called one after another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The team it is for.
    pub team: String,
    /// From the first to the last.
    pub levels: Vec<PolicyLevel>,
}

/// One level.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyLevel {
    /// Called this many seconds after the report, if nobody has acknowledged by then.
    pub after_s: i64,
    /// Who is called.
    pub call: Vec<Target>,
}

/// Who is called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Whoever is on call for a team.
    OnCall(String),
    /// A person, by handle.
    Person(String),
}

/// One level of a policy, resolved to people for one incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Number of the level in its policy, from 1.
    pub level: u8,
    /// When the level is or was called.
    pub due: DateTime<Utc>,
    /// The people whom it reaches at that time.
    pub people: Vec<PersonRef>,
    /// Whether the level has been called already.
    pub reached: bool,
}

/// Returns the levels that are called one after another while nobody acknowledges the incident.
///
/// The list is empty when the incident has no team or the team has no policy.
#[must_use]
pub fn path(incident: &Summary, directory: &Directory) -> Vec<Step> {
    let Some(policy) = incident.team.as_deref().and_then(|team| directory.policy(team)) else {
        return Vec::new();
    };
    policy
        .levels
        .iter()
        .zip(1_u8..)
        .map(|(level, number)| {
            let due = incident.reported_at + TimeDelta::seconds(level.after_s);
            let mut people: Vec<PersonRef> = Vec::new();
            for target in &level.call {
                let person = match target {
                    Target::OnCall(team) => directory.on_call(team, due),
                    Target::Person(handle) => directory.person(handle),
                };
                if let Some(person) = person
                    && !people.contains(person)
                {
                    people.push(person.clone());
                }
            }
            Step { level: number, due, people, reached: number <= incident.escalation }
        })
        .collect()
}

/// Returns the highest level that is due at `now` and was not called yet.
///
/// `None` once somebody has acknowledged the incident, or when no level is due.
#[must_use]
pub fn due(incident: &Summary, directory: &Directory, now: DateTime<Utc>) -> Option<Step> {
    if incident.status != Status::Triggered {
        return None;
    }
    path(incident, directory).into_iter().rfind(|step| !step.reached && step.due <= now)
}
