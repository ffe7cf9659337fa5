//! The calendar of another program from which a schedule is read.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::extra::{Extra, extensible_record};

/// After which time without a successful reading a calendar counts as old.
pub const OLD_AFTER: TimeDelta = TimeDelta::hours(2);

/// A span of time in which a calendar has a person on call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarShift {
    /// The start, which is part of it.
    pub from: DateTime<Utc>,
    /// The end, which is not part of it.
    pub to: DateTime<Utc>,
    /// The handle of the person; the text of the calendar, if it names nobody in the directory.
    pub person: String,
}

/// The calendar of a schedule: its location, and its last content.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct ScheduleCalendar {
    /// The name of the schedule.
    pub schedule: String,
    /// Its location: the name of a file, or a host. The rest of an address is a secret.
    pub source: String,
    /// Distinguishes this address from others of the same host.
    pub fingerprint: String,
    /// When it was read last; absent if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// When it was last tried to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<DateTime<Utc>>,
    /// The reason why it could not be read the last time; absent if it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The parts of it that could not be understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The shifts in their order, without overlaps; of the month before the reading and the 13 months
    /// after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shifts: Vec<CalendarShift>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(ScheduleCalendar);

impl ScheduleCalendar {
    /// Returns the shift at a time.
    #[must_use]
    pub fn shift_at(&self, at: DateTime<Utc>) -> Option<&CalendarShift> {
        let after = self.shifts.partition_point(|shift| shift.to <= at);
        self.shifts.get(after).filter(|shift| shift.from <= at)
    }

    /// Returns the first time after `at` at which a shift begins or ends.
    #[must_use]
    pub fn next_change(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = self.shifts.partition_point(|shift| shift.to <= at);
        let shift = self.shifts.get(after)?;
        Some(if shift.from > at { shift.from } else { shift.to })
    }

    /// Returns whether it was last read long ago, or never.
    #[must_use]
    pub fn is_old(&self, now: DateTime<Utc>) -> bool {
        self.as_of.is_none_or(|as_of| now - as_of >= OLD_AFTER)
    }
}
