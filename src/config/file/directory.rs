//! Reads `[[people]]`, `[[teams]]`, `[[services]]`, `[[policies]]` and `[[schedules]]`.
//!
//! They are merged over what the store has. If the file lists people, teams or services, references
//! are checked against its list; without one, they may be those of the store.

use super::section::{Section, Source, Value, ValueResult};
use crate::config::nearest;
use crate::model::PersonRef;
use crate::model::directory::{Directory, Service, Team};
use crate::model::escalation::{Policy, PolicyLevel, Target};
use crate::model::oncall::{Override, Schedule};

/// References to entries of the file's lists, each with its offset, to be checked at the end.
struct References<'a> {
    source: &'a Source<'a>,
    people: Vec<(String, usize)>,
    teams: Vec<(String, usize)>,
    services: Vec<(String, usize)>,
}

pub(super) fn read(top: &mut Section<'_>) -> Directory {
    let mut references = References {
        source: top.source,
        people: Vec::new(),
        teams: Vec::new(),
        services: Vec::new(),
    };
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
        let is_duplicate = |team: &str| directory.policies.iter().any(|policy| policy.team == team);
        let policy = policy(section, &mut references, is_duplicate);
        directory.policies.extend(policy);
    }
    for section in top.sections("schedules") {
        let is_duplicate =
            |team: &str| directory.schedules.iter().any(|schedule| schedule.team == team);
        let schedule = schedule(section, &mut references, is_duplicate);
        directory.schedules.extend(schedule);
    }
    references.check(&directory);
    directory
}

impl References<'_> {
    fn check(&self, directory: &Directory) {
        let people: Vec<&str> = directory.people.iter().map(|p| p.handle.as_str()).collect();
        let teams: Vec<&str> = directory.teams.iter().map(|t| t.name.as_str()).collect();
        let services: Vec<&str> = directory.services.iter().map(|s| s.name.as_str()).collect();
        for (kind, names, meant) in [
            ("person", &people, &self.people),
            ("team", &teams, &self.teams),
            ("service", &services, &self.services),
        ] {
            for (name, at) in meant {
                if !names.is_empty() && !names.contains(&name.as_str()) {
                    let hint = nearest::suggestion(name, names);
                    let text = format!("there is no {kind} {name:?} in this file: {hint}");
                    self.source.warn(*at, &text);
                }
            }
        }
    }
}

/// Reads a name that no earlier entry has.
fn unique_name(value: &Value<'_>, is_duplicate: impl Fn(&str) -> bool) -> ValueResult<String> {
    let name = value.short_text()?;
    if is_duplicate(&name) {
        return Err(value.invalid(format!("{name:?} is there already: the first one counts")));
    }
    Ok(name)
}

/// Reads a handle, with or without `@`.
fn handle(value: &Value<'_>) -> ValueResult<(String, usize)> {
    let name = value.short_text()?;
    let name = name.trim_start_matches('@');
    if name.is_empty() {
        return Err(value.invalid("is no handle: write one such as \"ines\""));
    }
    Ok((name.to_owned(), value.offset()))
}

fn handles(value: &Value<'_>) -> ValueResult<Vec<(String, usize)>> {
    value.list()?.iter().map(handle).collect()
}

/// Returns the names alone, and adds them with their offsets to `to`, to be checked later.
fn collect_names(names: Vec<(String, usize)>, to: &mut Vec<(String, usize)>) -> Vec<String> {
    to.extend(names.iter().cloned());
    names.into_iter().map(|(name, _)| name).collect()
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
    section.finish();
    let (name, team) = (name?, team?);
    source.record_position(format!("services.{name}"), offset);
    references.teams.push(team.clone());
    let depends_on = collect_names(depends_on, &mut references.services);
    Some(Service { name, team: team.0, depends_on, runbook, objective })
}

/// Reads a share in percent with at most three decimals, as parts per 100,000.
fn objective(value: &Value<'_>) -> ValueResult<u32> {
    let text = value.decimal()?;
    let text = text.trim().trim_end_matches('%').trim_end();
    let (percent, fraction) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let parts = (!percent.is_empty() && percent.len() <= 3 && fraction.len() <= 3)
        .then_some(())
        .filter(|()| are_digits(percent) && are_digits(fraction))
        .and_then(|()| format!("{percent}{fraction:0<3}").parse::<u32>().ok())
        .filter(|parts| (1..100_000).contains(parts));
    parts.ok_or_else(|| {
        value.invalid("is not a share between 0 and 100 %: write one such as \"99.9\"")
    })
}

