//! The people, teams, services, escalation policies and on-call schedules of a company.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::{Actor, PersonRef};
use super::escalation::policy::Policy;
use super::extra::{Extra, extensible_record};
use super::id::CoverId;
use super::maintenance::MaintenanceWindow;
use super::oncall::{CalendarLink, Cover, Override, Schedule, ScheduleCalendar, TimeSpan};
use super::text::FoldedText;

/// The people, teams and services of a company, and who is called for them. It is small enough to
/// fit into memory completely.
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
    /// Overrides on schedules of the settings file, which cannot contain any. They are stored
    /// separately: [`Directory::merged_with`] adds them to the schedules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub overrides: Vec<TeamOverride>,
    /// Requests for cover: those that are open, and those that ended in the last 30 days.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<Cover>,
    /// Addresses under which calendar programs read shifts, also those that were revoked lately.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calendar_links: Vec<CalendarLink>,
    /// The shifts that were read last from the calendars of schedules of the settings file. They
    /// are stored separately: [`Directory::merged_with`] adds them to the schedules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub calendars: Vec<ScheduleCalendar>,
    /// The maintenance windows that mute now or in the future. A backend adds them when the
    /// directory is read; they are not stored with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub maintenance: Vec<MaintenanceWindow>,
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
    /// Its name on status pages; absent if it is not public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_name: Option<String>,
}

/// A span in which one person replaces another on a schedule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TeamOverride {
    /// The name of the schedule, which is that of the team unless it has one of its own.
    pub team: String,
    /// The span, and the person on call in it.
    #[serde(rename = "override")]
    pub span: Override,
}

impl Directory {
    /// Merges another directory into this one. For a name in both, the entry of `other` wins. The
    /// overrides that are stored alone are added to their schedules, after those that a
    /// schedule has.
    #[must_use]
    pub fn merged_with(self, other: &Self) -> Self {
        let mut schedules =
            merge_by_name(self.schedules, &other.schedules, |schedule| schedule.key());
        for entry in self.overrides.into_iter().chain(other.overrides.iter().cloned()) {
            let schedule = schedules.iter_mut().find(|schedule| schedule.key() == entry.team);
            if let Some(schedule) = schedule
                && !schedule.overrides.contains(&entry.span)
            {
                schedule.overrides.push(entry.span);
            }
        }
        for schedule in &mut schedules {
            let key = schedule.key().to_owned();
            let Some(calendar) = &mut schedule.calendar else { continue };
            let is_it = |copy: &&ScheduleCalendar| {
                copy.schedule == key && copy.fingerprint == calendar.fingerprint
            };
            if let Some(copy) = self.calendars.iter().find(is_it) {
                calendar.clone_from(copy);
            }
        }
        Self {
            people: merge_by_name(self.people, &other.people, |person| person.handle.as_str()),
            teams: merge_by_name(self.teams, &other.teams, |team| team.name.as_str()),
            services: merge_by_name(self.services, &other.services, |service| {
                service.name.as_str()
            }),
            policies: merge_by_name(self.policies, &other.policies, |policy| policy.key()),
            schedules,
            overrides: Vec::new(),
            covers: self.covers.into_iter().chain(other.covers.iter().cloned()).collect(),
            calendar_links: self
                .calendar_links
                .into_iter()
                .chain(other.calendar_links.iter().cloned())
                .collect(),
            calendars: Vec::new(),
            maintenance: self.maintenance,
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

    /// Returns whether the directory has people, but none with this handle.
    #[must_use]
    pub fn is_unknown_person(&self, handle: &str) -> bool {
        !self.people.is_empty() && self.people.iter().all(|person| person.handle != handle)
    }

    /// Returns the name of a service for display, marked if the directory does not have it.
    #[must_use]
    pub fn service_label<'a>(&self, name: &'a str) -> Cow<'a, str> {
        mark_unknown(name, self.is_unknown_service(name))
    }

