//! Dates in filters: `yesterday`, `monday`, `2026-10-29`, `2026-10`, `8h`, `2026-10-29T14:00`.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use chrono::{Utc, Weekday};

use crate::model::oncall::Zone;
use crate::model::time::{ACCEPTED_YEARS, is_in_range, parse_duration};

/// Converts between UTC and the zone in which days begin.
pub trait Calendar {
    /// Returns the local time of the zone at a time.
    fn local_time(&self, at: DateTime<Utc>) -> NaiveDateTime;

    /// Returns the time at which the zone has this local time; `None` outside the supported range.
    fn to_utc(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>>;
}

/// The calendar of UTC.
#[derive(Clone, Copy, Debug)]
pub struct UtcCalendar;

impl Calendar for UtcCalendar {
    fn local_time(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.naive_utc()
    }

    fn to_utc(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        Some(shown.and_utc())
    }
}

impl Calendar for Zone {
    fn local_time(&self, at: DateTime<Utc>) -> NaiveDateTime {
        self.shown_at(at)
    }

    fn to_utc(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        Some(self.first_time(shown))
    }
}

/// A week or a month, counted from the present one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Period {
    /// The week that runs; weeks begin on Monday.
    ThisWeek,
    /// The week before it.
    LastWeek,
    /// The month that runs.
    ThisMonth,
    /// The month before it.
    LastMonth,
}

impl Period {
    const ALL: [Self; 4] = [Self::ThisWeek, Self::LastWeek, Self::ThisMonth, Self::LastMonth];

    const fn as_str(self) -> &'static str {
        match self {
            Self::ThisWeek => "this-week",
            Self::LastWeek => "last-week",
            Self::ThisMonth => "this-month",
            Self::LastMonth => "last-month",
        }
    }
}

/// A date or a time as a filter names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Date {
    /// This long before now.
    Ago(TimeDelta),
    /// The day that runs.
    Today,
    /// The day before it.
    Yesterday,
    /// The last such day; today, if it is one.
    Weekday(Weekday),
    /// A week or a month.
    Period(Period),
    /// A day.
    Day(NaiveDate),
    /// A month, by its first day.
    Month(NaiveDate),
    /// The last time at which a clock showed this.
    Clock(NaiveTime),
    /// A time as a clock of the zone shows it.
    Local(NaiveDateTime),
    /// A time.
    Instant(DateTime<Utc>),
    /// The time from the first up to but without the second.
    Span(DateTime<Utc>, DateTime<Utc>),
}

/// The most important forms of a date, for messages.
pub(super) const FORMS: &str = "2026-10-29, 2026-10, yesterday, monday, last-week";

