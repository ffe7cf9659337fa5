//! The simulated company: its people, teams, services, escalation policies and on-call schedules.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

use crate::model::PersonRef;
use crate::model::directory::{Directory, Service, Team};
use crate::model::escalation::{Policy, PolicyLevel, Target};
use crate::model::oncall::{Override, Schedule};

use super::data::{CallTarget, DemoData, Kind, PolicyEntry, ScheduleRule, ServiceEntry, TeamEntry};

/// Returns whether a directory is that of the simulated company, whenever it was created.
pub(super) fn is_demo(data: &DemoData, directory: &Directory) -> bool {
    let services = &data.company.services;
    directory.services.len() == services.len()
        && services.iter().all(|service| directory.service(&service.name).is_some())
}

const WEEK: i64 = 7 * 24 * 3600;

/// The company. A service is referred to by its index in the directory.
pub(super) struct Company {
    /// The texts and tables of the company.
    pub data: &'static DemoData,
    /// The directory that the store has.
    pub directory: Directory,
    /// The kind of each service, in the order of the directory.
    pub kinds: Vec<&'static Kind>,
    /// For each service the indexes of the services that directly depend on it.
    pub dependents: Vec<Vec<usize>>,
}

impl Company {
    /// Returns the company with schedules by which the viewer is on call for their team at `now`.
    pub fn at(data: &'static DemoData, now: DateTime<Utc>) -> Self {
        let teams = &data.company.teams;
        let directory = Directory {
            people: teams
                .iter()
                .flat_map(|team| &team.members)
                .map(|member| PersonRef::new(&*member.handle, &*member.name))
                .collect(),
            teams: teams
                .iter()
                .map(|team| Team { name: team.name.clone(), members: handles(team) })
                .collect(),
            services: data.company.services.iter().map(|entry| service(data, entry)).collect(),
            policies: teams.iter().map(|team| policy(team, &data.company.policy)).collect(),
            schedules: teams
                .iter()
                .map(|team| schedule(team, &data.company.schedule, now))
                .collect(),
            ..Directory::default()
        };
        Self::from_directory(data, directory)
    }

    /// Returns the company with the directory of a store. A service with an unknown name has the
    /// default kind.
    pub fn from_directory(data: &'static DemoData, directory: Directory) -> Self {
        let names = || directory.services.iter();
        let dependents = names()
            .map(|service| {
                let needs = |other: &Service| other.depends_on.contains(&service.name);
                names().enumerate().filter(|(_, other)| needs(other)).map(|(at, _)| at).collect()
            })
            .collect();
        let kind = |service: &Service| match data.company.service(&service.name) {
            Some(entry) => kind_of(data, entry),
            None => &data.kinds.default,
        };
        let kinds = names().map(kind).collect();
        Self { data, directory, kinds, dependents }
    }

    /// Returns the index of a service.
    pub fn position(&self, service: &str) -> Option<usize> {
        self.directory.services.iter().position(|s| s.name == service)
    }

    /// Returns the members of a team, in the order of the team.
    pub fn members<'a>(&'a self, team: &'a str) -> impl Iterator<Item = &'a PersonRef> {
        let team = self.directory.teams.iter().find(|t| t.name == team);
        team.into_iter()
            .flat_map(|t| t.members.iter())
            .filter_map(|handle| self.directory.people.iter().find(|p| p.handle == *handle))
    }
}

fn kind_of<'a>(data: &'a DemoData, entry: &ServiceEntry) -> &'a Kind {
    data.kinds.find(&entry.kind).unwrap_or(&data.kinds.default)
}

fn handles(team: &TeamEntry) -> Vec<String> {
    team.members.iter().map(|member| member.handle.clone()).collect()
}

fn service(data: &DemoData, entry: &ServiceEntry) -> Service {
    Service {
        name: entry.name.clone(),
        team: entry.team.clone(),
        depends_on: entry.depends_on.clone(),
        runbook: Some(format!("{}/{}", entry.name, kind_of(data, entry).runbook)),
        objective: entry.objective,
        public_name: None,
    }
}

/// Returns the escalation policy of a team.
fn policy(team: &TeamEntry, levels: &[PolicyEntry]) -> Policy {
    let target = |call: &CallTarget| match call {
        CallTarget::OnCall => Target::OnCall(team.name.clone()),
        CallTarget::OnCallOf(other) => Target::OnCall(other.clone()),
        CallTarget::Member(index) => {
            Target::Person(team.members[index % team.members.len()].handle.clone())
        }
    };
    let level = |entry: &PolicyEntry| PolicyLevel {
        after_s: entry.after_min * 60,
        call: entry.call.iter().map(target).collect(),
        ..PolicyLevel::default()
    };
    let levels = levels.iter().map(level).collect();
    Policy { team: team.name.clone(), levels, ..Policy::default() }
}

/// Returns the on-call schedule of a team: weekly turns that change on Mondays, with the first
/// member on call at `now`.
fn schedule(team: &TeamEntry, rule: &ScheduleRule, now: DateTime<Utc>) -> Schedule {
    let since_handover = i64::from(now.weekday().num_days_from_monday()) * 86_400
        + i64::from(now.num_seconds_from_midnight())
        - rule.handover_hour * 3600;
    let turn_start = now
        - TimeDelta::seconds(since_handover.rem_euclid(WEEK))
        - TimeDelta::nanoseconds(i64::from(now.nanosecond()));
    // Goes back by full rounds, so that the first member is on call at `now`.
    let members = i64::try_from(team.members.len()).unwrap_or(1).max(1);
    let back = rule.past_turns / members * members * WEEK;
    // Another member has an override for a short time, as happens in every rotation.
    let stand_in_from = turn_start - TimeDelta::days(rule.stand_in_days_before);
    let stand_in = team.members.last().map(|member| Override {
        person: member.handle.clone(),
        from: stand_in_from,
        to: stand_in_from + TimeDelta::days(rule.stand_in_days),
        covers: None,
    });
    Schedule {
        team: team.name.clone(),
        rotation: handles(team),
        starts_at: turn_start - TimeDelta::seconds(back),
        turn_s: WEEK,
        overrides: stand_in.into_iter().collect(),
        ..Schedule::default()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 14, 15, 9, 26).unwrap()
    }

    fn company(now: DateTime<Utc>) -> Company {
        Company::at(super::super::data::load().unwrap(), now)
    }

    #[test]
    fn no_service_depends_on_itself_even_through_others() {
        let company = company(now());
        for service in &company.directory.services {
            let below = company.directory.dependency_steps(&service.depends_on);
            assert!(!below.contains_key(service.name.as_str()), "{}", service.name);
        }
    }

    #[test]
    fn viewer_is_on_call_on_any_weekday() {
        for day in 0..9 {
            let now = now() + TimeDelta::days(day);
            let company = company(now);
            let on_call = company.directory.on_call("payments", now).unwrap();
            assert_eq!(on_call.handle, company.data.company.viewer);
        }
    }
}
