//! Windows of time, with the buckets in which incidents are counted.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Utc,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The greatest number of buckets of a window.
const MAX_BUCKETS: usize = 1000;

/// The length of the longest window whose buckets are days, in days. Servers refuse requests with many more.
const MAX_DAILY: i64 = 400;

/// A span of time that includes its start and excludes its end, divided into buckets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Window {
    /// The start of the window, which is part of it.
    pub from: DateTime<Utc>,
    /// The end of the window, which is not part of it.
    pub to: DateTime<Utc>,
    /// When each bucket starts, in ascending order. The first bucket starts at `from`.
    pub edges: Vec<DateTime<Utc>>,
}

impl Window {
    /// Creates the window of the last `days` × 24 hours up to `now`.
    ///
    /// Its buckets start at `from` and at every midnight of the viewer's zone after it; of more than 400 days, at
    /// every seventh.
    #[must_use]
    pub fn last_days<Z: TimeZone>(days: u32, now: DateTime<Utc>, zone: &Z) -> Self {
        let today = now.with_timezone(zone).date_naive();
        let from = now - TimeDelta::days(i64::from(days));
        let mut edges = vec![from];
        let step = if i64::from(days) <= MAX_DAILY { 1 } else { 7 };
        // Where the clocks went forward, the window begins shortly before midnight of one more day.
        for days_ago in std::iter::once(days).chain((0..days).rev().step_by(step)) {
            let day = today - TimeDelta::days(i64::from(days_ago));
            if let Some(start) = start_of_day(day, zone).filter(|s| *s > from && *s < now) {
                edges.push(start);
            }
        }
        Self { from, to: now, edges }
    }

    /// Creates the window of the last 24 hours up to `now`. Its buckets start at `from` and at every full
    /// hour of UTC after it.
    #[must_use]
    pub fn last_day(now: DateTime<Utc>) -> Self {
        Self::last_day_in(now, &Utc)
    }

    /// Creates the window of the last 24 hours up to `now`, with the full hours of the viewer's zone.
    #[must_use]
    pub fn last_day_in<Z: TimeZone>(now: DateTime<Utc>, zone: &Z) -> Self {
        let from = now - TimeDelta::hours(24);
        Self { from, to: now, edges: hours(from, now, zone) }
    }

    /// Creates the window from one time to another, with one bucket an hour up to two days, one a day up to
    /// 400 days, and one a week beyond.
    ///
    /// Hours are full hours of the viewer's zone, and days and weeks begin at its midnight; the first bucket
    /// begins at `from`.
    #[must_use]
    pub fn between<Z: TimeZone>(from: DateTime<Utc>, to: DateTime<Utc>, zone: &Z) -> Self {
        let mut edges = vec![from];
        let length = to - from;
        if length <= TimeDelta::days(2) {
            return Self { from, to, edges: hours(from, to, zone) };
        }
        let step = if length <= TimeDelta::days(MAX_DAILY) { 1 } else { 7 };
        let mut day = from.with_timezone(zone).date_naive();
        while edges.len() < MAX_BUCKETS {
            let Some(next) = day.checked_add_days(Days::new(step)) else { break };
            day = next;
            let Some(start) = start_of_day(day, zone) else { break };
            if start >= to {
                break;
            }
            if start > from {
                edges.push(start);
            }
        }
        Self { from, to, edges }
    }

