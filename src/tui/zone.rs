//! In which time zone times are shown.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

pub use crate::config::looks::Zone;

/// The zone that times are shown in, with the viewer's present distance from UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    zone: Zone,
    offset: FixedOffset,
}

impl Clock {
    /// A clock.
    #[must_use]
    pub const fn new(zone: Zone, offset: FixedOffset) -> Self {
        Self { zone, offset }
    }

    /// Whether the viewer's time is UTC.
    fn is_utc(self) -> bool {
        self.zone == Zone::Utc || self.offset.local_minus_utc() == 0
    }

    /// The time as it is shown.
    #[must_use]
    pub fn at(self, at: DateTime<Utc>) -> NaiveDateTime {
        if self.is_utc() { at.naive_utc() } else { at.with_timezone(&self.offset).naive_local() }
    }

    /// Hours and minutes.
    #[must_use]
    pub fn minute(self, at: DateTime<Utc>) -> String {
        self.at(at).format("%H:%M").to_string()
    }

    /// Hours, minutes and seconds.
    #[must_use]
    pub fn second(self, at: DateTime<Utc>) -> String {
        self.at(at).format("%H:%M:%S").to_string()
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
    pub fn beside(self, at: DateTime<Utc>) -> Option<NaiveDateTime> {
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
        assert_eq!(clock.minute(at), shown);
        assert_eq!(clock.name(), name);
        let other = clock.beside(at).map(|at| at.format("%H:%M").to_string());
        assert_eq!(other.as_deref(), beside);
    }
}
