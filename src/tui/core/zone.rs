//! The time zone in which times are shown and typed.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, Utc};

pub use crate::config::appearance::Zone;

/// A change of the viewer's offset from UTC, when summer time begins or ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OffsetChange {
    /// When the offset changes.
    pub at: DateTime<Utc>,
    /// The offset from then on.
    pub offset: FixedOffset,
}

/// Converts times between UTC and the zone in which they are shown and typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    zone: Zone,
    offset: FixedOffset,
    change: Option<OffsetChange>,
}

impl Clock {
    /// Creates a clock; `offset` is the viewer's present offset from UTC.
    #[must_use]
    pub const fn new(zone: Zone, offset: FixedOffset) -> Self {
        Self { zone, offset, change: None }
    }

    /// Sets the next change of the offset.
    #[must_use]
    pub const fn with_change(mut self, change: Option<OffsetChange>) -> Self {
        self.change = change;
        self
    }

    /// Whether times are shown in UTC.
    #[must_use]
    pub fn is_utc(self) -> bool {
        self.zone == Zone::Utc || self.offset.local_minus_utc() == 0
    }

    /// Converts a time to the zone in which it is shown.
    #[must_use]
    pub fn local_time(self, at: DateTime<Utc>) -> NaiveDateTime {
        if self.zone == Zone::Utc {
            return at.naive_utc();
        }
        let changed = self.change.filter(|change| change.at <= at);
        let offset = changed.map_or(self.offset, |change| change.offset);
        at.with_timezone(&offset).naive_local()
    }

    /// Converts a time as shown back to UTC. A time that occurs twice means its first occurrence; a
    /// time that is skipped means the moment of the change.
    #[must_use]
    pub fn to_utc(self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        let with = |offset: FixedOffset| {
            let seconds = TimeDelta::seconds(offset.local_minus_utc().into());
            shown.checked_sub_signed(seconds).map(|at| at.and_utc())
        };
        if self.zone == Zone::Utc {
            return Some(shown.and_utc());
        }
        let before = with(self.offset)?;
        match self.change.filter(|change| change.at <= before) {
            Some(change) => with(change.offset).map(|after| after.max(change.at)),
            None => Some(before),
        }
    }

    /// Formats hours and minutes.
    #[must_use]
    pub fn hh_mm(self, at: DateTime<Utc>) -> String {
        self.local_time(at).format("%H:%M").to_string()
    }

    /// Formats hours, minutes and seconds.
    #[must_use]
    pub fn hh_mm_ss(self, at: DateTime<Utc>) -> String {
        self.local_time(at).format("%H:%M:%S").to_string()
    }

    /// Returns the name of the zone in which times are shown: `UTC`, `UTC+2`, `UTC-3:30`.
    #[must_use]
    pub fn name(self) -> String {
        if self.is_utc() {
            return "UTC".into();
        }
        let seconds = self.offset.local_minus_utc();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        match minutes % 60 {
            0 => format!("UTC{sign}{}", minutes / 60),
            rest => format!("UTC{sign}{}:{rest:02}", minutes / 60),
        }
    }

    /// Returns the time in UTC if the settings show both zones and they differ.
    #[must_use]
    pub fn secondary_utc(self, at: DateTime<Utc>) -> Option<NaiveDateTime> {
        (self.zone == Zone::Both && !self.is_utc()).then(|| at.naive_utc())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Zone::Viewer, 0, "22:41", "UTC", None)]
    #[case(Zone::Viewer, 7200, "00:41", "UTC+2", None)]
    #[case(Zone::Viewer, -12_600, "19:11", "UTC-3:30", None)]
    #[case(Zone::Utc, 7200, "22:41", "UTC", None)]
    #[case(Zone::Both, 7200, "00:41", "UTC+2", Some("22:41"))]
    #[case(Zone::Both, 0, "22:41", "UTC", None)]
    fn time_is_shown_with_the_name_of_its_zone(
        #[case] zone: Zone,
        #[case] offset: i32,
        #[case] shown: &str,
        #[case] name: &str,
        #[case] secondary: Option<&str>,
    ) {
        let at = Utc.with_ymd_and_hms(2031, 5, 20, 22, 41, 12).unwrap();
        let clock = Clock::new(zone, FixedOffset::east_opt(offset).unwrap());
        assert_eq!(clock.hh_mm(at), shown);
        assert_eq!(clock.name(), name);
        let utc = clock.secondary_utc(at).map(|at| at.format("%H:%M").to_string());
        assert_eq!(utc.as_deref(), secondary);
    }

    #[rstest]
    #[case::before_it_begins("2031-03-30T01:30:00", "2031-03-30T00:30:00Z")]
    #[case::the_hour_left_out("2031-03-30T02:30:00", "2031-03-30T01:00:00Z")]
    #[case::after_it_has_begun("2031-03-30T09:00:00", "2031-03-30T07:00:00Z")]
    fn time_after_summer_time_begins_uses_the_later_offset(
        #[case] shown: NaiveDateTime,
        #[case] at: DateTime<Utc>,
    ) {
        let [winter, summer] = [3600, 7200].map(|s| FixedOffset::east_opt(s).unwrap());
        let begins = Utc.with_ymd_and_hms(2031, 3, 30, 1, 0, 0).unwrap();
        let change = Some(OffsetChange { at: begins, offset: summer });
        let clock = Clock::new(Zone::Viewer, winter).with_change(change);
        assert_eq!(clock.to_utc(shown), Some(at));
        let utc = Clock::new(Zone::Utc, winter).with_change(change);
        assert_eq!(utc.to_utc(shown), Some(shown.and_utc()));
        assert_eq!(utc.local_time(at), at.naive_utc());
    }
}
