//! Problems that would prevent an incident from reaching somebody: gaps of schedules, levels that
//! reach nobody, services without a policy, people without a contact.

mod reports;
mod server_tests;
mod unanswered;

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::model::actor::PersonRef;
use crate::model::command::Declaration;
use crate::model::coverage::coverage;
use crate::model::directory::Directory;
use crate::model::escalation::{self, NobodyReason, Policy, Reached, Target, reached_by};
use crate::model::id::IncidentId;
use crate::model::incident::declared_summary;
use crate::model::notification::{ContactReach, PersonReach};
use crate::model::oncall::{Schedule, UnknownZone};
use crate::model::priority::{Impact, Priority, Urgency};
use crate::model::signals::{HeartbeatRule, StakeholderRule};
use crate::model::status::{Role, Source};
use crate::model::summary::Summary;

pub use reports::of_reports;
pub use server_tests::of_server_tests;
pub use unanswered::{of_missing_channels, of_requests, of_roles};

/// A problem that would prevent an incident from reaching somebody.
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
        /// The reason for each of its targets.
        reasons: Vec<NobodyReason>,
    },
    /// A policy calls nobody at all: it has no levels.
    EmptyPolicy {
        /// The name of the policy.
        policy: String,
    },
    /// There are neither policies nor services: no incident would call anybody.
    NoPolicies,
    /// Incidents of a service follow no policy.
    NoPolicy {
        /// The name of the service.
        service: String,
        /// The priorities for which it has none.
        priorities: Vec<Priority>,
    },
    /// The incident of a heartbeat's silence would follow no policy.
    HeartbeatWithoutPolicy {
        /// The name of the heartbeat.
        heartbeat: String,
        /// The priority of the incident.
        priority: Priority,
    },
    /// A heartbeat names a service that the directory does not have.
    HeartbeatOfUnknownService {
        /// The name of the heartbeat.
        heartbeat: String,
        /// The name of the service.
        service: String,
    },
    /// The incident of a failed self-test, or of a watched server, would follow no policy.
    ServerTestWithoutPolicy {
        /// The test.
        test: ServerTest,
        /// The priority of the incident.
        priority: Priority,
    },
    /// A self-test or a watched server names a service that the directory does not have.
    ServerTestOfUnknownService {
        /// The test.
        test: ServerTest,
        /// The name of the service.
        service: String,
    },
    /// A person may be called, or is a stakeholder, and has no contact.
    NoContact {
        /// The handle of the person.
        person: String,
        /// The purpose for which the person is reached.
        purpose: Purpose,
    },
    /// A contact can't be used.
    UnusableContact {
        /// The handle of the person.
        person: String,
        /// The name of the contact.
        contact: String,
        /// The error.
        problem: String,
    },
    /// A person has contacts that work, and no rule uses any of them.
    NoRule {
        /// The handle of the person.
        person: String,
        /// Whether the rules for urgent incidents are meant.
        urgent: bool,
    },
    /// No contact of a stakeholder works.
    UnreachableStakeholder {
        /// The handle of the person.
        person: String,
    },
    /// The zone of a schedule can't be used, so that its times are read as UTC.
    UnknownZone {
        /// The name of the schedule.
        schedule: String,
        /// The name of the zone.
        zone: String,
        /// The error.
        error: UnknownZone,
    },
    /// The calendar of a schedule could not be read lately: its last content remains in effect.
    OldCalendar {
        /// The name of the schedule.
        schedule: String,
        /// Where the calendar is.
        source: String,
        /// When it was read last; `None` if it never was.
        as_of: Option<DateTime<Utc>>,
        /// The reason why it could not be read.
        error: Option<String>,
    },
    /// Something in the calendar of a schedule could not be understood.
    CalendarProblem {
        /// The name of the schedule.
        schedule: String,
        /// The problem.
        problem: String,
    },
    /// A scheduled report does not reach all of its recipients.
    UnreachedReport {
        /// The name of the report.
        report: String,
        /// The recipient who is not reached; `None` if it has no recipient and is written nowhere.
        person: Option<String>,
    },
    /// Nobody has answered a request for cover whose span is near: the person stays on call.
    UnansweredCover {
        /// The name of the schedule.
        schedule: String,
        /// The handle of the requester.
        person: String,
        /// The start of the span.
        from: DateTime<Utc>,
        /// Its end.
        to: DateTime<Utc>,
        /// Whether something is given in return.
        is_swap: bool,
    },
    /// A person who was asked for a role in an open incident has not answered.
    UnansweredRole {
        /// The number of the incident.
        incident: String,
        /// The role.
        role: Role,
        /// The handle of the person.
        person: String,
        /// When the person was asked.
        at: DateTime<Utc>,
    },
    /// A recurring maintenance window has no end.
    EndlessMaintenance {
        /// The end of its id.
        window: String,
        /// Its title.
        title: String,
    },
    /// A contact of a person whom nothing calls is over a channel that the settings do not have.
    MissingChannel {
        /// The handle of the person.
        person: String,
        /// The name of the contact.
        contact: String,
        /// The name of the channel.
        channel: String,
    },
    /// A policy ends after its last level: nothing is repeated and there is no final step.
    EndsNowhere {
        /// The name of the policy.
        policy: String,
    },
}