impl Date {
    /// Parses a date in any of its forms.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "today" => return Some(Self::Today),
            "yesterday" => return Some(Self::Yesterday),
            _ => {}
        }
        if let Some(period) =
            Period::ALL.into_iter().find(|period| text.replace([' ', '_'], "-") == period.as_str())
        {
            return Some(Self::Period(period));
        }
        if let Some(ago) = parse_duration(&text) {
            return Some(Self::Ago(ago));
        }
        // chrono takes `mon` and `monday`, but also nothing in between.
        if let Ok(weekday) = text.parse::<Weekday>() {
            return Some(Self::Weekday(weekday));
        }
        if let Some((from, to)) = text.split_once('/') {
            let instant = |text: &str| match Self::parse_time(text) {
                Some(Self::Instant(at)) => Some(at),
                _ => None,
            };
            return instant(from).zip(instant(to)).map(|(from, to)| Self::Span(from, to));
        }
        if let Some(day) = parse_day(&text) {
            return Some(Self::Day(day));
        }
        if let Some(first) = parse_day(&format!("{text}-01")) {
            return Some(Self::Month(first));
        }
        Self::parse_time(&text)
    }

    /// Parses a time of day, or a day with a time.
    fn parse_time(text: &str) -> Option<Self> {
        if let Some(time) = parse_clock_time(text) {
            return Some(Self::Clock(time));
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(&text.to_ascii_uppercase()) {
            return Some(Self::Instant(at.to_utc())).filter(|_| is_in_range(at.to_utc()));
        }
        let (day, time) = text.split_once([' ', 't'])?;
        Some(Self::Local(parse_day(day)?.and_time(parse_clock_time(time.trim())?)))
    }

    /// Returns whether it lasts at least a day, unlike an instant.
    #[must_use]
    pub const fn is_span(&self) -> bool {
        !matches!(self, Self::Ago(_) | Self::Clock(_) | Self::Local(_) | Self::Instant(_))
    }

    /// Returns its begin and its end; twice the same for an instant.
    #[must_use]
    pub fn resolve(
        &self,
        now: DateTime<Utc>,
        calendar: &(impl Calendar + ?Sized),
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        let today = calendar.local_time(now).date();
        let utc = |shown: NaiveDateTime| calendar.to_utc(shown).unwrap_or_else(|| shown.and_utc());
        let midnight = |day: NaiveDate| utc(day.and_time(NaiveTime::MIN));
        let days = |from: NaiveDate, count: u64| {
            (midnight(from), midnight(from.checked_add_days(Days::new(count)).unwrap_or(from)))
        };
        let months = |first: NaiveDate| (midnight(first), midnight(next_month(first)));
        let back =
            |from: NaiveDate, count: u64| from.checked_sub_days(Days::new(count)).unwrap_or(from);
        let week_start = back(today, today.weekday().num_days_from_monday().into());
        let month_start = today.with_day(1).unwrap_or(today);
        match *self {
            Self::Ago(ago) => {
                let at = now.checked_sub_signed(ago).unwrap_or(DateTime::UNIX_EPOCH);
                (at, at)
            }
            Self::Today => days(today, 1),
            Self::Yesterday => days(back(today, 1), 1),
            Self::Weekday(weekday) => {
                let since = today.weekday().days_since(weekday);
                days(back(today, since.into()), 1)
            }
            Self::Period(Period::ThisWeek) => days(week_start, 7),
            Self::Period(Period::LastWeek) => days(back(week_start, 7), 7),
            Self::Period(Period::ThisMonth) => months(month_start),
            Self::Period(Period::LastMonth) => {
                let last = back(month_start, 1);
                months(last.with_day(1).unwrap_or(last))
            }
            Self::Day(day) => days(day, 1),
            Self::Month(first) => months(first),
            Self::Clock(time) => {
                let at = utc(today.and_time(time));
                let at = if at > now { utc(back(today, 1).and_time(time)) } else { at };
                (at, at)
            }
            Self::Local(shown) => (utc(shown), utc(shown)),
            Self::Instant(at) => (at, at),
            Self::Span(from, to) => (from, to),
        }
    }
}

/// Parses a day of the accepted years, written with two digits for the month and for the day.
fn parse_day(text: &str) -> Option<NaiveDate> {
    let has_form = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = text.parse::<NaiveDate>().ok().filter(|_| has_form)?;
    ACCEPTED_YEARS.contains(&day.year()).then_some(day)
}

fn parse_clock_time(text: &str) -> Option<NaiveTime> {
    let parse = |form| NaiveTime::parse_from_str(text, form).ok();
    parse("%H:%M").or_else(|| parse("%H:%M:%S"))
}

/// A duration in the largest unit that is exact.
pub(super) struct DurationText(pub(super) TimeDelta);

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.num_seconds();
        for (unit, size) in [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60)] {
            if seconds > 0 && seconds % size == 0 {
                return write!(f, "{}{unit}", seconds / size);
            }
        }
        write!(f, "{seconds}s")
    }
}

/// Returns the first day of the month after that of `first`.
fn next_month(first: NaiveDate) -> NaiveDate {
    first.checked_add_months(chrono::Months::new(1)).unwrap_or(first)
}

