//! What people learn about their shifts: that one begins soon, which ones the week has, and who wants
//! cover or has accepted it.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveTime, TimeDelta, Utc};

use super::reminder::ReminderSettings;
use crate::model::actor::PersonRef;
use crate::model::coverage::{Shift, shifts};
use crate::model::directory::Directory;
use crate::model::notification::ReminderKind;
use crate::model::oncall::{Cover, CoverState, Schedule, Zone};
use crate::model::time::format_duration;

/// How far back a shift may have begun for its beginning to be known.
const BACK: TimeDelta = TimeDelta::hours(2);
/// How far ahead notices are returned.
const AHEAD: TimeDelta = TimeDelta::hours(26);
/// For how long a notice about a week or about cover is not too late.
const LATE: TimeDelta = TimeDelta::hours(12);
/// The local hour on Mondays at which the week is described.
const WEEK_HOUR: u32 = 9;
/// The most shifts that a description of a week has.
const MAX_LINES: usize = 14;

/// Something that a person learns once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShiftNotice {
    /// What it is about.
    pub kind: ReminderKind,
    /// What tells it from others of its kind.
    pub key: String,
    /// Who learns it.
    pub person: PersonRef,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// After when it is of no use.
    pub until: DateTime<Utc>,
    /// What it says.
    pub text: String,
}

/// Returns what is due now, and in the coming day.
#[must_use]
pub fn shift_notices(
    directory: &Directory,
    settings: ReminderSettings,
    now: DateTime<Utc>,
) -> Vec<ShiftNotice> {
    let mut notices = Vec::new();
    if let Some(lead_s) = settings.on_call_s {
        let lead = TimeDelta::try_seconds(lead_s).unwrap_or_default();
        for schedule in &directory.schedules {
            notices.extend(beginnings(directory, schedule, lead, now));
        }
    }
    if settings.week {
        notices.extend(weeks(directory, now));
    }
    for cover in &directory.covers {
        notices.extend(of_cover(directory, cover, now));
    }
    notices.retain(|notice| notice.until > now && notice.due <= now + AHEAD);
    notices
}

/// Returns the notices of a schedule that a shift begins.
fn beginnings(
    directory: &Directory,
    schedule: &Schedule,
    lead: TimeDelta,
    now: DateTime<Utc>,
) -> Vec<ShiftNotice> {
    let zone = schedule.zone();
    let shifts = shifts(directory, schedule, now - BACK, now + lead + AHEAD);
    let mut notices = Vec::new();
    for pair in shifts.windows(2) {
        let [before, shift] = pair else { continue };
        let Some(person) = shift.person.as_ref().filter(|_| before.person != shift.person) else {
            continue;
        };
        let name = schedule.key();
        notices.push(ShiftNotice {
            kind: ReminderKind::OnCall,
            key: format!("{name} {} {}", person.handle, shift.from.timestamp()),
            person: person.clone(),
            due: shift.from - lead,
            until: shift.from,
            text: format!(
                "You go on call for {name} in {}: {} to {} ({}).",
                format_duration(lead),
                local(&zone, shift.from),
                local(&zone, shift.to),
                zone.name()
            ),
        });
    }
    notices
}

/// Returns a description of the week for each person who is on call in it, on its Monday.
fn weeks(directory: &Directory, now: DateTime<Utc>) -> Vec<ShiftNotice> {
    let mut of_people: BTreeMap<String, ShiftNotice> = BTreeMap::new();
    for schedule in &directory.schedules {
        let zone = schedule.zone();
        for at in [now, now + TimeDelta::days(1)] {
            let Some(due) = monday(&zone, at) else { continue };
            let to = due + TimeDelta::days(7);
            let own = |shift: &Shift| shift.person.is_some();
            for shift in shifts(directory, schedule, due, to).into_iter().filter(own) {
                let Some(person) = &shift.person else { continue };
                let key = format!("{} {}", person.handle, zone.shown_at(due).date());
                let line = format!(
                    "{}: {} to {} ({})",
                    schedule.key(),
                    local(&zone, shift.from),
                    local(&zone, shift.to),
                    zone.name()
                );
                let notice = of_people.entry(key.clone()).or_insert_with(|| ShiftNotice {
                    kind: ReminderKind::Week,
                    key,
                    person: person.clone(),
                    due,
                    until: due + LATE,
                    text: "Your week on call:".to_owned(),
                });
                if notice.text.lines().count() <= MAX_LINES && !notice.text.contains(&line) {
                    notice.text.push('\n');
                    notice.text.push_str(&line);
                }
            }
        }
    }
    of_people.into_values().collect()
}

/// Returns the hour on the Monday of a time's week, by the clock of a zone.
fn monday(zone: &Zone, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = zone.shown_at(at).date();
    let back = Days::new(u64::from(today.weekday().num_days_from_monday()));
    let time = NaiveTime::from_hms_opt(WEEK_HOUR, 0, 0)?;
    Some(zone.first_time(today.checked_sub_days(back)?.and_time(time)))
}