/// The purpose for which a person is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A policy may call the person.
    Call,
    /// The person is sent updates.
    Updates,
}

/// Something that a server tests on a timer. Displayed as what its incident is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServerTest {
    /// The way of an alert to a person.
    SelfTest,
    /// Whether another server answers, by its name in the settings.
    Watch(String),
}

impl fmt::Display for ServerTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SelfTest => f.write_str("the failure of the self-test"),
            Self::Watch(name) => write!(f, "the silence of the watched server {name}"),
        }
    }
}

impl Finding {
    /// Returns the name of the kind, for programs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Gap { .. } => "gap",
            Self::UnreachableLevel { .. } => "unreachable_level",
            Self::EmptyPolicy { .. } => "empty_policy",
            Self::NoPolicies => "no_policies",
            Self::NoPolicy { .. } => "no_policy",
            Self::HeartbeatWithoutPolicy { .. } => "heartbeat_without_policy",
            Self::HeartbeatOfUnknownService { .. } => "heartbeat_of_unknown_service",
            Self::ServerTestWithoutPolicy { test: ServerTest::SelfTest, .. } => {
                "self_test_without_policy"
            }
            Self::ServerTestWithoutPolicy { test: ServerTest::Watch(_), .. } => {
                "watch_without_policy"
            }
            Self::ServerTestOfUnknownService { test: ServerTest::SelfTest, .. } => {
                "self_test_of_unknown_service"
            }
            Self::ServerTestOfUnknownService { test: ServerTest::Watch(_), .. } => {
                "watch_of_unknown_service"
            }
            Self::NoContact { purpose: Purpose::Call, .. } => "no_contact",
            Self::NoContact { purpose: Purpose::Updates, .. }
            | Self::UnreachableStakeholder { .. } => "unreachable_stakeholder",
            Self::UnusableContact { .. } => "unusable_contact",
            Self::NoRule { .. } => "no_rule",
            Self::UnknownZone { .. } => "unknown_zone",
            Self::OldCalendar { .. } => "old_calendar",
            Self::CalendarProblem { .. } => "calendar_problem",
            Self::UnreachedReport { .. } => "unreached_report",
            Self::UnansweredCover { .. } => "unanswered_cover",
            Self::UnansweredRole { .. } => "unanswered_role",
            Self::EndlessMaintenance { .. } => "endless_maintenance",
            Self::MissingChannel { .. } => "missing_channel",
            Self::EndsNowhere { .. } => "ends_nowhere",
        }
    }

    /// Returns whether it may be intentional, so that it is only mentioned.
    #[must_use]
    pub const fn is_note(&self) -> bool {
        matches!(
            self,
            Self::EndsNowhere { .. }
                | Self::UnansweredCover { .. }
                | Self::UnansweredRole { .. }
                | Self::EndlessMaintenance { .. }
                | Self::MissingChannel { .. }
        )
    }
}

