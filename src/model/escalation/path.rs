//! The path of one incident through its escalation policy.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::{Policy, PolicyLevel};
use super::reached::{Reached, reached_by};
use crate::model::actor::PersonRef;
use crate::model::directory::Directory;
use crate::model::status::Status;
use crate::model::summary::Summary;

/// One call of a level of a policy, resolved to people for one incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Number of the level in its policy, from 1. Whom the policy calls at its end is one more level.
    pub level: u8,
    /// Which time the levels are called, from 1.
    pub round: u16,
    /// When the level is or was called.
    pub due: DateTime<Utc>,
    /// The people whom it reaches at that time, and the reasons why its other targets reach nobody.
    pub reached: Vec<Reached>,
    /// Whether the level has been called already.
    pub is_called: bool,
    /// Whether it is the final step of the policy.
    pub is_end: bool,
    /// Whether each person whom it reaches must acknowledge.
    pub all_must_acknowledge: bool,
}

impl Step {
    /// Returns the people who are called.
    #[must_use]
    pub fn people(&self) -> Vec<PersonRef> {
        self.reached.iter().filter_map(Reached::person).cloned().collect()
    }
}

/// Returns the policy that an incident follows.
///
/// Policies for its services take precedence over those for its team, whichever team owns the
/// services; then those for its priority over those for any; then the first one.
#[must_use]
pub fn policy_of<'a>(incident: &Summary, directory: &'a Directory) -> Option<&'a Policy> {
    let mut best: Option<(u8, &Policy)> = None;
    for policy in &directory.policies {
        let is_of_service = incident.services.iter().any(|name| policy.services.contains(name));
        let is_of_team =
            policy.services.is_empty() && incident.team.as_deref() == Some(policy.team.as_str());
        let has_priority =
            policy.priorities.is_empty() || policy.priorities.contains(&incident.priority);
        if !has_priority || !(is_of_service || is_of_team) {
            continue;
        }
        let weight = 2 * u8::from(is_of_service) + u8::from(!policy.priorities.is_empty());
        if best.is_none_or(|(other, _)| weight > other) {
            best = Some((weight, policy));
        }
    }
    best.map(|(_, policy)| policy)
}

/// Returns the levels that are called one after another while nobody acknowledges the incident, by
/// round and level.
///
/// The list is empty when no policy is for the incident.
#[must_use]
pub fn path(incident: &Summary, directory: &Directory) -> Vec<Step> {
    let Some(policy) = policy_of(incident, directory) else { return Vec::new() };
    let rounds = 1 + policy.repeat.map_or(0, |repeat| repeat.times.min(Policy::MOST_REPEATS));
    let every = policy.repeat.map_or(TimeDelta::zero(), |repeat| seconds(repeat.every_s));
    let mut steps = Vec::new();
    for round in 1..=rounds {
        let start = incident.escalation_start() + every * i32::from(round - 1);
        let at_end = policy.at_end.as_ref().filter(|_| round == rounds);
        for (level, number) in policy.levels.iter().chain(at_end).zip(1_u8..) {
            let due = start.checked_add_signed(seconds(level.after_s)).unwrap_or(start);
            steps.push(Step {
                level: number,
                round,
                due,
                reached: reached_by_level(incident, directory, level, (due, round)),
                is_called: is_called(incident, round, number),
                is_end: usize::from(number) > policy.levels.len(),
                all_must_acknowledge: level.all_must_acknowledge,
            });
        }
    }
    steps
}

/// Returns whether a level was called already: a later round begins again at its first level.
fn is_called(incident: &Summary, round: u16, level: u8) -> bool {
    (round, level) <= (incident.escalation_round.max(1), incident.escalation)
}

/// Returns the people whom a level reaches, each person once.
pub(super) fn reached_by_level(
    incident: &Summary,
    directory: &Directory,
    level: &PolicyLevel,
    (at, round): (DateTime<Utc>, u16),
) -> Vec<Reached> {
    let mut reached: Vec<Reached> = Vec::new();
    for one in level.call.iter().flat_map(|target| reached_by(directory, target, at)) {
        if !reached.contains(&one) {
            reached.push(one);
        }
    }
    if level.round_robin {
        pick_one(&mut reached, turn_of(incident, round));
    }
    reached
}

/// Reduces a list to the person whose turn it is, or the next person if that turn reaches nobody.
fn pick_one(reached: &mut Vec<Reached>, turn: u64) {
    let count = reached.len();
    let Some(first) = usize::try_from(turn % (count.max(1) as u64)).ok() else { return };
    let order = (0..count).map(|step| (first + step) % count);
    let person = order.clone().find(|index| reached[*index].person().is_some());
    if let Some(index) = person.or_else(|| order.clone().next()) {
        *reached = vec![reached.swap_remove(index)];
    }
}

/// Returns which turn of a round robin an incident has: its number, so that one incident after the
/// other reaches another person, and each round too.
fn turn_of(incident: &Summary, round: u16) -> u64 {
    let number = incident.number.map_or_else(
        || {
            incident
                .id
                .as_bytes()
                .iter()
                .fold(0_u64, |sum, byte| sum.rotate_left(7) ^ u64::from(*byte))
        },
        |number| number.0,
    );
    number.wrapping_add(u64::from(round) - 1)
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::try_seconds(seconds).unwrap_or_default()
}

/// Returns the first step that was not called yet, whether it is due or not.
#[must_use]
pub fn next(incident: &Summary, directory: &Directory) -> Option<Step> {
    path(incident, directory).into_iter().find(|step| !step.is_called)
}

/// Returns the highest level that is due at `now` and was not called yet.
///
/// `None` once somebody has acknowledged the incident, or when no level is due.
#[must_use]
pub fn due(incident: &Summary, directory: &Directory, now: DateTime<Utc>) -> Option<Step> {
    if incident.status != Status::Triggered {
        return None;
    }
    path(incident, directory).into_iter().rfind(|step| !step.is_called && step.due <= now)
}
