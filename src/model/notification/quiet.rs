//! When quiet hours end, by the clock on the wall.

use chrono::{DateTime, Days, Local, NaiveDateTime, TimeDelta, TimeZone, Utc};

use super::contact::QuietHours;
use crate::model::oncall::Zone;

/// Longer than any hour that a clock skips.
const SKIPPED: TimeDelta = TimeDelta::hours(3);

/// A clock on the wall.
enum WallClock {
    Zone(Zone),
    /// The zone of the machine.
    Machine,
}

impl WallClock {
    /// Returns the clock of a zone. A zone of which this machine has no file counts as its own.
    fn find(zone: Option<&str>) -> Self {
        zone.and_then(|name| Zone::find(name).ok()).map_or(Self::Machine, Self::Zone)
    }

    fn shown_at(&self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Zone(zone) => zone.shown_at(at),
            Self::Machine => at.with_timezone(&Local).naive_local(),
        }
    }

    /// Returns the first time at which the clock shows `local` or more.
    fn first_time(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self {
            Self::Zone(zone) => Some(zone.first_time(local)),
            Self::Machine => {
                let exact = Local.from_local_datetime(&local).earliest();
                let skipped = || Local.from_local_datetime(&(local + SKIPPED)).earliest();
                exact.or_else(skipped).map(|at| at.with_timezone(&Utc))
            }
        }
    }
}

impl QuietHours {
    /// Returns when a notification that is due at `due` may be sent: then, or at the end of the
    /// quiet hours in which it is due.
    #[must_use]
    pub fn postpone(&self, due: DateTime<Utc>) -> DateTime<Utc> {
        let clock = WallClock::find(self.zone.as_deref());
        let shown = clock.shown_at(due);
        if !self.contains(shown.time()) {
            return due;
        }
        let day = if shown.time() < self.to {
            Some(shown.date())
        } else {
            shown.date().checked_add_days(Days::new(1))
        };
        let end = day.and_then(|day| clock.first_time(day.and_time(self.to)));
        end.map_or(due, |end| end.max(due))
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;
    use rstest::rstest;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::before("22:00", "07:00", "2026-01-05T20:59:00Z", "2026-01-05T20:59:00Z")]
    #[case::in_the_evening("22:00", "07:00", "2026-01-05T21:00:00Z", "2026-01-06T06:00:00Z")]
    #[case::after_midnight("22:00", "07:00", "2026-01-06T05:59:59Z", "2026-01-06T06:00:00Z")]
    #[case::at_the_end("22:00", "07:00", "2026-01-06T06:00:00Z", "2026-01-06T06:00:00Z")]
    #[case::at_noon("12:00", "13:30", "2026-07-06T10:15:00Z", "2026-07-06T11:30:00Z")]
    #[case::all_day("08:00", "08:00", "2026-01-06T10:00:00Z", "2026-01-07T07:00:00Z")]
    #[case::end_is_skipped("23:00", "02:30", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z")]
    #[case::night_is_longer("22:00", "07:00", "2026-10-24T20:00:00Z", "2026-10-25T06:00:00Z")]
    fn what_may_wait_is_sent_at_the_end_of_quiet_hours(
        #[case] from: &str,
        #[case] to: &str,
        #[case] due: &str,
        #[case] sent: &str,
    ) {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        let zone = Some("Europe/Berlin".to_owned());
        let quiet = QuietHours { from: time(from), to: time(to), zone };
        assert_eq!(quiet.postpone(utc(due)), utc(sent));
    }

    #[test]
    fn quiet_hours_of_the_machine_end_as_well() {
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let quiet = QuietHours { from: time(22), to: time(7), zone: None };
        let due = Local.with_ymd_and_hms(2026, 1, 5, 23, 0, 0).unwrap().with_timezone(&Utc);
        let end = Local.with_ymd_and_hms(2026, 1, 6, 7, 0, 0).unwrap().with_timezone(&Utc);
        assert_eq!(quiet.postpone(due), end);
    }
}
