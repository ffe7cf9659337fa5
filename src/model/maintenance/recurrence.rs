//! Recurrence of a maintenance window: every day, or on days of the week, in the local time of a
//! zone.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::oncall::{Day, Zone};
use crate::model::status::growing_enum;

/// The most days in a row that are no days of a recurrence. A week has one of each.
const MAX_GAP: usize = 7;

growing_enum! {
    /// The interval at which a maintenance window recurs.
    Repeats, "repeats" {
        /// Every day.
        Daily = "daily",
        /// On days of the week.
        Weekly = "weekly",
    }
}

/// The recurrence of a maintenance window: at the same local time as the first one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Recurrence {
    /// How often.
    pub repeats: Repeats,
    /// The days of the week on which a weekly one begins; that of the first one if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// The time zone by whose clock it begins and ends, such as `Europe/Berlin`.
    pub zone: String,
    /// The time after which none begins any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<DateTime<Utc>>,
}

/// A time in which a window mutes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Occurrence {
    /// When it begins.
    pub from: DateTime<Utc>,
    /// When it ends.
    pub until: DateTime<Utc>,
}

impl Occurrence {
    /// Returns whether a time is within it.
    #[must_use]
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.until
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.repeats {
            Repeats::Daily => f.write_str("every day")?,
            Repeats::Weekly if self.days.is_empty() => f.write_str("every week")?,
            Repeats::Weekly => {
                let days: Vec<String> = self.days.iter().map(ToString::to_string).collect();
                write!(f, "on {}", days.join(", "))?;
            }
            Repeats::Unknown(word) => f.write_str(word.label())?,
        }
        write!(f, " by the clock of {}", self.zone)?;
        self.last.map_or(Ok(()), |last| write!(f, " until {}", last.format("%Y-%m-%d")))
    }
}

impl Recurrence {
    /// Returns the zone; UTC if this machine does not have it.
    #[must_use]
    pub fn zone(&self) -> Zone {
        Zone::find(&self.zone).unwrap_or_else(|_| Zone::utc())
    }

    /// Returns the occurrences that end after a time, in order. `first` is the one from which they follow.
    ///
    /// Begin and end are at the same local time as those of the first one, so that one over a night in which
    /// clocks change is an hour shorter or longer. One whose local times are all skipped lasts as long as
    /// the first one.
    pub fn occurrences(
        &self,
        first: Occurrence,
        after: DateTime<Utc>,
    ) -> impl Iterator<Item = Occurrence> {
        let zone = self.zone();
        let (begin, end) = (zone.shown_at(first.from), zone.shown_at(first.until));
        // By the local clock: negative if it was set back by more than the window lasts.
        let lasts = (end - begin).max(TimeDelta::zero());
        let earliest = zone.shown_at(after) - lasts - TimeDelta::days(2);
        let start = begin.date().max(earliest.date());
        let (time, last) = (begin.time(), self.last);
        let is_day = self.day_test(begin.date());
        let days = std::iter::successors(Some(start), |day| day.checked_add_days(Days::new(1)));
        let mut gap = 0;
        days.map_while(move |day| {
            gap = if is_day(day) { 0 } else { gap + 1 };
            (gap <= MAX_GAP).then_some((day, gap == 0))
        })
        .filter(|(_, is_day)| *is_day)
        .map(move |(day, _)| {
            // Its begin may be between two seconds, or in an hour that is repeated when clocks are
            // set back.
            if day == begin.date() {
                return first;
            }
            let local = day.and_time(time);
            let from = zone.first_time(local);
            let until = zone.first_time(local + lasts);
            let until = if until > from {
                until
            } else {
                from.checked_add_signed(first.until - first.from).unwrap_or(from)
            };
            Occurrence { from, until }
        })
        .take_while(move |next| last.is_none_or(|last| next.from <= last))
        .filter(move |next| next.until > after && next.from >= first.from)
    }