    /// Returns start and end of the window that ends where this one starts: as many calendar months, if
    /// this one is made of such months of UTC, and otherwise of the same length.
    #[must_use]
    pub fn previous_span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        self.previous_span_in(&Utc)
    }

    /// Returns start and end of the window that ends where this one starts: as many calendar months, if
    /// this one is made of such months of a zone or of UTC, and otherwise of the same length.
    #[must_use]
    pub fn previous_span_in<Z: TimeZone>(&self, zone: &Z) -> (DateTime<Utc>, DateTime<Utc>) {
        let before = self.months_before(zone).or_else(|| self.months_before(&Utc));
        (before.unwrap_or(self.from - (self.to - self.from)), self.from)
    }

    /// Returns the first day of the month if the window is a calendar month of a zone.
    #[must_use]
    pub fn month_in<Z: TimeZone>(&self, zone: &Z) -> Option<NaiveDate> {
        self.calendar_months(zone).filter(|(_, months)| *months == 1).map(|(first, _)| first)
    }

    /// Returns the first day of the first of the calendar months of a zone of which the window is made, and
    /// their number; `None` if it is not.
    fn calendar_months<Z: TimeZone>(&self, zone: &Z) -> Option<(NaiveDate, u32)> {
        let begun_at = |at: DateTime<Utc>| {
            let day = at.with_timezone(zone).date_naive();
            (day.day() == 1 && start_of_day(day, zone) == Some(at)).then_some(day)
        };
        let count = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
        let (first, end) = (begun_at(self.from)?, begun_at(self.to)?);
        let months = u32::try_from(count(end) - count(first)).ok()?;
        (months > 0).then_some((first, months))
    }

    /// Returns when as many calendar months of a zone begin that end where the window starts.
    fn months_before<Z: TimeZone>(&self, zone: &Z) -> Option<DateTime<Utc>> {
        let (first, months) = self.calendar_months(zone)?;
        start_of_day(first.checked_sub_months(Months::new(months))?, zone)
    }

    /// Creates the window from the start of a day up to the start of another, in the viewer's zone.
    #[must_use]
    pub fn between_days<Z: TimeZone>(from: NaiveDate, to: NaiveDate, zone: &Z) -> Self {
        let start = |day| start_of_day(day, zone).unwrap_or_default();
        Self::between(start(from), start(to), zone)
    }

    /// Returns the window that ends where this one starts, as [`Self::previous_span_in`], without buckets.
    #[must_use]
    pub fn previous_in<Z: TimeZone>(&self, zone: &Z) -> Self {
        let (from, to) = self.previous_span_in(zone);
        Self { from, to, edges: Vec::new() }
    }

    /// Returns the window in the unit of the times of facts.
    pub(super) fn span(&self) -> Span {
        Span { from_ms: ceil_millis(self.from), to_ms: ceil_millis(self.to) }
    }
}

/// Returns the start of a window, and each full hour of a zone within it.
fn hours<Z: TimeZone>(from: DateTime<Utc>, to: DateTime<Utc>, zone: &Z) -> Vec<DateTime<Utc>> {
    const HOUR_S: i64 = 3600;
    let offset = zone.offset_from_utc_datetime(&from.naive_utc()).fix().local_minus_utc();
    let local = from.timestamp() + i64::from(offset);
    let next = (local.div_euclid(HOUR_S) + 1) * HOUR_S - i64::from(offset);
    let mut edges = vec![from];
    let starts = (0..).map_while(|hour| DateTime::from_timestamp(next + hour * HOUR_S, 0));
    edges.extend(starts.take_while(|start| *start < to));
    edges
}

/// Returns when a day starts in a zone.
#[must_use]
pub fn start_of_day<Z: TimeZone>(day: NaiveDate, zone: &Z) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    // If a clock change skips midnight, the day starts an hour later.
    let start = zone
        .from_local_datetime(&midnight)
        .earliest()
        .or_else(|| zone.from_local_datetime(&(midnight + TimeDelta::hours(1))).earliest());
    start.map(|start| start.with_timezone(&Utc))
}

/// A window in milliseconds since 1970. Every fact is compared with it, so that no time has to be
/// converted to a date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The first millisecond that is part of it.
    from_ms: i64,
    /// The first millisecond after it.
    to_ms: i64,
}

impl Span {
    /// Returns the first millisecond that is part of it.
    pub(super) fn start_ms(self) -> i64 {
        self.from_ms
    }

    /// Returns the first millisecond after it.
    pub(super) fn end_ms(self) -> i64 {
        self.to_ms
    }

    /// Returns whether a time in milliseconds is in the window.
    pub(super) fn contains(self, millis: i64) -> bool {
        self.from_ms <= millis && millis < self.to_ms
    }
}

