//! Windows of measures as people write them: `30d`, `2026-10`, `month`, `last-month`, or FROM..TO.

use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};

use super::window::{Window, start_of_day};
use crate::model::time::{is_in_range, parse_duration};

/// A window of measures: a number of days up to now, a calendar month, or from one time up to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MeasuresWindow {
    /// This many days up to now.
    Days(u32),
    /// The calendar month that begins on this day.
    Month(NaiveDate),
    /// The calendar month of now, also the part of it that is still to come.
    ThisMonth,
    /// The calendar month before that of now.
    LastMonth,
    /// From the first time up to, but without, the second.
    Between(WindowEnd, WindowEnd),
}

/// The start or the end of a window of measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowEnd {
    /// The start of a day.
    Day(NaiveDate),
    /// A time.
    At(DateTime<Utc>),
}

impl WindowEnd {
    /// Returns the time that it means in a zone.
    fn resolve<Z: TimeZone>(self, zone: &Z) -> DateTime<Utc> {
        match self {
            Self::Day(day) => start_of_day(day, zone).unwrap_or_default(),
            Self::At(at) => at,
        }
    }
}

impl MeasuresWindow {
    /// Returns the window with its buckets; days are UTC.
    #[must_use]
    pub fn window(self, now: DateTime<Utc>) -> Window {
        self.window_in(now, &Utc)
    }

    /// Returns the window with its buckets; hours, days and months are those of a zone.
    #[must_use]
    pub fn window_in<Z: TimeZone>(self, now: DateTime<Utc>, zone: &Z) -> Window {
        let today = || now.with_timezone(zone).date_naive();
        match self {
            Self::Days(1) => Window::last_day_in(now, zone),
            Self::Days(days) => Window::last_days(days, now, zone),
            Self::Month(day) => month_of(day, 0, zone),
            Self::ThisMonth => month_of(today(), 0, zone),
            Self::LastMonth => month_of(today(), 1, zone),
            Self::Between(from, to) => {
                let (from, to) = (from.resolve(zone), to.resolve(zone));
                // A day of the zone may begin after a time that is later by UTC.
                Window::between(from, to.max(from + TimeDelta::seconds(1)), zone)
            }
        }
    }
}

/// Returns the window of the calendar month of a day, or of one that was a number of months before.
fn month_of<Z: TimeZone>(day: NaiveDate, months_before: u32, zone: &Z) -> Window {
    let [first, next] = month_days(day, months_before).unwrap_or_default();
    Window::between_days(first, next, zone)
}

/// Returns the first day of the calendar month of a day, or of one that was a number of months before, and that
/// of the month after it; `None` beyond the years of the calendar.
#[must_use]
pub fn month_days(day: NaiveDate, months_before: u32) -> Option<[NaiveDate; 2]> {
    let first = day.with_day(1)?.checked_sub_months(Months::new(months_before))?;
    Some([first, first.checked_add_months(Months::new(1))?])
}

/// The longest window of measures, in days.
const MAX_WINDOW_DAYS: i64 = 3660;

/// Why a text is no window of measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadWindow {
    /// It is no number of days, and no month.
    #[error(
        "write full days up to 3660, such as 30d, a month, such as 2026-10, month, or last-month, or FROM..TO"
    )]
    Days,
    /// One of its ends is no time.
    #[error("write FROM..TO with days such as 2026-03-01, or times such as 2026-03-01T08:00:00Z")]
    Time,
    /// It ends before it begins.
    #[error("FROM is not before TO")]
    Order,
    /// It is too long.
    #[error("it is longer than 3660 days")]
    TooLong,
}

impl FromStr for MeasuresWindow {
    type Err = BadWindow;

    fn from_str(text: &str) -> Result<Self, BadWindow> {
        match text.trim() {
            "month" | "this-month" => return Ok(Self::ThisMonth),
            "last-month" => return Ok(Self::LastMonth),
            _ => {}
        }
        let Some((from, to)) = text.split_once("..") else {
            if let Some(first) = parse_month(text) {
                return Ok(Self::Month(first));
            }
            let length = parse_duration(text).ok_or(BadWindow::Days)?;
            let days = length.num_days();
            let is_full = TimeDelta::days(days) == length && (1..=MAX_WINDOW_DAYS).contains(&days);
            let days = u32::try_from(days).ok().filter(|_| is_full);
            return days.map(Self::Days).ok_or(BadWindow::Days);
        };
        let (from, to) = (window_time(from)?, window_time(to)?);
        let (first, last) = (from.resolve(&Utc), to.resolve(&Utc));
        if first >= last {
            return Err(BadWindow::Order);
        }
        if last - first > TimeDelta::days(MAX_WINDOW_DAYS) {
            return Err(BadWindow::TooLong);
        }
        Ok(Self::Between(from, to))
    }
}