    /// Returns the name of a team for display, marked if the directory does not have it.
    #[must_use]
    pub fn team_label<'a>(&self, name: &'a str) -> Cow<'a, str> {
        mark_unknown(name, self.is_unknown_team(name))
    }

    /// Returns the name of a person for display, marked if nobody in the directory has the handle.
    #[must_use]
    pub fn person_label<'a>(&self, person: &'a PersonRef) -> Cow<'a, str> {
        mark_unknown(&person.name, self.is_unknown_person(&person.handle))
    }

    /// Returns the handle of a person for display, marked if nobody in the directory has it.
    #[must_use]
    pub fn handle_label<'a>(&self, person: &'a PersonRef) -> Cow<'a, str> {
        mark_unknown(&person.handle, self.is_unknown_person(&person.handle))
    }

    /// Returns the name of an actor for display, marked if it is a person whom the directory does
    /// not have.
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

    /// Finds the people that a reference can mean: the one with this handle or this full name;
    /// otherwise those whose handle begins with it; otherwise those whose name has a word that
    /// begins with it.
    #[must_use]
    pub fn people_meant(&self, reference: &str) -> Vec<&PersonRef> {
        if let Some(person) = self.person(reference) {
            return vec![person];
        }
        let typed = FoldedText::new(reference.trim_start_matches('@').trim());
        if typed.as_str().is_empty() {
            return Vec::new();
        }
        let begins = |text: &str| FoldedText::new(text).as_str().starts_with(typed.as_str());
        let by_handle: Vec<&PersonRef> =
            self.people.iter().filter(|person| begins(&person.handle)).collect();
        if !by_handle.is_empty() {
            return by_handle;
        }
        self.people.iter().filter(|person| typed.begins_word_in(&person.name)).collect()
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
        self.person(self.schedule_of(team)?.on_call(at)?)
    }

    /// Returns the schedule with a name.
    #[must_use]
    pub fn schedule(&self, name: &str) -> Option<&Schedule> {
        self.schedules.iter().find(|schedule| schedule.key() == name)
    }

    /// Returns the schedule that defines who is on call for a team: the one with its name,
    /// otherwise the first one that is for the team.
    #[must_use]
    pub fn schedule_of(&self, team: &str) -> Option<&Schedule> {
        let mut of_team = self.schedules.iter().filter(|schedule| schedule.team == team);
        let first = of_team.clone().next();
        of_team.find(|schedule| schedule.key() == team).or(first)
    }

    /// Returns the request for cover with an id.
    #[must_use]
    pub fn cover(&self, id: CoverId) -> Option<&Cover> {
        self.covers.iter().find(|cover| cover.id == id)
    }

    /// Returns the address of a calendar with a digest, unless it was revoked.
    #[must_use]
    pub fn calendar_link(&self, digest: &str) -> Option<&CalendarLink> {
        let mut working = self.calendar_links.iter().filter(|link| link.revoked_at.is_none());
        working.find(|link| link.digest == digest)
    }

    /// Returns whether a person belongs to a schedule: they have turns on it, or are a member of
    /// its team.
    #[must_use]
    pub fn is_of_schedule(&self, schedule: &Schedule, handle: &str) -> bool {
        let mut of_team = self.teams.iter().filter(|team| team.name == schedule.team);
        schedule.people().contains(&handle)
            || of_team.any(|team| team.members.iter().any(|member| member == handle))
    }

    /// Returns whether a person can accept a request for cover: it is open and not their own, they
    /// belong to its schedule, and the shift that is wanted in return, if any, is theirs.
    #[must_use]
    pub fn can_cover(&self, cover: &Cover, handle: &str, now: DateTime<Utc>) -> bool {
        let Some(schedule) = self.schedule(&cover.schedule) else { return false };
        let gives = |span: TimeSpan| {
            let given = TimeSpan { from: span.from.max(now), to: span.to };
            schedule.spans_of(handle, given.from, given.to) == [given]
        };
        cover.is_open(now)
            && handle != cover.person
            && self.is_of_schedule(schedule, handle)
            && cover.in_return.is_none_or(gives)
    }

    /// Returns the escalation policy of a team: the one for all of its incidents, or else the first
    /// one.
    #[must_use]
    pub fn policy(&self, team: &str) -> Option<&Policy> {
        let mut of_team = self.policies.iter().filter(|policy| policy.team == team);
        let first = of_team.clone().next();
        of_team.find(|policy| policy.is_general()).or(first)
    }
}

/// Parses an availability objective in percent with at most three decimals, such as `99.9`, to parts
/// per 100,000. `None` if it is no share between 0 and 100 %.
#[must_use]
pub fn parse_objective(text: &str) -> Option<u32> {
    let text = text.trim().trim_end_matches('%').trim_end();
    let (percent, fraction) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let has_form = !percent.is_empty()
        && percent.len() <= 3
        && fraction.len() <= 3
        && are_digits(percent)
        && are_digits(fraction);
    let parts = has_form.then(|| format!("{percent}{fraction:0<3}"))?.parse::<u32>().ok()?;
    (1..100_000).contains(&parts).then_some(parts)
}

/// Returns a name for display: with a question mark if it is unknown to the directory.
fn mark_unknown(name: &str, is_unknown: bool) -> Cow<'_, str> {
    if is_unknown { Cow::Owned(format!("{name}?")) } else { Cow::Borrowed(name) }
}

fn merge_by_name<T: Clone>(mut entries: Vec<T>, others: &[T], name: impl Fn(&T) -> &str) -> Vec<T> {
    for item in others {
        match entries.iter_mut().find(|entry| name(entry) == name(item)) {
            Some(entry) => entry.clone_from(item),
            None => entries.push(item.clone()),
        }
    }
    entries
}
