//! Time zones by their IANA names.
//!
//! Rules of zones are read from the zone files of the system, which `jiff` caches. They are the
//! only input that the model reads: for the functions here they are a table of constants.

use chrono::{DateTime, NaiveDateTime, Utc};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::day::{DAY_S, local_second, local_time};

/// The range in which zones are queried, in seconds since 1970: the years 1 to 9998.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_370_764_800;
/// No clock is ever set back by more than this, in seconds.
const MAX_SET_BACK: i64 = 2 * DAY_S;

/// A time zone.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

/// The error for a name that the zone files of this machine don't have.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnknownZone {
    /// There are zone files, but none with this name.
    #[error("is no time zone: write one such as \"Europe/Berlin\"")]
    NoSuchName,
    /// There are no zone files.
    #[error("can't be read: this machine has no time zones (install tzdata, or set TZDIR)")]
    NoZoneFiles,
}

impl Zone {
    /// Returns coordinated universal time, which never changes.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Finds a zone by its name, such as `Europe/Berlin`, in any case.
    ///
    /// # Errors
    /// This machine has no file for it.
    pub fn find(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(Self).map_err(|_| {
            if jiff::tz::db().is_definitively_empty() {
                UnknownZone::NoZoneFiles
            } else {
                UnknownZone::NoSuchName
            }
        })
    }

    /// Returns the name, written as in the zone files.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns the local time in the zone at a time, to the second.
    #[must_use]
    pub fn shown_at(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let second = at.timestamp().clamp(FIRST_SECOND, LAST_SECOND);
        local_time(second + self.offset(second))
    }

    /// Returns the first time at which a clock in the zone shows `local` or more.
    ///
    /// A time that the clock skips is when it skips it; of a time that it shows twice, the first
    /// time counts. So later local times never mean earlier times.
    #[must_use]
    pub fn first_time(&self, local: NaiveDateTime) -> DateTime<Utc> {
        DateTime::from_timestamp(self.first_second(local_second(local)), 0).unwrap_or_default()
    }

    fn offset(&self, second: i64) -> i64 {
        i64::from(self.0.to_offset(timestamp(second)).seconds())
    }

    /// Returns the latest local time that the clock has shown up to a second.
    ///
    /// That is the local time, except in the hour that is repeated when clocks are set back. It
    /// never decreases, and is at least a local time from [`Self::first_second`] of that time on.
    pub(super) fn latest_shown(&self, second: i64) -> i64 {
        let second = second.clamp(FIRST_SECOND, LAST_SECOND);
        let shown = second + self.offset(second);
        self.0
            .preceding(timestamp(second + 1))
            .map(|change| change.timestamp().as_second())
            .take_while(|change| *change > second - MAX_SET_BACK)
            .map(|change| change - 1 + self.offset(change - 1))
            .fold(shown, i64::max)
    }

    /// As [`Self::first_time`], in seconds.
    pub(super) fn first_second(&self, local: i64) -> i64 {
        let local = local.clamp(FIRST_SECOND + MAX_SET_BACK, LAST_SECOND - MAX_SET_BACK);
        // As seconds, a local time is that of a clock in UTC.
        let shown = TimeZone::UTC.to_datetime(timestamp(local));
        match self.0.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset }
            | AmbiguousOffset::Fold { before: offset, .. } => local - i64::from(offset.seconds()),
            AmbiguousOffset::Gap { before, after } => {
                let from = local - i64::from(after.seconds());
                self.0
                    .following(timestamp(from))
                    .map(|change| change.timestamp().as_second())
                    .find(|change| change + self.offset(*change) >= local)
                    .unwrap_or(local - i64::from(before.seconds()))
            }
        }
    }
}

fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}