/// Returns the first day of a calendar month such as `2026-10`; `None` for other texts.
#[must_use]
pub fn parse_month(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let is_form = text.len() == 7
        && text
            .bytes()
            .enumerate()
            .all(|(at, b)| if at == 4 { b == b'-' } else { b.is_ascii_digit() });
    if !is_form {
        return None;
    }
    let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
    let ends = month_days(first, 0)?;
    let in_range = ends.iter().all(|day| is_in_range(day.and_time(NaiveTime::MIN).and_utc()));
    in_range.then_some(first)
}

/// Parses the start of a day, or a time.
fn window_time(text: &str) -> Result<WindowEnd, BadWindow> {
    let text = text.trim();
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(WindowEnd::Day);
    let at = || DateTime::parse_from_rfc3339(text).ok().map(|at| WindowEnd::At(at.to_utc()));
    let end = day.or_else(at);
    end.filter(|end| is_in_range(end.resolve(&Utc))).ok_or(BadWindow::Time)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn window_is_a_number_of_days_a_month_or_two_times() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let first = WindowEnd::Day(day(2026, 3, 1));
        let second = WindowEnd::At(at("2026-03-02T08:00:00Z"));
        for (text, expected) in [
            ("30d", Ok(MeasuresWindow::Days(30))),
            ("1w", Ok(MeasuresWindow::Days(7))),
            ("24h", Ok(MeasuresWindow::Days(1))),
            ("2026-03-01..2026-03-02T09:00:00+01:00", Ok(MeasuresWindow::Between(first, second))),
            ("2026-10", Ok(MeasuresWindow::Month(day(2026, 10, 1)))),
            ("month", Ok(MeasuresWindow::ThisMonth)),
            ("last-month", Ok(MeasuresWindow::LastMonth)),
            ("36h", Err(BadWindow::Days)),
            ("0d", Err(BadWindow::Days)),
            ("2026-03-01", Err(BadWindow::Days)),
            ("2026-13", Err(BadWindow::Days)),
            ("2026-00", Err(BadWindow::Days)),
            ("2026-1", Err(BadWindow::Days)),
            ("0000-01", Err(BadWindow::Days)),
            ("9999-12", Err(BadWindow::Days)),
            ("months", Err(BadWindow::Days)),
            ("2026-03-01..", Err(BadWindow::Time)),
            ("2026-03-02..2026-03-01", Err(BadWindow::Order)),
            ("2000-01-01..2026-03-01", Err(BadWindow::TooLong)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }

    /// Days of a zone two hours ahead of UTC begin at 22:00 UTC of the day before.
    #[test]
    fn days_of_a_window_begin_in_the_zone() {
        let window: MeasuresWindow = "2026-03-01..2026-03-04".parse().unwrap();
        let zone = chrono::FixedOffset::east_opt(7200).unwrap();
        let window = window.window_in(DateTime::UNIX_EPOCH, &zone);
        let edges: Vec<String> = window.edges.iter().map(DateTime::to_rfc3339).collect();
        let expected =
            ["2026-02-28T22:00:00+00:00", "2026-03-01T22:00:00+00:00", "2026-03-02T22:00:00+00:00"];
        assert_eq!(edges, expected);
        assert_eq!(window.to.to_rfc3339(), "2026-03-03T22:00:00+00:00");
    }

    /// At 23:30 UTC of the last day of a month it is the next month in a zone two hours ahead.
    #[rstest]
    #[case("2026-02", 0, "2026-02-01T00:00", "2026-03-01T00:00")]
    #[case("2026-12", 7200, "2026-11-30T22:00", "2026-12-31T22:00")]
    #[case("month", 0, "2025-12-01T00:00", "2026-01-01T00:00")]
    #[case("month", 7200, "2025-12-31T22:00", "2026-01-31T22:00")]
    #[case("last-month", 0, "2025-11-01T00:00", "2025-12-01T00:00")]
    #[case("last-month", 7200, "2025-11-30T22:00", "2025-12-31T22:00")]
    #[case("last-month", -3600, "2025-11-01T01:00", "2025-12-01T01:00")]
    fn month_is_one_of_the_zone(
        #[case] text: &str,
        #[case] offset_s: i32,
        #[case] from: &str,
        #[case] to: &str,
    ) {
        let at = |text: &str| -> DateTime<Utc> { format!("{text}:00Z").parse().unwrap() };
        let zone = chrono::FixedOffset::east_opt(offset_s).unwrap();
        let window = text.parse::<MeasuresWindow>().unwrap();
        let window = window.window_in(at("2025-12-31T23:30"), &zone);
        assert_eq!((window.from, window.to), (at(from), at(to)));
    }
}
