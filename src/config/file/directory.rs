//! Reads `[[people]]`, `[[teams]]`, `[[services]]`, `[[policies]]` and `[[schedules]]`.
//!
//! They are merged over those of the store. If the file lists people, teams or services, references
//! are checked against its list; without one, they may be those of the store.

use super::path::PathBase;
use super::policies::policy;
use super::references::{References, collect_names, handle, handles, unique_name};
use super::schedules::schedule;
use super::section::{Section, Value, ValueResult};
use crate::model::PersonRef;
use crate::model::calendar::CalendarSource;
use crate::model::directory::{Directory, Service, Team, parse_objective};

pub(super) fn read(top: &mut Section<'_>, base: &PathBase) -> (Directory, Vec<CalendarSource>) {
    let mut references = References::new(top.source);
    let mut directory = Directory::default();
    for section in top.sections("people") {
        let is_duplicate = |handle: &str| directory.people.iter().any(|p| p.handle == handle);
        let person = person(section, is_duplicate);
        directory.people.extend(person);
    }
    for section in top.sections("teams") {
        let is_duplicate = |name: &str| directory.teams.iter().any(|team| team.name == name);
        let team = team(section, &mut references, is_duplicate);
        directory.teams.extend(team);
    }
    for section in top.sections("services") {
        let is_duplicate =
            |name: &str| directory.services.iter().any(|service| service.name == name);
        let service = service(section, &mut references, is_duplicate);
        directory.services.extend(service);
    }
    for section in top.sections("policies") {
        let is_duplicate =
            |name: &str| directory.policies.iter().any(|policy| policy.key() == name);
        let policy = policy(section, &mut references, is_duplicate);
        directory.policies.extend(policy);
    }
    for section in top.sections("schedules") {
        let is_duplicate =
            |name: &str| directory.schedules.iter().any(|schedule| schedule.key() == name);
        let schedule = schedule(section, &mut references, base, is_duplicate);
        directory.schedules.extend(schedule);
    }
    references.check(&directory);
    (directory, references.calendars)
}

fn person(mut section: Section<'_>, is_duplicate: impl Fn(&str) -> bool) -> Option<PersonRef> {
    let (source, offset) = (section.source, section.offset);
    let handle = section.require("handle", |value| {
        let (handle, _) = handle(value)?;
        unique_name(value, |_| is_duplicate(&handle)).map(|_| handle.clone())
    });
    let name = section.read("name", Value::short_text);
    section.finish();
    let handle = handle?;
    source.record_position(format!("people.{handle}"), offset);
    let name = name.unwrap_or_else(|| handle.clone());
    Some(PersonRef::new(handle, name))
}

fn team<'a>(
    mut section: Section<'a>,
    references: &mut References<'a>,
    is_duplicate: impl Fn(&str) -> bool,
) -> Option<Team> {
    let (source, offset) = (section.source, section.offset);
    let name = section.require("name", |value| unique_name(value, is_duplicate));
    let members = section.read("members", handles).unwrap_or_default();
    section.finish();
    let name = name?;
    source.record_position(format!("teams.{name}"), offset);
    Some(Team { name, members: collect_names(members, &mut references.people) })
}

fn service<'a>(
    mut section: Section<'a>,
    references: &mut References<'a>,
    is_duplicate: impl Fn(&str) -> bool,
) -> Option<Service> {
    let (source, offset) = (section.source, section.offset);
    let name = section.require("name", |value| unique_name(value, is_duplicate));
    let team = section.require("team", |value| Ok((value.short_text()?, value.offset())));
    let depends_on = section.read("depends_on", Value::names).unwrap_or_default();
    let runbook = section.read("runbook", Value::short_text);
    let objective = section.read("objective", objective);
    let public_name = section.read("public_name", Value::short_text);
    section.finish();
    let (name, team) = (name?, team?);
    source.record_position(format!("services.{name}"), offset);
    references.teams.push(team.clone());
    let depends_on = collect_names(depends_on, &mut references.services);
    Some(Service { name, team: team.0, depends_on, runbook, objective, public_name })
}

/// Reads a share in percent with at most three decimals, as parts per 100,000.
fn objective(value: &Value<'_>) -> ValueResult<u32> {
    let text = value.decimal()?;
    parse_objective(&text).ok_or_else(|| {
        value.invalid("is not a share between 0 and 100 %: write one such as \"99.9\"")
    })
}
