//! Windows of time, with the buckets in which incidents are counted.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The greatest number of buckets of a window.
const MAX_BUCKETS: usize = 1000;

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
    /// Its buckets start at `from` and at every midnight of the viewer's zone after it.
    #[must_use]
    pub fn last_days<Z: TimeZone>(days: u32, now: DateTime<Utc>, zone: &Z) -> Self {
        let today = now.with_timezone(zone).date_naive();
        let from = now - TimeDelta::days(i64::from(days));
        let mut edges = vec![from];
        for days_ago in (0..days).rev() {
            let day = today - TimeDelta::days(i64::from(days_ago));
            if let Some(start) = start_of_day(day, zone).filter(|s| *s > from && *s < now) {
                edges.push(start);
            }
        }
        Self { from, to: now, edges }
    }

    /// Creates the window of the last 24 hours up to `now`, with one bucket an hour.
    #[must_use]
    pub fn last_day(now: DateTime<Utc>) -> Self {
        let from = now - TimeDelta::hours(24);
        let edges = (0..24).map(|hour| from + TimeDelta::hours(hour)).collect();
        Self { from, to: now, edges }
    }

    /// Creates the window from one time to another, with one bucket an hour up to two days, one a day up to
    /// 400 days, and one a week beyond.
    ///
    /// Days and weeks begin at midnight of the viewer's zone.
    #[must_use]
    pub fn between<Z: TimeZone>(from: DateTime<Utc>, to: DateTime<Utc>, zone: &Z) -> Self {
        let mut edges = vec![from];
        let length = to - from;
        if length <= TimeDelta::days(2) {
            let hours = (1..).map(|hour| from + TimeDelta::hours(hour));
            edges.extend(hours.take_while(|start| *start < to));
            return Self { from, to, edges };
        }
        let step = if length <= TimeDelta::days(400) { 1 } else { 7 };
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

    /// Returns start and end of the window of the same length that ends where this one starts.
    #[must_use]
    pub fn previous_span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.from - (self.to - self.from), self.from)
    }

    /// Creates the window from the start of a day up to the start of another, in the viewer's zone.
    #[must_use]
    pub fn between_days<Z: TimeZone>(from: NaiveDate, to: NaiveDate, zone: &Z) -> Self {
        let start = |day| start_of_day(day, zone).unwrap_or_default();
        Self::between(start(from), start(to), zone)
    }

    /// Returns the window of the same length that ends where this one starts, without buckets.
    #[must_use]
    pub fn previous(&self) -> Self {
        let (from, to) = self.previous_span();
        Self { from, to, edges: Vec::new() }
    }

    /// Returns the window as it is compared with the times of facts.
    pub(super) fn span(&self) -> Span {
        Span { from_ms: ceil_millis(self.from), to_ms: ceil_millis(self.to) }
    }
}

/// Returns when a day starts in a zone.
fn start_of_day<Z: TimeZone>(day: NaiveDate, zone: &Z) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
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

    /// Returns whether a time in milliseconds lies in the window.
    pub(super) fn contains(self, millis: i64) -> bool {
        self.from_ms <= millis && millis < self.to_ms
    }
}

/// Returns the first whole millisecond that is not before a time.
fn ceil_millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis() + i64::from(!at.timestamp_subsec_nanos().is_multiple_of(1_000_000))
}
