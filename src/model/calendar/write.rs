//! Shifts as a calendar in the format of RFC 5545 (iCalendar), for programs that show calendars.

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component, Event, EventLike, Property};
use sha2::{Digest, Sha256};

use crate::model::coverage::{CoverageLine, Shift, TeamCoverage};
use crate::model::text::sanitize;

/// Returns the shifts of some teams between two times, or those of one person. Times are UTC, so it needs
/// no definition of a zone; texts are escaped and lines folded.
#[must_use]
pub fn calendar(
    teams: &[TeamCoverage],
    person: Option<&str>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> String {
    let mut calendar = Calendar::empty();
    let name = match person {
        Some(handle) => format!("On call: {}", sanitize(handle)),
        None => "On call".to_owned(),
    };
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//redphone//on call//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", &name),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    let mut refresh = Property::new("REFRESH-INTERVAL", "PT1H");
    refresh.add_parameter("VALUE", "DURATION");
    calendar.append_property(refresh);
    for team in teams {
        for line in &team.lines {
            for shift in &line.shifts {
                if let Some(event) = event(team, line, shift, person, (from, to)) {
                    calendar.push(event);
                }
            }
        }
    }
    calendar.to_string()
}

/// Returns the entry of a shift; `None` if nobody is called in it, or another person.
fn event(
    team: &TeamCoverage,
    line: &CoverageLine,
    shift: &Shift,
    wanted: Option<&str>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Option<Event> {
    let person = shift.person.as_ref()?;
    if wanted.is_some_and(|handle| !handle.eq_ignore_ascii_case(&person.handle)) {
        return None;
    }
    let name = sanitize(&person.name);
    // A schedule without a policy has no levels.
    let level = if line.level > 0 { format!(", level {}", line.level) } else { String::new() };
    let summary = format!("{name} on call for {}{level}", sanitize(&team.team));
    let mut event = Event::new();
    event
        .uid(&uid(team, line, shift, to))
        .timestamp(from)
        .starts(shift.from)
        .ends(shift.to)
        .summary(&summary);
    let remarks: Vec<&str> = [
        (shift.is_override, "Stands in."),
        (shift.from <= from, "It began before this calendar."),
        (shift.to >= to, "It goes on after this calendar."),
    ]
    .into_iter()
    .filter_map(|(holds, remark)| holds.then_some(remark))
    .collect();
    if !remarks.is_empty() {
        event.description(&remarks.join(" "));
    }
    Some(event.done())
}

/// Returns an identifier of a shift that is the same in later calendars: its end, or its start if
/// the end is only that of the calendar.
fn uid(team: &TeamCoverage, line: &CoverageLine, shift: &Shift, to: DateTime<Utc>) -> String {
    let at = if shift.to < to { shift.to } else { shift.from };
    let handle = shift.person.as_ref().map_or("", |person| &person.handle);
    let mut hash = Sha256::new();
    for part in [&team.team, &line.level.to_string(), handle, &at.to_rfc3339()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    format!("{}@redphone", hex::encode(&hash.finalize()[..16]))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::PersonRef;

    fn at(hours: i64) -> DateTime<Utc> {
        "2026-03-01T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
    }

    fn shift(from: i64, to: i64, person: Option<(&str, &str)>) -> Shift {
        Shift {
            from: at(from),
            to: at(to),
            person: person.map(|(handle, name)| PersonRef::new(handle, name)),
            unknown_handle: None,
            is_override: from == 12,
        }
    }

    fn teams() -> Vec<TeamCoverage> {
        let shifts = vec![
            shift(0, 12, Some(("ines", "Ines Moreau"))),
            shift(12, 24, Some(("tomo", "Sato, Tomo; \u{65e5}\u{672c}"))),
            shift(24, 30, None),
            shift(30, 48, Some(("ines", "Ines Moreau"))),
        ];
        let line =
            CoverageLine { level: 1, after_s: Some(0), of_team: None, by_turns: false, shifts };
        vec![TeamCoverage { team: "payments".into(), lines: vec![line] }]
    }

    /// Returns the lines after unfolding.
    fn lines(person: Option<&str>) -> Vec<String> {
        let text = calendar(&teams(), person, (at(0), at(48)));
        assert!(text.ends_with("END:VCALENDAR\r\n"), "{text:?}");
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        text.replace("\r\n ", "").split("\r\n").map(ToOwned::to_owned).collect()
    }

    #[test]
    fn calendar_has_each_shift_with_a_person() {
        let lines = lines(None);
        assert_eq!(lines.iter().filter(|line| *line == "BEGIN:VEVENT").count(), 3);
        for expected in [
            "METHOD:PUBLISH",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "DTSTART:20260301T080000Z",
            "DTEND:20260301T200000Z",
            "DTSTAMP:20260301T080000Z",
            "SUMMARY:Ines Moreau on call for payments\\, level 1",
            "SUMMARY:Sato\\, Tomo\\; \u{65e5}\u{672c} on call for payments\\, level 1",
            "DESCRIPTION:Stands in.",
            "DESCRIPTION:It goes on after this calendar.",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected}: {lines:#?}");
        }
    }

    #[test]
    fn calendar_of_a_person_has_no_other_shift() {
        let lines = lines(Some("INES"));
        let summaries = lines.iter().filter(|line| line.starts_with("SUMMARY:"));
        assert_eq!(summaries.clone().count(), 2);
        assert!(summaries.clone().all(|line| line.contains("Ines Moreau")), "{lines:#?}");
    }

    #[test]
    fn shift_has_the_same_id_in_a_later_calendar() {
        let ids = |from: i64, to: i64| -> Vec<String> {
            let text = calendar(&teams(), None, (at(from), at(to)));
            let ids = text.split("\r\n").filter(|line| line.starts_with("UID:"));
            ids.map(ToOwned::to_owned).collect()
        };
        let (first, later) = (ids(0, 48), ids(1, 60));
        assert_eq!(first[..2], later[..2]);
        let different: std::collections::BTreeSet<&String> = first.iter().collect();
        assert_eq!(different.len(), 3);
    }
}
