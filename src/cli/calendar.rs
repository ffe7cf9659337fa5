//! The days of whoever uses the command line, for dates in filters.

use chrono::{DateTime, Local, NaiveDateTime, TimeZone, Utc};

use crate::config::appearance::Zone;
use crate::model::filter::Calendar;

/// How long before a time that the zone skips the clock showed the same as it does afterwards.
const SKIPPED: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// The calendar of a zone in which times are shown.
pub struct ZoneCalendar(pub Zone);

impl Calendar for ZoneCalendar {
    fn local_time(&self, at: DateTime<Utc>) -> NaiveDateTime {
        match self.0 {
            Zone::Utc => at.naive_utc(),
            _ => at.with_timezone(&Local).naive_local(),
        }
    }

    fn to_utc(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        if self.0 == Zone::Utc {
            return Some(shown.and_utc());
        }
        let at = Local.from_local_datetime(&shown).earliest();
        let after = || Local.from_local_datetime(&(shown + SKIPPED)).earliest();
        at.or_else(after).map(|at| at.to_utc())
    }
}
