//! Entries of a calendar (`VEVENT`).

use super::lines::{ContentLine, content_lines};
use super::problems::{CalendarError, Problems};
use super::recurrence::Recurrence;
use super::times::{CalendarTime, Length, Zones, named_zone, parse_length};
use crate::model::oncall::Zone;
use crate::model::text::sanitize;

/// The most entries that are read.
const MAX_ENTRIES: usize = 10_000;
/// The most times that an entry names one by one.
const MAX_TIMES: usize = 2_000;

/// Somebody who takes part in an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Attendee {
    /// The name, if one is given.
    pub(super) name: Option<String>,
    /// The address, such as `ines@example.com`.
    pub(super) mail: Option<String>,
}

/// An entry of a calendar.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) uid: String,
    pub(super) summary: String,
    pub(super) attendees: Vec<Attendee>,
    pub(super) start: CalendarTime,
    pub(super) length: Length,
    pub(super) recurrence: Option<Recurrence>,
    pub(super) more_times: Vec<CalendarTime>,
    pub(super) excluded: Vec<CalendarTime>,
    /// The time of the recurring entry that this one replaces.
    pub(super) replaces: Option<CalendarTime>,
    pub(super) is_cancelled: bool,
    pub(super) sequence: i64,
}

/// Reads all entries of a calendar.
pub(super) fn read_entries(
    text: &str,
    zone: Option<&Zone>,
    problems: &mut Problems,
) -> Result<Vec<Entry>, CalendarError> {
    let lines: Vec<ContentLine> = content_lines(text).collect();
    let is = |line: &ContentLine, name: &str, value: &str| {
        line.name == name && line.value.trim().eq_ignore_ascii_case(value)
    };
    if !lines.first().is_some_and(|line| is(line, "BEGIN", "VCALENDAR")) {
        return Err(CalendarError::NoCalendar);
    }
    if !lines.iter().any(|line| is(line, "END", "VCALENDAR")) {
        return Err(CalendarError::Incomplete);
    }
    let zones = zones(&lines, zone);
    let mut entries = Vec::new();
    let mut components: Vec<String> = Vec::new();
    let mut of_entry: Vec<&ContentLine> = Vec::new();
    for line in &lines {
        match line.name.as_str() {
            "BEGIN" => components.push(line.value.trim().to_ascii_uppercase()),
            "END" => {
                let ended = components.pop();
                if ended.as_deref() == Some("VEVENT") {
                    let lines = std::mem::take(&mut of_entry);
                    if entries.len() < MAX_ENTRIES {
                        entries.extend(read_entry(&lines, &zones, problems));
                    } else {
                        problems.add(&format!("only the first {MAX_ENTRIES} entries are read"));
                    }
                }
            }
            // A component inside an entry, such as an alarm, has properties of its own.
            _ if components.last().is_some_and(|component| component == "VEVENT") => {
                of_entry.push(line);
            }
            _ => {}
        }
    }
    Ok(entries)
}

/// Returns the zones that the calendar defines, and the one of times without a zone.
fn zones(lines: &[ContentLine], zone: Option<&Zone>) -> Zones {
    let named = |name: &str| lines.iter().find(|line| line.name == name).map(ContentLine::text);
    let floating = zone.cloned().or_else(|| named_zone(&named("X-WR-TIMEZONE")?));
    let mut defined = Vec::new();
    let mut own_name = None;
    for line in lines {
        match line.name.as_str() {
            "TZID" => own_name = Some(line.text()),
            "X-LIC-LOCATION" | "X-ENTOURAGE-CFTIMEZONE" => {
                defined.extend(own_name.clone().map(|own| (own, line.text())));
            }
            _ => {}
        }
    }
    Zones { floating: floating.unwrap_or_else(Zone::utc), defined }
}

