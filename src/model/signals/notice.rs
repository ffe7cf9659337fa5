//! Notices about no incident: a shift begins soon, the shifts of the week, requests for cover and
//! their acceptance, and the coming end of a maintenance window.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveTime, TimeDelta, Utc};

use super::reminder::ReminderSettings;
use crate::model::actor::PersonRef;
use crate::model::coverage::{Shift, shifts};
use crate::model::directory::Directory;
use crate::model::id::{CoverId, EventId};
use crate::model::maintenance::{MaintenanceWindow, WindowState, short_id};
use crate::model::notification::step::LATE_AFTER;
use crate::model::notification::{
    Contacts, MessageKind, Notification, Occasion, ReminderKind, plan_notice,
};
use crate::model::oncall::{Cover, CoverState, Schedule, Zone};
use crate::model::time::format_duration;

/// How long ago a shift may have begun for its begin to be found.
const BACK: TimeDelta = TimeDelta::hours(2);
/// The span of time ahead for which notices are returned.
const AHEAD: TimeDelta = TimeDelta::hours(26);
/// For how long a notice about a week or about cover is not too late.
const LATE: TimeDelta = TimeDelta::hours(12);
/// The local hour on Mondays at which the week is described.
const WEEK_HOUR: u32 = 9;
/// How many changes of a schedule are followed to the end of a shift.
const MAX_CHANGES: usize = 1000;
/// The most shifts that a description of a week has.
const MAX_LINES: usize = 14;

/// Something that a person learns once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The kind.
    pub kind: ReminderKind,
    /// The identity among notices of its kind.
    pub key: String,
    /// The recipient.
    pub person: PersonRef,
    /// The due time.
    pub due: DateTime<Utc>,
    /// The time after which it is useless.
    pub until: DateTime<Utc>,
    /// The text.
    pub text: String,
    /// The request for cover that the recipient can answer, if any.
    pub cover: Option<CoverId>,
}

impl Notice {
    /// Returns the notifications by which the person learns it. There is none for a person without
    /// contacts.
    #[must_use]
    pub fn plan(&self, contacts: &Contacts, now: DateTime<Utc>) -> Vec<Notification> {
        let occasion = Occasion {
            kind: MessageKind::Reminder,
            reminder: Some(self.kind),
            event: EventId::new(),
            due: self.due,
        };
        let said = (self.text.as_str(), self.until);
        let mut planned = plan_notice(&self.person, occasion, said, contacts, now);
        for notification in &mut planned {
            notification.cover = self.cover;
        }
        planned
    }
}

/// Returns the notices for the creators of maintenance windows that these end soon; for a recurring
/// one, only at its last occurrence. There is none for a window that is shorter than the notice
/// period.
#[must_use]
pub fn notices_of_windows(
    windows: &[MaintenanceWindow],
    settings: ReminderSettings,
    now: DateTime<Utc>,
) -> Vec<Notice> {
    let Some(lead_s) = settings.windows_s else { return Vec::new() };
    let lead = TimeDelta::try_seconds(lead_s).unwrap_or_default();
    let ends = windows.iter().filter(|window| window.ended_at.is_none()).filter_map(|window| {
        let person = window.created_by.person()?;
        let WindowState::Active(occurrence) = window.state(now) else { return None };
        let comes_again = window.next_occurrence(now).is_some();
        if comes_again || occurrence.until - occurrence.from <= lead {
            return None;
        }
        let time = occurrence.until.format("%Y-%m-%d %H:%M UTC");
        Some(Notice {
            kind: ReminderKind::Maintenance,
            // If it is extended, its creator is notified of the new end as well.
            key: format!("{} {}", window.id, occurrence.until.timestamp()),
            person: person.clone(),
            due: occurrence.until - lead,
            until: occurrence.until,
            text: format!(
                "The maintenance window {} ends at {time}: {}. What still fires then calls people.",
                short_id(window.id),
                window.title
            ),
            cover: None,
        })
    });
    ends.collect()
}

