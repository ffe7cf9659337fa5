//! The people whom a target of an escalation policy reaches at a time.

use chrono::{DateTime, Utc};

use super::policy::Target;
use crate::model::actor::PersonRef;
use crate::model::directory::Directory;
use crate::model::oncall::Schedule;

/// A person whom a level calls, or the reason why a target reaches nobody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reached {
    /// The person is called.
    Person(PersonRef),
    /// The target reaches nobody.
    Nobody {
        /// The target.
        target: Target,
        /// The reason.
        reason: NobodyReason,
    },
}

/// The reason why a target of an escalation policy reaches nobody.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NobodyReason {
    /// The team has no schedule.
    #[error("the team {0} has no schedule")]
    NoSchedule(String),
    /// There is no schedule with the name.
    #[error("there is no schedule {0}")]
    UnknownSchedule(String),
    /// The schedule has nobody at that time.
    #[error("the schedule {0} has nobody then")]
    EmptySlot(String),
    /// The directory has nobody with the handle.
    #[error("{0} is not in the directory")]
    UnknownPerson(String),
    /// There is no team with the name.
    #[error("there is no team {0}")]
    UnknownTeam(String),
    /// The team has no members.
    #[error("the team {0} has no members")]
    NoMembers(String),
    /// A later version defines the kind of target.
    #[error("this version can't call {0}")]
    UnknownKind(String),
}

impl Reached {
    /// Returns the person, if there is one.
    #[must_use]
    pub fn person(&self) -> Option<&PersonRef> {
        match self {
            Self::Person(person) => Some(person),
            Self::Nobody { .. } => None,
        }
    }
}

/// Returns the people whom a target reaches at a time: at least one entry, and each person once.
#[must_use]
pub fn reached_by(directory: &Directory, target: &Target, at: DateTime<Utc>) -> Vec<Reached> {
    let nobody = |reason| vec![Reached::Nobody { target: target.clone(), reason }];
    let person = |handle: &str| match directory.person(handle) {
        Some(person) => Reached::Person(person.clone()),
        None => Reached::Nobody {
            target: target.clone(),
            reason: NobodyReason::UnknownPerson(handle.to_owned()),
        },
    };
    let scheduled = |schedule: &Schedule| match schedule.on_call(at) {
        Some(handle) => vec![person(handle)],
        None => nobody(NobodyReason::EmptySlot(schedule.key().to_owned())),
    };
    match target {
        Target::Person(handle) => vec![person(handle)],
        Target::OnCall(team) => match directory.schedule_of(team) {
            Some(schedule) => scheduled(schedule),
            None => nobody(NobodyReason::NoSchedule(team.clone())),
        },
        Target::Schedule(name) => match directory.schedule(name) {
            Some(schedule) => scheduled(schedule),
            None => nobody(NobodyReason::UnknownSchedule(name.clone())),
        },
        Target::Team(name) => match directory.teams.iter().find(|team| team.name == *name) {
            None => nobody(NobodyReason::UnknownTeam(name.clone())),
            Some(team) if team.members.is_empty() => nobody(NobodyReason::NoMembers(name.clone())),
            Some(team) => {
                let mut reached = Vec::new();
                for member in team.members.iter().map(|handle| person(handle)) {
                    if !reached.contains(&member) {
                        reached.push(member);
                    }
                }
                reached
            }
        },
        Target::Unknown(foreign) => nobody(NobodyReason::UnknownKind(foreign.to_string())),
    }
}
