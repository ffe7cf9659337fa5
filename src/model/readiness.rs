//! What would keep an incident from reaching somebody: gaps of schedules, levels that reach nobody,
//! services without a policy, people without a contact.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::actor::PersonRef;
use super::command::Declaration;
use super::coverage::coverage;
use super::directory::Directory;
use super::escalation::{self, NobodyReason, Policy, Reached, Target, reached_by};
use super::id::IncidentId;
use super::incident::declared_summary;
use super::oncall::{Schedule, UnknownZone};
use super::priority::{Impact, Priority, Urgency};
use super::status::Source;
use super::summary::Summary;

/// Something that would keep an incident from reaching somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Nobody is on call for a team for some time.
    Gap {
        /// The name of the team.
        team: String,
        /// The start of that time.
        from: DateTime<Utc>,
        /// Its end.
        to: DateTime<Utc>,
    },
    /// A level of a policy would call nobody now.
    UnreachableLevel {
        /// The name of the policy.
        policy: String,
        /// The number of the level, from 1. What happens at the end is one more level.
        level: usize,
        /// Why each of its targets reaches nobody.
        reasons: Vec<NobodyReason>,
    },
    /// A policy calls nobody at all: it has no levels.
    EmptyPolicy {
        /// The name of the policy.
        policy: String,
    },
    /// Incidents of a service follow no policy.
    NoPolicy {
        /// The name of the service.
        service: String,
        /// The priorities for which it has none.
        priorities: Vec<Priority>,
    },
    /// The zone of a schedule can't be used, so that its times are read as UTC.
    UnknownZone {
        /// The name of the schedule.
        schedule: String,
        /// The name of the zone.
        zone: String,
        /// What is wrong with it.
        error: UnknownZone,
    },
    /// A policy ends after its last level: nobody is called again or at the end.
    EndsNowhere {
        /// The name of the policy.
        policy: String,
    },
}

impl Finding {
    /// Returns the name of the kind, for programs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Gap { .. } => "gap",
            Self::UnreachableLevel { .. } => "unreachable_level",
            Self::EmptyPolicy { .. } => "empty_policy",
            Self::NoPolicy { .. } => "no_policy",
            Self::UnknownZone { .. } => "unknown_zone",
            Self::EndsNowhere { .. } => "ends_nowhere",
        }
    }

    /// Returns whether it can be wanted, so that it is mentioned and nothing more.
    #[must_use]
    pub const fn is_note(&self) -> bool {
        matches!(self, Self::EndsNowhere { .. })
    }
}

/// Returns what would keep incidents from reaching somebody now, and the gaps of the schedules from
/// `now` to `until`.
#[must_use]
pub fn findings(directory: &Directory, now: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for schedule in &directory.schedules {
        if let (Some(zone), Some(error)) = (&schedule.zone, schedule.zone_error()) {
            let (schedule, zone) = (schedule.key().to_owned(), zone.clone());
            findings.push(Finding::UnknownZone { schedule, zone, error });
        }
    }
    for team in coverage(directory, now, until) {
        // A team without schedule and policy calls nobody at any time; that is said of its services.
        let has_any =
            directory.schedule_of(&team.team).is_some() || directory.policy(&team.team).is_some();
        for (from, to) in team.gaps().into_iter().filter(|_| has_any) {
            findings.push(Finding::Gap { team: team.team.clone(), from, to });
        }
    }
    for policy in &directory.policies {
        findings.extend(of_policy(directory, policy, now));
    }
    for service in &directory.services {
        let lacks_policy = |priority: &Priority| {
            let incident = supposed_incident(directory, &service.name, *priority, now);
            escalation::policy_of(&incident, directory).is_none()
        };
        let priorities: Vec<Priority> =
            Priority::ALL.iter().copied().filter(lacks_policy).collect();
        if !priorities.is_empty() {
            findings.push(Finding::NoPolicy { service: service.name.clone(), priorities });
        }
    }
    findings
}

fn of_policy(directory: &Directory, policy: &Policy, now: DateTime<Utc>) -> Vec<Finding> {
    let name = policy.key().to_owned();
    if policy.levels.is_empty() {
        return vec![Finding::EmptyPolicy { policy: name }];
    }
    let mut findings = Vec::new();
    for (level, index) in policy.levels.iter().chain(&policy.at_end).zip(1..) {
        let reached: Vec<Reached> =
            level.call.iter().flat_map(|target| reached_by(directory, target, now)).collect();
        if reached.iter().any(|one| one.person().is_some()) {
            continue;
        }
        let reason = |one: Reached| match one {
            Reached::Nobody { reason, .. } => Some(reason),
            Reached::Person(_) => None,
        };
        let reasons = reached.into_iter().filter_map(reason).collect();
        findings.push(Finding::UnreachableLevel { policy: name.clone(), level: index, reasons });
    }
    if policy.repeat.is_none() && policy.at_end.is_none() {
        findings.push(Finding::EndsNowhere { policy: name });
    }
    findings
}

/// Returns the people whom the policies may call at some time, in the order of the directory.
#[must_use]
pub fn callable_people(directory: &Directory) -> Vec<&PersonRef> {
    let mut handles: BTreeSet<&str> = BTreeSet::new();
    let levels =
        directory.policies.iter().flat_map(|policy| policy.levels.iter().chain(&policy.at_end));
    for target in levels.flat_map(|level| &level.call) {
        match target {
            Target::Person(handle) => {
                handles.insert(handle);
            }
            Target::OnCall(team) => {
                handles.extend(directory.schedule_of(team).into_iter().flat_map(Schedule::people));
            }
            Target::Schedule(name) => {
                handles.extend(directory.schedule(name).into_iter().flat_map(Schedule::people));
            }
            Target::Team(name) => {
                let team = directory.teams.iter().find(|team| team.name == *name);
                let members = team.into_iter().flat_map(|team| &team.members);
                handles.extend(members.map(String::as_str));
            }
            Target::Unknown(_) => {}
        }
    }
    directory.people.iter().filter(|person| handles.contains(person.handle.as_str())).collect()
}

/// Returns an incident as it would be if one of a service were declared at a time.
#[must_use]
pub fn supposed_incident(
    directory: &Directory,
    service: &str,
    priority: Priority,
    at: DateTime<Utc>,
) -> Summary {
    let mut declaration = Declaration {
        alerts: None,
        title: "An incident that is only supposed".to_owned(),
        services: vec![service.to_owned()],
        impact: Impact::Medium,
        urgency: Urgency::Medium,
        category: None,
        source: Source::Monitoring,
        symptoms: String::new(),
        detected_at: at,
        reported_at: at,
        team: None,
        labels: Vec::new(),
        dedup_key: None,
        runbook: None,
    };
    declaration.fill_from_directory(directory);
    declared_summary(IncidentId::new(), (1, at), None, priority, &declaration)
}