/// Reads one entry; `None` if it has no start.
fn read_entry(lines: &[&ContentLine], zones: &Zones, problems: &mut Problems) -> Option<Entry> {
    let line = |name: &str| lines.iter().find(|line| line.name == name);
    let text = |name: &str| line(name).map(|line| line.text()).unwrap_or_default();
    let all = |name: &str, problems: &mut Problems| {
        let mut times = Vec::new();
        for line in lines.iter().filter(|line| line.name == name) {
            times.extend(zones.read(line, problems));
        }
        if times.len() > MAX_TIMES {
            problems.add(&format!("only the first {MAX_TIMES} times of {name} are read"));
            times.truncate(MAX_TIMES);
        }
        times
    };
    let summary = text("SUMMARY");
    let shown = sanitize(&summary);
    let Some(start) = all("DTSTART", problems).into_iter().next() else {
        problems.add(&format!("the entry {shown:?} has no start"));
        return None;
    };
    let end = all("DTEND", problems).into_iter().next();
    let length = match (end, line("DURATION")) {
        (Some(end), _) => length_between(&start, &end),
        (None, Some(line)) => parse_length(&line.value),
        // A day without an end is that day; a time without one has no length.
        (None, None) => {
            start.is_day.then_some(Length { days: 1, exact: chrono::TimeDelta::zero() })
        }
    };
    let Some(length) = length else {
        problems.add(&format!("the entry {shown:?} does not end after its start"));
        return None;
    };
    let recurrence = line("RRULE").and_then(|line| {
        let floating = &start.zone;
        match Recurrence::parse(&line.value, floating) {
            Ok(recurrence) => Some(recurrence),
            Err(part) => {
                problems.add(&format!(
                    "the entry {shown:?} comes again in a way that is not understood ({part}): only \
                     its first time counts"
                ));
                None
            }
        }
    });
    if lines.iter().filter(|line| line.name == "RRULE").count() > 1 {
        problems.add(&format!("the entry {shown:?} has several rules: the first one counts"));
    }
    let replaces = line("RECURRENCE-ID");
    if replaces.is_some_and(|line| line.parameter("RANGE").is_some()) {
        problems.add(&format!("the entry {shown:?} replaces all later ones: only one is replaced"));
    }
    Some(Entry {
        uid: text("UID"),
        attendees: attendees(lines),
        length,
        recurrence,
        more_times: all("RDATE", problems),
        excluded: all("EXDATE", problems),
        replaces: replaces.and_then(|line| zones.read(line, problems).into_iter().next()),
        is_cancelled: text("STATUS").eq_ignore_ascii_case("CANCELLED"),
        sequence: text("SEQUENCE").trim().parse().unwrap_or(0),
        summary,
        start,
    })
}

/// Returns how long something lasts. Within one zone that is the difference of local times, so that
/// a recurring turn ends at the same hour in summer and winter.
fn length_between(start: &CalendarTime, end: &CalendarTime) -> Option<Length> {
    if end.utc() <= start.utc() {
        return None;
    }
    let is_same_zone = start.zone.name() == end.zone.name();
    let days = (end.local - start.local).num_days();
    if is_same_zone && let Ok(days) = u64::try_from(days) {
        let reached = start.local.checked_add_days(chrono::Days::new(days))?;
        let exact = end.utc() - start.zone.first_time(reached);
        return Some(Length { days, exact });
    }
    Some(Length { days: 0, exact: end.utc() - start.utc() })
}

fn attendees(lines: &[&ContentLine]) -> Vec<Attendee> {
    let has_declined = |line: &ContentLine| {
        line.parameter("PARTSTAT").is_some_and(|state| state.eq_ignore_ascii_case("DECLINED"))
    };
    let lines = lines.iter().filter(|line| line.name == "ATTENDEE" && !has_declined(line));
    let all = lines.take(50).map(|line| {
        let value = line.value.trim();
        let mail = value
            .get(..7)
            .filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
            .and_then(|_| value.get(7..));
        let mail = mail.or_else(|| value.contains('@').then_some(value));
        Attendee {
            name: line.parameter("CN").filter(|name| !name.is_empty()).map(str::to_owned),
            mail: mail.map(str::to_owned),
        }
    });
    all.collect()
}
