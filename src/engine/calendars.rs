//! Reads the calendars of schedules, so that who is on call by them is known to all programs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::backoff::Backoff;
use super::parts::Parts;
use super::settings::EngineSettings;
use crate::backend::BackendError;
use crate::model::calendar::{CalendarPeople, CalendarSource, read_calendar};
use crate::model::directory::Directory;
use crate::model::notification::Contacts;
use crate::model::oncall::{ScheduleCalendar, Zone};
use crate::model::text::{sanitize, truncate};

/// How often a calendar is read. Many calendars are themselves hours late.
const INTERVAL: TimeDelta = TimeDelta::minutes(15);
/// How soon one is read again that could not be read.
const RETRY: TimeDelta = TimeDelta::minutes(3);
/// The longest wait: a machine that was suspended is noticed after that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The range that is read: from a month back to 13 months ahead.
const BEFORE: TimeDelta = TimeDelta::days(31);
const AHEAD: TimeDelta = TimeDelta::days(396);
/// The most characters of an error.
const MAX_ERROR: usize = 200;

/// Reads the calendars of the settings.
pub(super) struct Calendars<'a> {
    engine: &'a Parts,
}

impl<'a> Calendars<'a> {
    pub(super) fn new(engine: &'a Parts) -> Self {
        Self { engine }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(self) -> Infallible {
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let current = settings.borrow_and_update().clone();
            let wait = match self.turn(&current).await {
                Ok(()) => {
                    backoff.reset();
                    MAX_WAIT
                }
                Err(error) => backoff.wait_after(&error, "the reading of calendars"),
            };
            let has_calendars = !current.calendars.is_empty();
            let pause = async {
                if has_calendars {
                    self.engine.clock.sleep(wait).await;
                } else {
                    // Only changed settings can have a calendar.
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = pause => {}
                _ = settings.changed() => {}
            }
        }
    }

    /// Reads each calendar that no program has read recently.
    async fn turn(&self, settings: &EngineSettings) -> Result<(), BackendError> {
        let Some(reader) = settings.calendar_reader.as_ref() else { return Ok(()) };
        for source in settings.calendars.iter() {
            let directory = self.engine.backend.directory().await?;
            let now = self.engine.clock.now();
            let unread = source.unread();
            let copy = directory.schedule(&source.schedule).and_then(|one| one.calendar.as_ref());
            let copy = copy.filter(|copy| copy.fingerprint == unread.fingerprint);
            if copy.is_some_and(|copy| !is_due(copy, now)) {
                continue;
            }
            let before = copy.cloned().unwrap_or(unread);
            let text = reader.read(&source.location).await;
            let contacts = self.engine.with_stored(settings).await?.contacts;
            let read = reading(source, before, text, &directory, &contacts, now);
            if let Some(error) = &read.error {
                tracing::warn!(schedule = source.schedule, "a calendar can't be read: {error}");
            }
            self.engine.ledger.store_calendar(&read).await?;
        }
        Ok(())
    }
}

fn is_due(copy: &ScheduleCalendar, now: DateTime<Utc>) -> bool {
    let interval = if copy.error.is_some() { RETRY } else { INTERVAL };
    // A clock that was set back must not delay the next reading for long.
    copy.checked_at.is_none_or(|at| now - at >= interval || at > now)
}

/// Returns the known content of a calendar after an attempt to read it: after a failure the last
/// content remains in effect.
fn reading(
    source: &CalendarSource,
    before: ScheduleCalendar,
    text: Result<String, String>,
    directory: &Directory,
    contacts: &Contacts,
    now: DateTime<Utc>,
) -> ScheduleCalendar {
    let zone = source.zone.as_deref().and_then(|name| Zone::find(name).ok());
    let people = CalendarPeople { people: &directory.people, mails: mails(contacts) };
    let read = text.and_then(|text| {
        read_calendar(&text, zone.as_ref(), &people, (now - BEFORE, now + AHEAD))
            .map_err(|error| error.to_string())
    });
    match read {
        Ok(read) => ScheduleCalendar {
            as_of: Some(now),
            checked_at: Some(now),
            error: None,
            problems: read.problems,
            shifts: read.shifts,
            ..before
        },
        Err(error) => {
            let error = truncate(sanitize(&error), MAX_ERROR).to_string();
            ScheduleCalendar { checked_at: Some(now), error: Some(error), ..before }
        }
    }
}

/// Returns the addresses of mail of the contacts, with the handles of those who have them.
fn mails(contacts: &Contacts) -> Vec<(String, String)> {
    let mut mails = BTreeMap::new();
    for person in &contacts.people {
        for contact in person.contacts.iter().filter(|contact| contact.address.contains('@')) {
            mails.insert(contact.address.to_ascii_lowercase(), person.person.clone());
        }
    }
    mails.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PersonRef;
    use crate::model::calendar::CalendarLocation;

    fn source() -> CalendarSource {
        let location = CalendarLocation::Url {
            url: "https://calendar.example.com/private-77/basic.ics".into(),
            host: "calendar.example.com".into(),
        };
        CalendarSource { schedule: "payments".into(), zone: None, location }
    }

    fn read(
        before: ScheduleCalendar,
        text: Result<&str, &str>,
        now: DateTime<Utc>,
    ) -> ScheduleCalendar {
        let people = vec![PersonRef::new("ines", "Ines")];
        let directory = Directory { people, ..Directory::default() };
        let text = text.map(str::to_owned).map_err(str::to_owned);
        reading(&source(), before, text, &directory, &Contacts::default(), now)
    }

    #[test]
    fn last_good_copy_goes_on_counting() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260302T080000Z\r\n\
                    DURATION:P7D\r\nSUMMARY:ines\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let first = read(source().unread(), Ok(text), now);
        assert_eq!(first.shift_at(now).map(|shift| shift.person.as_str()), Some("ines"));
        assert!(!is_due(&first, now + TimeDelta::minutes(14)));
        assert!(is_due(&first, now + TimeDelta::minutes(15)));
        let later = now + TimeDelta::hours(3);
        for failure in [Err("calendar.example.com answered 503"), Ok("<html>Sign in</html>")] {
            let failed = read(first.clone(), failure, later);
            assert_eq!((failed.as_of, failed.checked_at), (Some(now), Some(later)));
            assert_eq!(failed.shifts, first.shifts);
            assert!(failed.error.is_some() && failed.is_old(later));
            assert!(is_due(&failed, later + RETRY));
        }
    }

    #[test]
    fn address_is_shown_by_its_host_alone() {
        let unread = source().unread();
        let shown = format!("{:?} {}", source(), serde_json::to_string(&unread).unwrap());
        assert!(shown.contains("calendar.example.com") && !shown.contains("private-77"), "{shown}");
    }
}
