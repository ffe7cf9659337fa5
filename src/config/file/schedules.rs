//! Reads an entry of `[[schedules]]`.

use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::Url;

use super::path::{PathBase, path};
use super::references::{References, collect_names, handle, handles, unique_name};
use super::section::{Section, Value, ValueResult};
use crate::model::calendar::{CalendarLocation, CalendarSource};
use crate::model::oncall::{Hours, Layer, Member, Override, Schedule, Turn, Zone, hours};
use crate::model::text::truncate;

/// The text for an empty slot in a rotation.
const NOBODY: &str = "nobody";

/// A rotation of which the settings still have to be put together.
struct Rotation {
    members: Vec<Member>,
    starts: NaiveDateTime,
    ends: Option<NaiveDateTime>,
    turn: Turn,
    hours: Vec<Hours>,
    name: Option<String>,
}

pub(super) fn schedule<'a>(
    mut section: Section<'a>,
    references: &mut References<'a>,
    base: &PathBase,
    is_duplicate: impl Fn(&str) -> bool,
) -> Option<Schedule> {
    let (source, offset) = (section.source, section.offset);
    let has_name = section.get("name").is_some();
    let team = section.require("team", |value| {
        let team = unique_name(value, |team| !has_name && is_duplicate(team))?;
        Ok((team, value.offset()))
    });
    let name = section.read("name", |value| unique_name(value, &is_duplicate));
    let zone = section.read("zone", zone);
    let calendar = section.read("ical", |value| calendar_location(value, base));
    let is_local = ["layers", "layer", "hours", "ends"].iter().any(|key| section.contains(key));
    let has_layers = is_local || zone.is_some();
    let schedule = if section.contains("ical") {
        // An unusable calendar is reported, and the schedule has nobody.
        let zone = zone.as_ref().map(|zone| zone.name().to_owned());
        calendar.as_ref().map(|_| Schedule { zone, turn_s: 1, ..Schedule::default() })
    } else if has_layers {
        layered(&mut section, references, &zone.unwrap_or_else(Zone::utc))
    } else {
        plain(&mut section, references)
    };
    let zone =
        schedule.as_ref().and_then(|schedule| schedule.zone.as_ref().map(|_| schedule.zone()));
    let overrides = overrides(&mut section, references, zone.as_ref());
    section.finish();
    let (team, schedule) = (team?, schedule?);
    source.record_position(format!("schedules.{}", name.as_ref().unwrap_or(&team.0)), offset);
    references.teams.push(team.clone());
    let mut schedule = Schedule { team: team.0, name, overrides, ..schedule };
    if let Some(location) = calendar {
        let (name, zone) = (schedule.key().to_owned(), schedule.zone.clone());
        let source = CalendarSource { schedule: name, zone, location };
        schedule.calendar = Some(source.unread());
        references.calendars.push(source);
    }
    Some(schedule)
}

/// Reads where a calendar is: a file, or an address.
fn calendar_location(value: &Value<'_>, base: &PathBase) -> ValueResult<CalendarLocation> {
    let text = value.text()?.trim();
    let lower = text.to_ascii_lowercase();
    let url = match lower.strip_prefix("webcal://") {
        Some(_) => format!("https://{}", text.get("webcal://".len()..).unwrap_or_default()),
        None => text.to_owned(),
    };
    if !url.contains("://") {
        return path(value, base).map(CalendarLocation::File);
    }
    let parsed: Option<Url> = url.parse().ok();
    let parsed = parsed.filter(|url| ["https", "http"].contains(&url.scheme()));
    let host = parsed.as_ref().and_then(|url| url.host_str()).map(str::to_owned);
    let host = host.ok_or_else(|| {
        value.invalid("is neither a file nor an address: write one such as https://host/oncall.ics")
    })?;
    Ok(CalendarLocation::Url { url, host })
}

fn zone(value: &Value<'_>) -> ValueResult<Zone> {
    let name = value.short_text()?;
    Zone::find(&name).map_err(|error| value.invalid(format!("{:?} {error}", truncate(&name, 40))))
}

/// Reads a rotation in turns of a fixed number of seconds.
fn plain<'a>(section: &mut Section<'a>, references: &mut References<'a>) -> Option<Schedule> {
    let rotation = section.require("rotation", |value| {
        let rotation = handles(value)?;
        if rotation.is_empty() {
            return Err(value.invalid("is empty: name who takes turns"));
        }
        Ok(rotation)
    });
    let starts_at = section.require("starts", Value::time);
    let turn = section.require("turn", Value::positive_duration);
    let (rotation, starts_at, turn) = (rotation?, starts_at?, turn?);
    let rotation = collect_names(rotation, &mut references.people);
    Some(Schedule { rotation, starts_at, turn_s: turn.num_seconds(), ..Schedule::default() })
}

/// Reads rotations in the local time of a zone: the one of the schedule itself, and its layers.
fn layered<'a>(
    section: &mut Section<'a>,
    references: &mut References<'a>,
    zone: &Zone,
) -> Option<Schedule> {
    let layers = section.sections("layers");
    let mut rotations = Vec::new();
    if layers.is_empty() || section.get("rotation").is_some() {
        rotations.extend(rotation(section, references, zone));
    }
    for mut layer in layers {
        let read = rotation(&mut layer, references, zone);
        layer.finish();
        rotations.extend(read);
    }
    if rotations.is_empty() {
        return None;
    }
    let layers = rotations.into_iter().map(|rotation| Layer {
        name: rotation.name,
        people: rotation.members,
        starts: rotation.starts,
        ends: rotation.ends,
        turn: rotation.turn,
        hours: rotation.hours,
    });
    Some(Schedule::of_layers("", zone, layers.collect()))
}