/// Returns the first whole millisecond that is not before a time.
fn ceil_millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis() + i64::from(!at.timestamp_subsec_nanos().is_multiple_of(1_000_000))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::measures::pages::Offsets;

    #[rstest]
    #[case("2026-10-01T00:00", "2026-11-01T00:00", "2026-09-01T00:00")]
    #[case("2026-03-01T00:00", "2026-04-01T00:00", "2026-02-01T00:00")]
    #[case("2026-01-01T00:00", "2026-04-01T00:00", "2025-10-01T00:00")]
    #[case("2026-01-01T00:00", "2027-01-01T00:00", "2025-01-01T00:00")]
    #[case("2026-10-01T00:00", "2026-10-31T00:00", "2026-09-01T00:00")]
    #[case("2026-10-01T01:00", "2026-11-01T01:00", "2026-08-31T01:00")]
    #[case("2026-10-01T00:00", "2026-10-08T00:00", "2026-09-24T00:00")]
    fn calendar_months_are_compared_with_as_many_before(
        #[case] from: &str,
        #[case] to: &str,
        #[case] expected: &str,
    ) {
        let at = |text: &str| -> DateTime<Utc> { format!("{text}:00Z").parse().unwrap() };
        let window = Window::between(at(from), at(to), &Utc);
        assert_eq!(window.previous_span(), (at(expected), at(from)));
        let span = window.previous_in(&Utc).span();
        assert_eq!(span.start_ms(), at(expected).timestamp_millis());
    }

    /// The first bucket begins at the start, and the next at a midnight of the day after.
    #[rstest]
    #[case(400, 401)]
    #[case(401, 59)]
    #[case(3660, 524)]
    fn long_windows_have_weeks(#[case] days: u32, #[case] expected: usize) {
        let now = "2026-11-30T01:00:00Z".parse().unwrap();
        let window = Window::last_days(days, now, &Utc);
        assert_eq!(window.edges.len(), expected);
        assert!(window.edges.is_sorted() && window.edges[0] == window.from);
    }

    /// The clocks of Berlin went forward at 01:00 UTC of 2026-03-29 and back at 01:00 UTC of 2026-10-25: half an hour
    /// after midnight, seven times 24 hours ago was half past eleven of the day before, or half past one.
    #[rstest]
    #[case("2026-03-29T22:30", 3600, "2026-03-29T01:00", 7200, "2026-03-22T23:00", 9)]
    #[case("2026-10-25T23:30", 7200, "2026-10-25T01:00", 3600, "2026-10-19T22:00", 8)]
    fn every_day_begins_a_bucket_where_clocks_change(
        #[case] now: &str,
        #[case] base_s: i32,
        #[case] change: &str,
        #[case] then_s: i32,
        #[case] second: &str,
        #[case] count: usize,
    ) {
        let at = |text: &str| -> DateTime<Utc> { format!("{text}:00Z").parse().unwrap() };
        let zone = Offsets { base_s, changes: vec![(at(change), then_s)] };
        let window = Window::last_days(7, at(now), &zone);
        assert_eq!((window.edges[1], window.edges.len()), (at(second), count));
    }

    #[rstest]
    #[case("2026-10-01T00:00", "2026-11-01T00:00", Some("October 2026"))]
    #[case("2026-12-01T00:00", "2027-01-01T00:00", Some("December 2026"))]
    #[case("2026-10-01T00:00", "2026-12-01T00:00", None)]
    #[case("2026-10-01T00:00", "2026-10-31T00:00", None)]
    fn month_has_its_name(#[case] from: &str, #[case] to: &str, #[case] expected: Option<&str>) {
        let at = |text: &str| -> DateTime<Utc> { format!("{text}:00Z").parse().unwrap() };
        let window = Window::between(at(from), at(to), &Utc);
        let name = window.month_in(&Utc).map(|first| first.format("%B %Y").to_string());
        assert_eq!(name.as_deref(), expected);
    }
}
