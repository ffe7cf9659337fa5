//! The days of the command line's user, for dates in filters.

use chrono::{DateTime, Local, NaiveDateTime, Offset, TimeZone, Utc};

use crate::config::appearance::Zone;
use crate::model::filter::Calendar;
use crate::model::measures::pages::Offsets;
use crate::model::measures::{MeasuresWindow, Window};

/// How long before a time that the zone skips the same local time occurred.
const SKIPPED: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Returns the offsets of a zone from UTC over a span.
#[must_use]
pub fn zone_offsets(zone: Zone, from: DateTime<Utc>, to: DateTime<Utc>) -> Offsets {
    match zone {
        Zone::Utc => Offsets::default(),
        _ => {
            Offsets::find(from, to, &|at| at.with_timezone(&Local).offset().fix().local_minus_utc())
        }
    }
}

/// Returns a window of measures in a zone, and the offsets of the zone over it and over the window before.
#[must_use]
pub fn resolve_window(window: MeasuresWindow, now: DateTime<Utc>, zone: Zone) -> (Window, Offsets) {
    if zone == Zone::Utc {
        return (window.window(now), Offsets::default());
    }
    let window = window.window_in(now, &Local);
    let offsets = zone_offsets(zone, window.previous_span_in(&Local).0, window.to);
    (window, offsets)
}

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