fn rotation<'a>(
    section: &mut Section<'a>,
    references: &mut References<'a>,
    zone: &Zone,
) -> Option<Rotation> {
    let members = section.require("rotation", |value| {
        let list = value.list()?;
        if list.is_empty() {
            return Err(value.invalid("is empty: name who takes turns"));
        }
        list.iter().map(|one| member(one, zone)).collect::<ValueResult<Vec<_>>>()
    });
    let starts = section.require("starts", |value| local_time(value, zone));
    let ends = section.read("ends", |value| {
        let ends = local_time(value, zone)?;
        match starts {
            Some(starts) if ends <= starts => Err(value.invalid("is not after its starts")),
            _ => Ok(ends),
        }
    });
    let turn = section.require("turn", turn);
    let hours = section.read("hours", |value| {
        value.one_or_more().iter().map(hours_of).collect::<ValueResult<Vec<Hours>>>()
    });
    let name = section.read("layer", Value::short_text);
    let (members, starts, turn) = (members?, starts?, turn?);
    let named = members.iter().filter_map(|(member, at)| Some((member.person.clone()?, *at)));
    references.people.extend(named);
    let members = members.into_iter().map(|(member, _)| member).collect();
    Some(Rotation { members, starts, ends, turn, hours: hours.unwrap_or_default(), name })
}

/// Reads a member of a rotation: a handle, `nobody`, or a table with the time of membership.
fn member(value: &Value<'_>, zone: &Zone) -> ValueResult<(Member, usize)> {
    if !value.is_table() {
        let (handle, at) = handle(value)?;
        let person = Some(handle).filter(|handle| handle != NOBODY);
        return Ok((Member { person, ..Member::default() }, at));
    }
    let mut section = value.section()?;
    let person = section.require("person", handle);
    let from = section.read("from", |value| local_time(value, zone));
    let until = section.read("until", |value| local_time(value, zone));
    section.finish();
    let Some((handle, at)) = person else {
        return Err(value.invalid("names nobody: write { person = \"ines\", from = 2026-03-01 }"));
    };
    let person = Some(handle).filter(|handle| handle != NOBODY);
    Ok((Member { person, from, until }, at))
}

/// Reads how long a turn is: a time, months, or the days of the week on which turns change.
fn turn(value: &Value<'_>) -> ValueResult<Turn> {
    let expected = "write a time such as \"7d\" or \"12h\", \"1 month\", or the days on which turns \
                    change such as \"mon,fri\"";
    let text = value.text()?.trim();
    let months = text.strip_suffix("months").or_else(|| text.strip_suffix("month"));
    let turn = if let Some(count) = months {
        let count = if count.trim().is_empty() { Ok(1) } else { count.trim().parse() };
        count.ok().filter(|count| (1..=120).contains(count)).map(Turn::Months)
    } else if let Ok(days) = hours::parse_days(text) {
        Some(Turn::Days(days))
    } else {
        crate::model::time::parse_duration(text).map(|turn| Turn::Seconds(turn.num_seconds()))
    };
    match turn {
        None => Err(value.invalid(format!("is {:?}: {expected}", truncate(text, 40)))),
        Some(turn) if turn.is_too_short() => {
            Err(value.invalid("is shorter than a minute: write a time such as \"12h\" or \"7d\""))
        }
        Some(turn) => Ok(turn),
    }
}

fn hours_of(value: &Value<'_>) -> ValueResult<Hours> {
    let text = value.text()?;
    let shown = truncate(text, 40);
    text.parse().map_err(|error: hours::InvalidHours| value.invalid(format!("{shown:?} {error}")))
}

/// Reads a time of a zone: a local one, a day, or one with a zone of its own.
fn local_time(value: &Value<'_>, zone: &Zone) -> ValueResult<NaiveDateTime> {
    let text = value.time_text()?;
    let local = [text.clone(), format!("{text}T00:00:00"), format!("{text}:00")]
        .into_iter()
        .find_map(|text| text.replace(' ', "T").parse::<NaiveDateTime>().ok());
    if let Some(local) = local {
        crate::model::check::time("", local.and_utc())
            .map_err(|error| value.invalid(format!("is {}", error.problem)))?;
        return Ok(local);
    }
    value
        .time()
        .map(|at| zone.shown_at(at))
        .map_err(|_| value.invalid("is not a time: write a local one such as 2026-03-02T09:00:00"))
}

fn overrides<'a>(
    section: &mut Section<'a>,
    references: &mut References<'a>,
    zone: Option<&Zone>,
) -> Vec<Override> {
    let time = |value: &Value<'_>| -> ValueResult<DateTime<Utc>> {
        match zone {
            Some(zone) => match value.time() {
                Ok(at) => Ok(at),
                Err(_) => local_time(value, zone).map(|local| zone.first_time(local)),
            },
            None => value.time(),
        }
    };
    let mut overrides = Vec::new();
    for mut entry in section.sections("overrides") {
        let person = entry.require("person", handle);
        let from = entry.require("from", time);
        let to = entry.require("to", |value| {
            let to = time(value)?;
            match from {
                Some(from) if to <= from => Err(value.invalid("is not after its from")),
                _ => Ok(to),
            }
        });
        let covers = entry.read("covers", handle);
        entry.finish();
        let (Some(person), Some(from), Some(to)) = (person, from, to) else { continue };
        references.people.push(person.clone());
        references.people.extend(covers.clone());
        overrides.push(Override {
            person: person.0,
            from,
            to,
            covers: covers.map(|(name, _)| name),
        });
    }
    overrides
}