fn policy<'a>(
    mut section: Section<'a>,
    references: &mut References<'a>,
    is_duplicate: impl Fn(&str) -> bool,
) -> Option<Policy> {
    let (source, offset) = (section.source, section.offset);
    let team =
        section.require("team", |value| Ok((unique_name(value, is_duplicate)?, value.offset())));
    let has_levels = section.get("levels").is_some();
    let levels = section.sections("levels");
    if !has_levels || levels.is_empty() {
        source.warn(offset, "policies.levels is missing: say who is called, and after what time");
    }
    section.finish();
    let team = team?;
    let mut policy_levels: Vec<PolicyLevel> = Vec::new();
    for mut level in levels {
        let after = level.require("after", |value| {
            let after_s = value.duration()?.num_seconds();
            match policy_levels.last() {
                Some(before) if after_s <= before.after_s => {
                    Err(value.invalid("is no later than the level before: put levels in order"))
                }
                _ => Ok(after_s),
            }
        });
        let call = level.require("call", |value| {
            let called: Vec<_> = value.list()?.iter().map(target).collect::<ValueResult<_>>()?;
            if called.is_empty() {
                return Err(value.invalid("is empty: name who is called"));
            }
            Ok(called)
        });
        level.finish();
        // A level that can't be read calls nobody, and the ones after it still do.
        let (Some(after_s), Some(call)) = (after, call) else { continue };
        let call = call.into_iter().map(|(name, at, on_call)| match (name, on_call) {
            (Some(other), true) => {
                references.teams.push((other.clone(), at));
                Target::OnCall(other)
            }
            (None, _) => Target::OnCall(team.0.clone()),
            (Some(person), false) => {
                references.people.push((person.clone(), at));
                Target::Person(person)
            }
        });
        policy_levels.push(PolicyLevel { after_s, call: call.collect() });
    }
    if policy_levels.is_empty() {
        return None;
    }
    source.record_position(format!("policies.{}", team.0), offset);
    references.teams.push(team.clone());
    Some(Policy { team: team.0, levels: policy_levels })
}

/// Reads whom a level calls: `on-call`, `on-call:TEAM`, or a handle. Returns the name if there is
/// one, its offset, and whether whoever is on call is meant.
fn target(value: &Value<'_>) -> ValueResult<(Option<String>, usize, bool)> {
    let text = value.short_text()?;
    if text == "on-call" {
        return Ok((None, value.offset(), true));
    }
    match text.strip_prefix("on-call:").map(str::trim) {
        Some("") => Err(value.invalid("names no team: write \"on-call:TEAM\"")),
        Some(team) => Ok((Some(team.to_owned()), value.offset(), true)),
        None => handle(value).map(|(handle, at)| (Some(handle), at, false)),
    }
}

fn schedule<'a>(
    mut section: Section<'a>,
    references: &mut References<'a>,
    is_duplicate: impl Fn(&str) -> bool,
) -> Option<Schedule> {
    let (source, offset) = (section.source, section.offset);
    let team =
        section.require("team", |value| Ok((unique_name(value, is_duplicate)?, value.offset())));
    let rotation = section.require("rotation", |value| {
        let rotation = handles(value)?;
        if rotation.is_empty() {
            return Err(value.invalid("is empty: name who takes turns"));
        }
        Ok(rotation)
    });
    let starts_at = section.require("starts", Value::time);
    let turn = section.require("turn", Value::positive_duration);
    let mut overrides = Vec::new();
    for mut entry in section.sections("overrides") {
        let person = entry.require("person", handle);
        let from = entry.require("from", Value::time);
        let to = entry.require("to", |value| {
            let to = value.time()?;
            match from {
                Some(from) if to <= from => Err(value.invalid("is not after its from")),
                _ => Ok(to),
            }
        });
        entry.finish();
        let (Some(person), Some(from), Some(to)) = (person, from, to) else { continue };
        references.people.push(person.clone());
        overrides.push(Override { person: person.0, from, to });
    }
    section.finish();
    let (team, rotation, starts_at, turn) = (team?, rotation?, starts_at?, turn?);
    source.record_position(format!("schedules.{}", team.0), offset);
    references.teams.push(team.clone());
    let rotation = collect_names(rotation, &mut references.people);
    Some(Schedule { team: team.0, rotation, starts_at, turn_s: turn.num_seconds(), overrides })
}