    /// Returns a test of days on which an occurrence begins.
    fn day_test(&self, first: NaiveDate) -> impl Fn(NaiveDate) -> bool + use<> {
        let index =
            |day: NaiveDate| u8::try_from(day.weekday().num_days_from_monday()).unwrap_or(0);
        let repeats = self.repeats;
        let mut indices: Vec<u8> = self.days.iter().map(|day| day.index()).collect();
        if indices.is_empty() {
            indices.push(index(first));
        }
        move |day| match repeats {
            Repeats::Daily => true,
            Repeats::Weekly => indices.contains(&index(day)),
            // Only a later version knows the meaning: nothing is muted.
            Repeats::Unknown(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    fn recurrence(repeats: Repeats, days: &[Day], zone: &str) -> Recurrence {
        Recurrence { repeats, days: days.to_vec(), zone: zone.into(), last: None }
    }

    /// Returns the next occurrences in UTC, as in `03-28 01:00-03:00`.
    fn next(
        recurrence: &Recurrence,
        first: (&str, &str),
        after: &str,
        count: usize,
    ) -> Vec<String> {
        let first = Occurrence { from: at(first.0), until: at(first.1) };
        let text = |one: Occurrence| {
            format!("{}-{}", one.from.format("%m-%d %H:%M"), one.until.format("%H:%M"))
        };
        recurrence.occurrences(first, at(after)).take(count).map(text).collect()
    }

    // Clocks of Berlin: from 02:00 to 03:00 on 2026-03-29, from 03:00 to 02:00 on 2026-10-25.
    #[rstest]
    #[case::spring_is_shorter(
        ("2026-03-27T00:30", "2026-03-27T03:00"), "2026-03-28T12:00",
        &["03-29 00:30-02:00", "03-29 23:30-02:00"]
    )]
    #[case::autumn_is_longer(
        ("2026-10-23T23:30", "2026-10-24T02:00"), "2026-10-24T12:00",
        &["10-24 23:30-03:00", "10-26 00:30-03:00"]
    )]
    #[case::skipped_begin(
        ("2026-03-27T01:15", "2026-03-27T02:30"), "2026-03-28T12:00",
        &["03-29 01:00-01:30", "03-30 00:15-01:30"]
    )]
    #[case::skipped_altogether(
        ("2026-03-27T01:15", "2026-03-27T01:45"), "2026-03-28T12:00",
        &["03-29 01:00-01:30", "03-30 00:15-00:45"]
    )]
    #[case::hour_that_comes_twice(
        ("2026-10-23T00:15", "2026-10-23T00:45"), "2026-10-24T12:00",
        &["10-25 00:15-00:45", "10-26 01:15-01:45"]
    )]
    fn daily_window_follows_the_local_clock(
        #[case] first: (&str, &str),
        #[case] after: &str,
        #[case] expected: &[&str],
    ) {
        let daily = recurrence(Repeats::Daily, &[], "Europe/Berlin");
        assert_eq!(next(&daily, first, after, 2), expected);
    }

    #[rstest]
    #[case(&[], "2026-03-01T00:00", &["03-04 10:00-11:00", "03-11 10:00-11:00", "03-18 10:00-11:00"])]
    #[case(&[Day::Mon, Day::Fri], "2026-03-01T00:00", &["03-06 10:00-11:00", "03-09 10:00-11:00", "03-13 10:00-11:00"])]
    #[case(&[Day::Wed], "2026-03-11T10:59", &["03-11 10:00-11:00", "03-18 10:00-11:00", "03-25 10:00-11:00"])]
    #[case(&[Day::Wed], "2026-03-11T11:00", &["03-18 10:00-11:00", "03-25 10:00-11:00", "04-01 10:00-11:00"])]
    fn weekly_window_has_its_days(
        #[case] days: &[Day],
        #[case] after: &str,
        #[case] expected: &[&str],
    ) {
        let weekly = recurrence(Repeats::Weekly, days, "UTC");
        // A Wednesday.
        let first = ("2026-03-04T10:00", "2026-03-04T11:00");
        assert_eq!(next(&weekly, first, after, 3), expected);
    }

    #[rstest]
    #[case::between_two_seconds("2026-03-04T10:00:00.345Z", "2026-03-04T11:00:00.345Z")]
    #[case::hour_shown_for_the_second_time("2026-10-25T01:30:00Z", "2026-10-25T01:45:00Z")]
    fn first_occurrence_is_exact(#[case] from: &str, #[case] until: &str) {
        let first = Occurrence { from: from.parse().unwrap(), until: until.parse().unwrap() };
        let daily = recurrence(Repeats::Daily, &[], "Europe/Berlin");
        let next: Vec<Occurrence> = daily.occurrences(first, first.from).take(2).collect();
        assert_eq!((next[0].from, next[0].until), (first.from, first.until));
        assert!(next[1].from > first.until);
    }

    #[test]
    fn window_ends_with_the_last_one() {
        let mut daily = recurrence(Repeats::Daily, &[], "UTC");
        daily.last = Some(at("2026-03-05T10:00"));
        let first = ("2026-03-04T10:00", "2026-03-04T11:00");
        let expected = ["03-04 10:00-11:00", "03-05 10:00-11:00"];
        assert_eq!(next(&daily, first, "2026-03-01T00:00", 9), expected);
    }

    #[test]
    fn repetition_of_a_later_version_never_comes() {
        let repeats: Repeats = serde_json::from_str("\"monthly\"").unwrap();
        let monthly = recurrence(repeats, &[], "UTC");
        let first = ("2026-03-04T10:00", "2026-03-04T11:00");
        assert_eq!(next(&monthly, first, "2026-03-01T00:00", 9), [""; 0]);
    }
}
