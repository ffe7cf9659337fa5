//! Escalation policies: who is called next when nobody acknowledges.

pub mod policy;

use chrono::{DateTime, TimeDelta, Utc};

use super::actor::PersonRef;
use super::directory::Directory;
use super::status::Status;
use super::summary::Summary;

pub use policy::{Policy, PolicyLevel, Target};

/// One level of a policy, resolved to people for one incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Number of the level in its policy, from 1.
    pub level: u8,
    /// When the level is or was called.
    pub due: DateTime<Utc>,
    /// The people who are called at that time.
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
                    Target::Unknown(_) => None,
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