/// Returns the notices about shifts that are due now and in the coming day.
#[must_use]
pub fn notices_of_shifts(
    directory: &Directory,
    settings: ReminderSettings,
    now: DateTime<Utc>,
) -> Vec<Notice> {
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
) -> Vec<Notice> {
    let zone = schedule.zone();
    let shifts = shifts(directory, schedule, now - BACK, now + lead + AHEAD);
    let mut notices = Vec::new();
    for pair in shifts.windows(2) {
        let [before, shift] = pair else { continue };
        let Some(person) = shift.person.as_ref().filter(|_| before.person != shift.person) else {
            continue;
        };
        let name = schedule.key();
        let due = shift.from - lead;
        let begins = local(&zone, shift.from);
        let span = match end_of(directory, schedule, shift) {
            Some(end) => format!("{begins} to {}", local(&zone, end)),
            None => format!("from {begins} on"),
        };
        // No program ran when it was due.
        let is_late = now - due > LATE_AFTER;
        notices.push(Notice {
            kind: ReminderKind::OnCall,
            key: format!("{name} {} {}", person.handle, shift.from.timestamp()),
            person: person.clone(),
            due,
            until: shift.from,
            text: format!(
                "You go on call for {name} in {}: {span} ({}).",
                format_duration(if is_late { shift.from - now } else { lead }),
                zone.name()
            ),
            cover: None,
        });
    }
    notices
}

/// Returns when somebody else is on call after the person of a shift, whose own end may be that of the
/// time that was searched; `None` if that is not known.
fn end_of(directory: &Directory, schedule: &Schedule, shift: &Shift) -> Option<DateTime<Utc>> {
    let mut at = shift.from;
    for _ in 0..MAX_CHANGES {
        at = schedule.next_change(at)?;
        let person = schedule.on_call(at).and_then(|handle| directory.person(handle));
        if person != shift.person.as_ref() {
            return Some(at);
        }
    }
    None
}

