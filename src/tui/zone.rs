//! In which time zone times are shown.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, Utc};

pub use crate::config::appearance::Zone;

/// The viewer's distance from UTC changes: summer time begins or ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OffsetChange {
    /// When.
    pub at: DateTime<Utc>,
    /// The distance from then on.
    pub offset: FixedOffset,
}

/// The zone that times are shown in and typed in, with the viewer's present distance from UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    zone: Zone,
    offset: FixedOffset,
    change: Option<OffsetChange>,
}

impl Clock {
    /// A clock.
    #[must_use]
    pub const fn new(zone: Zone, offset: FixedOffset) -> Self {
        Self { zone, offset, change: None }
    }

    /// With the next change of the distance.
    #[must_use]
    pub const fn with_change(mut self, change: Option<OffsetChange>) -> Self {
        self.change = change;
        self
    }

    /// Whether the viewer's time is UTC.
    #[must_use]
    pub fn is_utc(self) -> bool {
        self.zone == Zone::Utc || self.offset.local_minus_utc() == 0
    }

    /// The time as it is shown.
    #[must_use]
    pub fn local_time(self, at: DateTime<Utc>) -> NaiveDateTime {
        if self.zone == Zone::Utc {
            return at.naive_utc();
        }
        let changed = self.change.filter(|change| change.at <= at);
        let offset = changed.map_or(self.offset, |change| change.offset);
        at.with_timezone(&offset).naive_local()
    }

    /// What is shown as this time. Of an hour that comes twice it is the first, and one that is left
    /// out stands for the change.
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

    /// Hours and minutes.
    #[must_use]
    pub fn hh_mm(self, at: DateTime<Utc>) -> String {
        self.local_time(at).format("%H:%M").to_string()
    }

    /// Hours, minutes and seconds.
    #[must_use]
    pub fn hh_mm_ss(self, at: DateTime<Utc>) -> String {
        self.local_time(at).format("%H:%M:%S").to_string()
    }

    /// The name of the zone that times are shown in: `UTC`, `UTC+2`, `UTC-3:30`.
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

    /// The same time in UTC, where both are wanted and differ.
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
    fn a_time_is_shown_with_the_name_of_its_zone(
        #[case] zone: Zone,
        #[case] offset: i32,
        #[case] shown: &str,
        #[case] name: &str,
        #[case] beside: Option<&str>,
    ) {
        let at = Utc.with_ymd_and_hms(2031, 5, 20, 22, 41, 12).unwrap();
        let clock = Clock::new(zone, FixedOffset::east_opt(offset).unwrap());
        assert_eq!(clock.hh_mm(at), shown);
        assert_eq!(clock.name(), name);
        let other = clock.secondary_utc(at).map(|at| at.format("%H:%M").to_string());
        assert_eq!(other.as_deref(), beside);
    }

    #[rstest]
    #[case::before_it_begins("2031-03-30T01:30:00", "2031-03-30T00:30:00Z")]
    #[case::the_hour_left_out("2031-03-30T02:30:00", "2031-03-30T01:00:00Z")]
    #[case::after_it_has_begun("2031-03-30T09:00:00", "2031-03-30T07:00:00Z")]
    fn a_time_after_summer_time_begins_is_read_with_the_distance_of_then(
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