/// Returns who learns of a request for cover: the people of the schedule, and whoever wants it once
/// somebody has accepted.
fn of_cover(directory: &Directory, cover: &Cover, now: DateTime<Utc>) -> Vec<ShiftNotice> {
    let Some(schedule) = directory.schedule(&cover.schedule) else { return Vec::new() };
    let zone = schedule.zone();
    let span = format!("{} to {}", local(&zone, cover.from), local(&zone, cover.to));
    let name = |handle: &str| {
        directory.person(handle).map_or_else(|| handle.to_owned(), |person| person.name.clone())
    };
    let notice = |kind, person: &PersonRef, due: DateTime<Utc>, text: String| ShiftNotice {
        kind,
        key: format!("{} {}", cover.id, person.handle),
        person: person.clone(),
        due,
        until: due + LATE,
        text,
    };
    match (cover.state, cover.requested_at, &cover.accepted_by, cover.closed_at) {
        (CoverState::Open, Some(at), _, _) if cover.is_open(now) => {
            let swap = cover.in_return.map_or_else(String::new, |span| {
                let (from, to) = (local(&zone, span.from), local(&zone, span.to));
                format!(", in return for {from} to {to}")
            });
            let note = cover.note.as_ref().map_or_else(String::new, |note| format!("\n{note}"));
            let text = format!(
                "{} wants cover on {}: {span} ({}){swap}. The first who accepts stands in.{note}",
                name(&cover.person),
                cover.schedule,
                zone.name()
            );
            let is_of_it = |person: &&PersonRef| {
                person.handle != cover.person && directory.is_of_schedule(schedule, &person.handle)
            };
            let people = directory.people.iter().filter(is_of_it);
            people
                .map(|person| notice(ReminderKind::CoverRequested, person, at, text.clone()))
                .collect()
        }
        (CoverState::Accepted, _, Some(by), Some(at)) => {
            let text =
                format!("{} covers you on {}: {span} ({}).", name(by), cover.schedule, zone.name());
            let person = directory.person(&cover.person);
            person
                .map(|person| notice(ReminderKind::CoverAccepted, person, at, text))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn local(zone: &Zone, at: DateTime<Utc>) -> String {
    zone.shown_at(at).format("%a %-d %b %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    fn directory() -> Directory {
        serde_json::from_value(json!({
            "people": [
                {"handle": "ines", "name": "Ines"},
                {"handle": "tomo", "name": "Tomo"},
                {"handle": "mei", "name": "Mei"},
            ],
            "schedules": [{
                "team": "web", "rotation": ["ines", "tomo"], "zone": "Europe/Berlin", "turn_s": 604_800,
                "starts_at": "2026-03-02T08:00:00Z",
            }],
        }))
        .unwrap()
    }

    /// Returns kind, handle and due time of what is due at a time.
    fn due(directory: &Directory, settings: ReminderSettings, now: &str) -> Vec<String> {
        let notices = shift_notices(directory, settings, at(now));
        let due = notices.iter().filter(|notice| notice.due <= at(now));
        due.map(|notice| {
            let time = notice.due.format("%m-%d %H:%M");
            format!("{} {} {time}", notice.kind, notice.person.handle)
        })
        .collect()
    }

    #[test]
    fn beginning_of_a_shift_is_announced_once_it_is_near() {
        let settings = ReminderSettings { on_call_s: Some(3600), ..ReminderSettings::default() };
        let directory = directory();
        assert_eq!(due(&directory, settings, "2026-03-09T06:59"), [""; 0]);
        assert_eq!(due(&directory, settings, "2026-03-09T07:00"), ["on call tomo 03-09 07:00"]);
        assert_eq!(due(&directory, settings, "2026-03-09T08:00"), [""; 0]);
        let notices = shift_notices(&directory, settings, at("2026-03-09T07:10"));
        assert!(notices[0].text.contains("Mon 9 Mar 09:00"), "{}", notices[0].text);
    }

    #[test]
    fn week_is_described_on_monday_at_nine_by_the_local_clock() {
        let settings = ReminderSettings { week: true, ..ReminderSettings::default() };
        let directory = directory();
        assert_eq!(due(&directory, settings, "2026-03-09T07:59"), [""; 0]);
        assert_eq!(due(&directory, settings, "2026-03-09T08:00"), ["week tomo 03-09 08:00"]);
        // After the clock was set forward. The turn still changes at eight in UTC.
        let summer = due(&directory, settings, "2026-03-30T07:00");
        assert_eq!(summer, ["week ines 03-30 07:00", "week tomo 03-30 07:00"]);
        assert_eq!(due(&directory, settings, "2026-03-10T09:00"), [""; 0]);
    }

    #[test]
    fn people_of_the_schedule_learn_who_wants_cover() {
        let mut directory = directory();
        directory.covers = serde_json::from_value(json!([{
            "id": "019cb000-0000-7100-8000-000000000001", "schedule": "web", "person": "ines",
            "from": at("2026-03-04T00:00"), "to": at("2026-03-05T00:00"),
            "requested_at": at("2026-03-03T10:00"),
        }]))
        .unwrap();
        let off = ReminderSettings::default();
        assert_eq!(due(&directory, off, "2026-03-03T10:00"), ["cover requested tomo 03-03 10:00"]);
        assert_eq!(due(&directory, off, "2026-03-03T22:00"), [""; 0]);
        directory.covers[0].state = CoverState::Accepted;
        directory.covers[0].accepted_by = Some("tomo".into());
        directory.covers[0].closed_at = Some(at("2026-03-03T11:00"));
        assert_eq!(due(&directory, off, "2026-03-03T11:00"), ["cover accepted ines 03-03 11:00"]);
    }
}