/// Returns a description of the week for each person who is on call in it, on its Monday.
fn weeks(directory: &Directory, now: DateTime<Utc>) -> Vec<Notice> {
    let mut of_people: BTreeMap<String, Notice> = BTreeMap::new();
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
                let notice = of_people.entry(key.clone()).or_insert_with(|| Notice {
                    kind: ReminderKind::Week,
                    key,
                    person: person.clone(),
                    due,
                    until: due + LATE,
                    text: "Your week on call:".to_owned(),
                    cover: None,
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

/// Returns the recipients of notices about a request for cover: those who can accept it and have
/// not declined it, and the requester once it is accepted or nobody can accept it any more.
fn of_cover(directory: &Directory, cover: &Cover, now: DateTime<Utc>) -> Vec<Notice> {
    let Some(schedule) = directory.schedule(&cover.schedule) else { return Vec::new() };
    let zone = schedule.zone();
    let span = format!("{} to {}", local(&zone, cover.from), local(&zone, cover.to));
    let name = |handle: &str| {
        directory.person(handle).map_or_else(|| handle.to_owned(), |person| person.name.clone())
    };
    let notice = |kind, person: &PersonRef, due: DateTime<Utc>, text: String| Notice {
        kind,
        key: format!("{} {}", cover.id, person.handle),
        person: person.clone(),
        due,
        until: due + LATE,
        text,
        cover: None,
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
            let can_accept = |person: &&PersonRef| {
                let handle = &person.handle;
                directory.can_cover(cover, handle, now) && !cover.is_declined_by(handle)
            };
            let people = directory.people.iter().filter(can_accept);
            let asked = people.map(|person| Notice {
                cover: Some(cover.id),
                ..notice(ReminderKind::CoverRequested, person, at, text.clone())
            });
            asked.collect()
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
        (CoverState::Declined, _, _, Some(at)) => {
            let text = match (cover.in_return, &cover.declined_by[..]) {
                (Some(_), [by]) => format!(
                    "{} declines your swap on {}: you are on call {span} ({}) as before.",
                    name(by),
                    cover.schedule,
                    zone.name()
                ),
                _ => format!(
                    "Everybody who could cover you on {} has declined: you are on call {span} ({}) as \
                     before.",
                    cover.schedule,
                    zone.name()
                ),
            };
            let person = directory.person(&cover.person);
            person
                .map(|person| notice(ReminderKind::CoverDeclined, person, at, text))
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
    use rstest::rstest;
    use serde_json::{Value, json};

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

    /// Returns kind, handle and due time of the notices that are due at a time.
    fn due(directory: &Directory, settings: ReminderSettings, now: &str) -> Vec<String> {
        let notices = notices_of_shifts(directory, settings, at(now));
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
        let notices = notices_of_shifts(&directory, settings, at("2026-03-09T07:10"));
        assert!(notices[0].text.contains("Mon 9 Mar 09:00"), "{}", notices[0].text);
    }

    #[rstest]
    #[case::in_time("2026-03-09T06:00", "in 1h00: Mon 9 Mar 09:00 to Mon 16 Mar 09:00")]
    #[case::a_minute_after("2026-03-09T07:01", "in 1h00: Mon 9 Mar 09:00 to Mon 16 Mar 09:00")]
    #[case::late("2026-03-09T07:48", "in 12m: Mon 9 Mar 09:00 to Mon 16 Mar 09:00")]
    fn announced_shift_has_its_own_end(#[case] now: &str, #[case] expected: &str) {
        let settings = ReminderSettings { on_call_s: Some(3600), ..ReminderSettings::default() };
        let notices = notices_of_shifts(&directory(), settings, at(now));
        let text = format!("You go on call for web {expected} (Europe/Berlin).");
        assert_eq!(notices[0].text, text);
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

    #[rstest]
    // 12:00 is the end of the window.
    #[case(json!({}), "2026-03-04T11:44", Some("2026-03-04T11:45"))]
    #[case(json!({}), "2026-03-04T12:00", None)]
    #[case(json!({"ended_at": "2026-03-04T11:50:00Z"}), "2026-03-04T11:46", None)]
    #[case(json!({"created_by": {"integration": "Deployer"}}), "2026-03-04T11:50", None)]
    #[case(json!({"from": "2026-03-04T11:50:00Z"}), "2026-03-04T11:55", None)]
    #[case(json!({"recurrence": {"repeats": "daily", "zone": "UTC"}}), "2026-03-04T11:50", None)]
    fn creator_of_a_window_learns_that_it_ends(
        #[case] changed: Value,
        #[case] now: &str,
        #[case] expected: Option<&str>,
    ) {
        let mut fields = json!({
            "id": "0198c0de-0000-7000-8000-000000000001", "title": "The pool is replaced",
            "filter": {"services": ["checkout"]}, "from": "2026-03-04T10:00:00Z",
            "until": "2026-03-04T12:00:00Z",
            "created_by": {"person": {"handle": "ines", "name": "Ines"}},
            "created_at": "2026-03-01T09:00:00Z",
        });
        if let Value::Object(changed) = changed {
            for (name, value) in changed {
                fields[name] = value;
            }
        }
        let window: MaintenanceWindow = serde_json::from_value(fields).unwrap();
        let off = ReminderSettings::default();
        assert_eq!(notices_of_windows(std::slice::from_ref(&window), off, at(now)), []);
        let settings = ReminderSettings { windows_s: Some(900), ..off };
        let notices = notices_of_windows(&[window], settings, at(now));
        assert_eq!(notices.first().map(|notice| notice.due), expected.map(at));
        assert!(notices.iter().all(|notice| notice.person.handle == "ines"));
    }

    #[test]
    fn only_who_can_give_the_shift_learns_of_a_swap() {
        let mut directory = directory();
        directory.schedules[0].rotation.push("mei".into());
        // Tomo has the week from 9 March on, and mei the one after it.
        let swap = |from: &str, to: &str| {
            let id = "019cb000-0000-7100-8000-000000000001";
            json!([{
                "id": id, "schedule": "web", "person": "ines",
                "from": at("2026-03-04T00:00"), "to": at("2026-03-05T00:00"),
                "in_return": {"from": at(from), "to": at(to)},
                "requested_at": at("2026-03-03T10:00"),
            }])
        };
        let off = ReminderSettings::default();
        for (from, to, expected) in [
            ("2026-03-10T00:00", "2026-03-11T00:00", "cover requested tomo 03-03 10:00"),
            ("2026-03-17T00:00", "2026-03-18T00:00", "cover requested mei 03-03 10:00"),
        ] {
            directory.covers = serde_json::from_value(swap(from, to)).unwrap();
            assert_eq!(due(&directory, off, "2026-03-03T10:00"), [expected]);
        }
        // No one person has all of it.
        let split = swap("2026-03-15T00:00", "2026-03-18T00:00");
        directory.covers = serde_json::from_value(split).unwrap();
        assert_eq!(due(&directory, off, "2026-03-03T10:00"), [""; 0]);
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
        directory.covers[0].state = CoverState::Declined;
        directory.covers[0].accepted_by = None;
        directory.covers[0].declined_by = vec!["tomo".into()];
        assert_eq!(due(&directory, off, "2026-03-03T11:00"), ["cover declined ines 03-03 11:00"]);
    }
}
