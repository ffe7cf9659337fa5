//! Reads an entry of `[[policies]]`.

use super::references::{References, collect_names, handle, unique_name};
use super::section::{Section, Value, ValueResult};
use crate::model::escalation::{Policy, PolicyLevel, Repeat, Target};
use crate::model::priority::Priority;

/// A target of a level, with the offset of its name.
enum Called {
    /// The person on call for the policy's own team.
    OnCall,
    /// The person on call for another team.
    OnCallOf(String, usize),
    /// The person on call by a schedule.
    Schedule(String, usize),
    /// All members of a team.
    Team(String, usize),
    /// A person.
    Person(String, usize),
}

pub(super) fn policy<'a>(
    mut section: Section<'a>,
    references: &mut References<'a>,
    is_duplicate: impl Fn(&str) -> bool,
) -> Option<Policy> {
    let (source, offset) = (section.source, section.offset);
    let name = section.get("name").is_some();
    let team = section.require("team", |value| {
        let team = unique_name(value, |team| !name && is_duplicate(team))?;
        Ok((team, value.offset()))
    });
    let name = section.read("name", |value| unique_name(value, &is_duplicate));
    let services = section.read("services", Value::names).unwrap_or_default();
    let priorities = section.read("priorities", |value| {
        let names: Vec<Value<'_>> = value.list()?;
        names.iter().map(|one| one.one_of(&Priority::ALL, Priority::as_str)).collect()
    });
    let has_levels = section.get("levels").is_some();
    let levels = section.sections("levels");
    if !has_levels || levels.is_empty() {
        source.warn(offset, "policies.levels is missing: say who is called, and after what time");
    }
    let times = section.read("repeat", |value| value.count(1..=u32::from(Policy::MOST_REPEATS)));
    let every = section.read("repeat_every", Value::positive_duration);
    let at_end = section.section("at_end");
    if let Some(level) = &at_end {
        source.record_position("policies.at_end", level.offset);
    }
    section.finish();
    let team = team?;
    let mut before = LevelTimes::default();
    let mut policy_levels: Vec<PolicyLevel> = Vec::new();
    for level in levels {
        policy_levels.extend(read_level(level, &team.0, references, &mut before, false));
    }
    if policy_levels.is_empty() {
        return None;
    }
    // The next round begins when the last level has had its time.
    let round = every.map(|every| every.num_seconds()).or(before.next);
    let repeat = times.and_then(|times| {
        let Some(every_s) = round.filter(|every| before.last.is_none_or(|last| *every > last))
        else {
            source.warn(
                offset,
                "policies.repeat says nothing of when the levels are called again: set \
                 repeat_every to a time after the last level",
            );
            return None;
        };
        Some(Repeat { times: u16::try_from(times).unwrap_or(1), every_s })
    });
    let at_end = at_end.and_then(|level| read_level(level, &team.0, references, &mut before, true));
    source.record_position(format!("policies.{}", name.as_ref().unwrap_or(&team.0)), offset);
    references.teams.push(team.clone());
    Some(Policy {
        team: team.0,
        levels: policy_levels,
        name,
        services: collect_names(services, &mut references.services),
        priorities: priorities.unwrap_or_default(),
        repeat,
        at_end,
    })
}

/// When the levels so far are called, in seconds after the report.
#[derive(Default)]
struct LevelTimes {
    /// When the last level is called.
    last: Option<i64>,
    /// When the next one is called, if the last level has a time to acknowledge.
    next: Option<i64>,
}

/// Reads a level. An unreadable one calls nobody, and the later ones still do.
fn read_level<'a>(
    mut level: Section<'a>,
    team: &str,
    references: &mut References<'a>,
    times: &mut LevelTimes,
    is_end: bool,
) -> Option<PolicyLevel> {
    let read_after = |value: &Value<'a>| {
        let after_s = value.duration()?.num_seconds();
        match times.last {
            Some(before) if after_s <= before => {
                Err(value.invalid("is no later than the level before: put levels in order"))
            }
            _ => Ok(after_s),
        }
    };
    let after = match times.next {
        // The level before defines when it is over.
        Some(next) if level.get("after").is_none() => Some(next),
        _ => level.require("after", read_after),
    };
    let call = level.require("call", |value| {
        let called: Vec<Called> = value.list()?.iter().map(called).collect::<ValueResult<_>>()?;
        if called.is_empty() {
            return Err(value.invalid("is empty: name who is called"));
        }
        Ok(called)
    });
    // Nobody is called after the end.
    let acknowledge =
        if is_end { None } else { level.read("acknowledge_within", Value::positive_duration) };
    let round_robin = level.read("round_robin", Value::flag).unwrap_or(false);
    let all_must_acknowledge = level.read("all_must_acknowledge", Value::flag).unwrap_or(false);
    level.finish();
    let (Some(after_s), Some(call)) = (after, call) else { return None };
    times.last = Some(after_s);
    times.next = acknowledge.map(|wait| after_s.saturating_add(wait.num_seconds()));
    let call = call.into_iter().map(|called| match called {
        Called::OnCall => Target::OnCall(team.to_owned()),
        Called::OnCallOf(name, at) => {
            references.teams.push((name.clone(), at));
            Target::OnCall(name)
        }
        Called::Schedule(name, at) => {
            references.schedules.push((name.clone(), at));
            Target::Schedule(name)
        }
        Called::Team(name, at) => {
            references.teams.push((name.clone(), at));
            Target::Team(name)
        }
        Called::Person(name, at) => {
            references.people.push((name.clone(), at));
            Target::Person(name)
        }
    });
    Some(PolicyLevel { after_s, call: call.collect(), round_robin, all_must_acknowledge })
}

/// Creates the target of a level from a name and its position.
type Constructor = fn(String, usize) -> Called;

/// Reads the target of a level: `on-call`, `on-call:TEAM`, `schedule:NAME`, `team:NAME`, or a
/// handle.
fn called(value: &Value<'_>) -> ValueResult<Called> {
    let text = value.short_text()?;
    if text == "on-call" {
        return Ok(Called::OnCall);
    }
    let at = value.offset();
    let kinds: [(&str, Constructor, &str); 3] = [
        ("on-call", Called::OnCallOf, "no team: write \"on-call:TEAM\""),
        ("schedule", Called::Schedule, "no schedule: write \"schedule:NAME\""),
        ("team", Called::Team, "no team: write \"team:NAME\""),
    ];
    for (kind, called, missing) in kinds {
        let name = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix(':'));
        match name.map(str::trim) {
            Some("") => return Err(value.invalid(format!("names {missing}"))),
            Some(name) => return Ok(called(name.to_owned(), at)),
            None => {}
        }
    }
    handle(value).map(|(handle, at)| Called::Person(handle, at))
}