/// Formats a time of day; with seconds only if they are not zero.
fn clock_form(time: NaiveTime) -> &'static str {
    if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        match self {
            Self::Ago(ago) => DurationText(*ago).fmt(f),
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::Weekday(weekday) => f.write_str(match weekday {
                Weekday::Mon => "monday",
                Weekday::Tue => "tuesday",
                Weekday::Wed => "wednesday",
                Weekday::Thu => "thursday",
                Weekday::Fri => "friday",
                Weekday::Sat => "saturday",
                Weekday::Sun => "sunday",
            }),
            Self::Period(period) => f.write_str(period.as_str()),
            Self::Day(day) => write!(f, "{}", day.format("%Y-%m-%d")),
            Self::Month(first) => write!(f, "{}", first.format("%Y-%m")),
            Self::Clock(time) => write!(f, "{}", time.format(clock_form(*time))),
            Self::Local(shown) => {
                let form = clock_form(shown.time());
                write!(f, "{}T{}", shown.format("%Y-%m-%d"), shown.format(form))
            }
            Self::Instant(at) => f.write_str(&instant(*at)),
            Self::Span(from, to) => write!(f, "{}/{}", instant(*from), instant(*to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A zone two hours ahead of UTC.
    struct Ahead;

    impl Calendar for Ahead {
        fn local_time(&self, at: DateTime<Utc>) -> NaiveDateTime {
            at.naive_utc() + TimeDelta::hours(2)
        }

        fn to_utc(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
            Some((shown - TimeDelta::hours(2)).and_utc())
        }
    }

    // A Saturday; in the zone ahead, already Sunday.
    fn now() -> DateTime<Utc> {
        "2026-11-28T22:30:00Z".parse().unwrap()
    }

    #[rstest]
    #[case("today", "2026-11-28T22:00:00Z/2026-11-29T22:00:00Z")]
    #[case("Yesterday", "2026-11-27T22:00:00Z/2026-11-28T22:00:00Z")]
    #[case("sunday", "2026-11-28T22:00:00Z/2026-11-29T22:00:00Z")]
    #[case("mon", "2026-11-22T22:00:00Z/2026-11-23T22:00:00Z")]
    #[case("this-week", "2026-11-22T22:00:00Z/2026-11-29T22:00:00Z")]
    #[case("last week", "2026-11-15T22:00:00Z/2026-11-22T22:00:00Z")]
    #[case("this-month", "2026-10-31T22:00:00Z/2026-11-30T22:00:00Z")]
    #[case("last-month", "2026-09-30T22:00:00Z/2026-10-31T22:00:00Z")]
    #[case("2026-10-29", "2026-10-28T22:00:00Z/2026-10-29T22:00:00Z")]
    #[case("2024-02-29", "2024-02-28T22:00:00Z/2024-02-29T22:00:00Z")]
    #[case("2026-02", "2026-01-31T22:00:00Z/2026-02-28T22:00:00Z")]
    #[case("8h", "2026-11-28T14:30:00Z/2026-11-28T14:30:00Z")]
    #[case("00:10", "2026-11-28T22:10:00Z/2026-11-28T22:10:00Z")]
    #[case("23:10", "2026-11-28T21:10:00Z/2026-11-28T21:10:00Z")]
    #[case("2026-10-29 14:00", "2026-10-29T12:00:00Z/2026-10-29T12:00:00Z")]
    #[case("2026-10-29T14:00:00Z", "2026-10-29T14:00:00Z/2026-10-29T14:00:00Z")]
    fn date_becomes_a_span_of_the_zone(#[case] text: &str, #[case] expected: &str) {
        let (from, to) = Date::parse(text).unwrap().resolve(now(), &Ahead);
        assert_eq!(Date::Span(from, to).to_string(), expected);
    }

    #[rstest]
    #[case("soon")]
    #[case("2026-13")]
    #[case("2026-02-30")]
    #[case("2026-1-2")]
    #[case("29.10.2026")]
    #[case("25:00")]
    #[case("1969-12-31")]
    #[case("9999-01-01")]
    #[case("2026-10-29T25:00")]
    #[case("2026-10-01/2026-10-02")]
    #[case("")]
    fn text_that_is_no_date_is_refused(#[case] text: &str) {
        assert_eq!(Date::parse(text), None);
    }

    #[rstest]
    #[case("TODAY", "today")]
    #[case("tue", "tuesday")]
    #[case("90m", "90m")]
    #[case("last month", "last-month")]
    #[case("2026-10", "2026-10")]
    #[case("2026-10-29 14:00:05", "2026-10-29T14:00:05")]
    #[case("2026-10-29T16:00:00+02:00", "2026-10-29T14:00:00Z")]
    fn date_has_one_canonical_text(#[case] text: &str, #[case] canonical: &str) {
        let date = Date::parse(text).unwrap();
        assert_eq!(date.to_string(), canonical);
        assert_eq!(Date::parse(canonical), Some(date));
    }
}