/// Returns the problems that would prevent incidents from reaching somebody now, and the gaps of
/// the schedules from `now` to `until`.
#[must_use]
pub fn findings(directory: &Directory, now: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for schedule in &directory.schedules {
        if let (Some(zone), Some(error)) = (&schedule.zone, schedule.zone_error()) {
            let (schedule, zone) = (schedule.key().to_owned(), zone.clone());
            findings.push(Finding::UnknownZone { schedule, zone, error });
        }
    }
    for schedule in &directory.schedules {
        findings.extend(of_calendar(schedule, now));
    }
    for team in coverage(directory, now, until) {
        // A team without schedule and policy never calls anybody; its services are reported for
        // that.
        let has_any =
            directory.schedule_of(&team.team).is_some() || directory.policy(&team.team).is_some();
        for (from, to) in team.gaps().into_iter().filter(|_| has_any) {
            findings.push(Finding::Gap { team: team.team.clone(), from, to });
        }
    }
    for policy in &directory.policies {
        findings.extend(of_policy(directory, policy, now));
    }
    if directory.policies.is_empty() && directory.services.is_empty() {
        findings.push(Finding::NoPolicies);
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

/// Returns the heartbeats whose silence would reach nobody.
#[must_use]
pub fn of_heartbeats(
    directory: &Directory,
    rules: &[HeartbeatRule],
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules {
        let heartbeat = rule.name.clone();
        let unknown = rule.service.as_ref().filter(|name| directory.service(name).is_none());
        if let Some(service) = unknown {
            let service = service.clone();
            let heartbeat = heartbeat.clone();
            findings.push(Finding::HeartbeatOfUnknownService { heartbeat, service });
        }
        let services = rule.service.iter().cloned().collect();
        let incident = supposed(directory, services, rule.team.clone(), rule.priority, now);
        if escalation::policy_of(&incident, directory).is_none() {
            let priority = rule.priority;
            findings.push(Finding::HeartbeatWithoutPolicy { heartbeat, priority });
        }
    }
    findings
}

/// Returns the problems of the contacts of people whom the policies may call, and of recipients of
/// updates.
#[must_use]
pub fn of_contacts(
    directory: &Directory,
    stakeholders: &[StakeholderRule],
    people: &[PersonReach],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let reach = |handle: &str| {
        let found = people.iter().find(|person| person.person.eq_ignore_ascii_case(handle));
        found.filter(|person| !person.contacts.is_empty())
    };
    let mut seen = BTreeSet::new();
    for person in callable_people(directory) {
        seen.insert(person.handle.to_lowercase());
        if let Some(reach) = reach(&person.handle) {
            of_person(&mut findings, reach);
        } else {
            let (person, purpose) = (person.handle.clone(), Purpose::Call);
            findings.push(Finding::NoContact { person, purpose });
        }
    }
    for handle in stakeholders.iter().flat_map(|rule| &rule.people) {
        if !seen.insert(handle.to_lowercase()) {
            continue;
        }
        let (person, purpose) = (handle.clone(), Purpose::Updates);
        match reach(handle) {
            None => findings.push(Finding::NoContact { person, purpose }),
            Some(reach) if reach.contacts.iter().all(|contact| contact.problem.is_some()) => {
                findings.push(Finding::UnreachableStakeholder { person });
            }
            Some(_) => {}
        }
    }
    findings
}

fn of_person(findings: &mut Vec<Finding>, reach: &PersonReach) {
    let person = || reach.person.clone();
    for contact in &reach.contacts {
        if let Some(problem) = &contact.problem {
            let (contact, problem) = (contact.contact.clone(), problem.clone());
            findings.push(Finding::UnusableContact { person: person(), contact, problem });
        }
    }
    if reach.contacts.iter().all(|contact| contact.problem.is_some()) {
        return;
    }
    for urgent in [true, false] {
        let waits = |contact: &ContactReach| {
            !(if urgent { &contact.urgent_after_s } else { &contact.rest_after_s }).is_empty()
        };
        if !reach.contacts.iter().any(waits) {
            findings.push(Finding::NoRule { person: person(), urgent });
        }
    }
}

fn of_calendar(schedule: &Schedule, now: DateTime<Utc>) -> Vec<Finding> {
    let Some(calendar) = &schedule.calendar else { return Vec::new() };
    let name = || schedule.key().to_owned();
    let old = calendar.is_old(now).then(|| Finding::OldCalendar {
        schedule: name(),
        source: calendar.source.clone(),
        as_of: calendar.as_of,
        error: calendar.error.clone(),
    });
    let problems = calendar.problems.iter().cloned();
    let problems = problems.map(|problem| Finding::CalendarProblem { schedule: name(), problem });
    old.into_iter().chain(problems).collect()
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
    supposed(directory, vec![service.to_owned()], None, priority, at)
}

fn supposed(
    directory: &Directory,
    services: Vec<String>,
    team: Option<String>,
    priority: Priority,
    at: DateTime<Utc>,
) -> Summary {
    let mut declaration = Declaration {
        alerts: None,
        title: "An incident that is only supposed".to_owned(),
        services,
        impact: Impact::Medium,
        urgency: Urgency::Medium,
        category: None,
        source: Source::Monitoring,
        symptoms: String::new(),
        detected_at: at,
        reported_at: at,
        team,
        labels: Vec::new(),
        dedup_key: None,
        runbook: None,
    };
    declaration.fill_from_directory(directory);
    declared_summary(IncidentId::new(), (1, at), None, priority, &declaration)
}
