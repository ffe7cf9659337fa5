//! The time zone in which times are shown and typed.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeDelta, Utc};

pub use crate::config::appearance::Zone;
use crate::model::filter::Calendar;
use crate::model::measures::pages::Offsets;

/// A change of the viewer's offset from UTC, when summer time begins or ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OffsetChange {
    /// When the offset changes.
    pub at: DateTime<Utc>,
    /// The offset from then on.
    pub offset: FixedOffset,
}

/// Facts about the viewer's time zone besides its current offset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ViewerZone {
    changes: &'static [OffsetChange],
    name: Option<&'static str>,
}

impl ViewerZone {
    /// Creates the zone from its changes, earliest first, and its name, such as `Europe/Berlin`.
    ///
    /// Both stay in memory forever, so that clocks can be copied: a few hundred bytes each time
    /// that summer time begins or ends.
    #[must_use]
    pub fn new(changes: Vec<OffsetChange>, name: Option<String>) -> Self {
        Self { changes: Vec::leak(changes), name: name.map(|name| &*String::leak(name)) }
    }

    /// Returns whether these are the changes, apart from the time at which they begin.
    #[must_use]
    pub fn has_changes(self, changes: &[OffsetChange]) -> bool {
        let same_start = self.changes.first().map(|first| first.offset)
            == changes.first().map(|first| first.offset);
        same_start && self.changes.get(1..) == changes.get(1..)
    }

    /// Returns the next change after a time.
    #[must_use]
    pub fn next_change(self, after: DateTime<Utc>) -> Option<OffsetChange> {
        let passed = self.changes.partition_point(|change| change.at <= after);
        self.changes.get(passed).copied()
    }
}

/// Converts times between UTC and the zone in which they are shown and typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    zone: Zone,
    offset: FixedOffset,
    viewer: ViewerZone,
}

impl Calendar for Clock {
    fn local_time(&self, at: DateTime<Utc>) -> NaiveDateTime {
        Self::local_time(*self, at)
    }

    fn to_utc(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        Self::to_utc(*self, shown)
    }
}

impl Clock {
    /// Creates a clock; `offset` is the viewer's present offset from UTC.
    #[must_use]
    pub const fn new(zone: Zone, offset: FixedOffset) -> Self {
        Self { zone, offset, viewer: ViewerZone { changes: &[], name: None } }
    }

    /// Sets the changes of the offset. Before the first of them the present offset holds.
    #[must_use]
    pub const fn with_viewer_zone(mut self, viewer: ViewerZone) -> Self {
        self.viewer = viewer;
        self
    }

    /// Returns the offsets from UTC of the times that are shown.
    #[must_use]
    pub fn offsets(self) -> Offsets {
        if self.zone == Zone::Utc {
            return Offsets::default();
        }
        let changes = self.viewer.changes.iter();
        Offsets {
            base_s: self.offset.local_minus_utc(),
            changes: changes.map(|change| (change.at, change.offset.local_minus_utc())).collect(),
        }
    }

    /// Whether times are shown in UTC now.
    #[must_use]
    pub fn is_utc(self) -> bool {
        self.zone == Zone::Utc || self.offset.local_minus_utc() == 0
    }

    /// Returns the offset that holds at a time.
    fn offset_at(self, at: DateTime<Utc>) -> FixedOffset {
        if self.zone == Zone::Utc {
            return Utc.fix();
        }
        let passed = self.viewer.changes.partition_point(|change| change.at <= at);
        passed
            .checked_sub(1)
            .and_then(|last| self.viewer.changes.get(last))
            .map_or(self.offset, |change| change.offset)
    }

    /// Converts a time to the zone of the display.
    #[must_use]
    pub fn local_time(self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.offset_at(at)).naive_local()
    }

    /// Converts a time as shown back to UTC. A time that occurs twice means its first occurrence; a
    /// time that is skipped means the moment of the change.
    #[must_use]
    pub fn to_utc(self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        let with = |offset: FixedOffset| {
            let seconds = TimeDelta::seconds(offset.local_minus_utc().into());
            shown.checked_sub_signed(seconds).map(|at| at.and_utc())
        };
        // No offset is a day long, and no zone changes its offset twice in two days.
        let day_before = shown.checked_sub_signed(TimeDelta::days(1))?.and_utc();
        let before = with(self.offset_at(day_before))?;
        match self.viewer.next_change(day_before).filter(|change| change.at <= before) {
            Some(change) if self.zone != Zone::Utc => {
                with(change.offset).map(|after| after.max(change.at))
            }
            _ => Some(before),
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

    /// Returns the name of the zone in which times of now are shown: `UTC`, `UTC+2`, `UTC-3:30`.
    #[must_use]
    pub fn name(self) -> String {
        if self.zone == Zone::Utc { "UTC".into() } else { offset_name(self.offset) }
    }

    /// Returns the name of the offset with which a time is shown, in the form of [`Self::name`].
    #[must_use]
    pub fn name_at(self, at: DateTime<Utc>) -> String {
        offset_name(self.offset_at(at))
    }

    /// Returns the name of the zone for all times in a range: that of their offset, or of the zone
    /// if the offset changes in between.
    #[must_use]
    pub fn name_between(self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        let changes = self.viewer.next_change(from).is_some_and(|change| change.at <= to);
        if changes && self.zone != Zone::Utc {
            self.viewer.name.unwrap_or("local time").into()
        } else {
            self.name_at(from)
        }
    }

    /// Returns the time in UTC if the settings show both zones and they differ.
    #[must_use]
    pub fn secondary_utc(self, at: DateTime<Utc>) -> Option<NaiveDateTime> {
        let differs = self.offset_at(at).local_minus_utc() != 0;
        (self.zone == Zone::Both && differs).then(|| at.naive_utc())
    }
}

fn offset_name(offset: FixedOffset) -> String {
    let seconds = offset.local_minus_utc();
    if seconds == 0 {
        return "UTC".into();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match minutes % 60 {
        0 => format!("UTC{sign}{}", minutes / 60),
        rest => format!("UTC{sign}{}:{rest:02}", minutes / 60),
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
        let zone = ViewerZone::new(vec![OffsetChange { at: begins, offset: summer }], None);
        let clock = Clock::new(Zone::Viewer, winter).with_viewer_zone(zone);
        assert_eq!(clock.to_utc(shown), Some(at));
        let utc = Clock::new(Zone::Utc, winter).with_viewer_zone(zone);
        assert_eq!(utc.to_utc(shown), Some(shown.and_utc()));
        assert_eq!(utc.local_time(at), at.naive_utc());
    }

    #[test]
    fn time_is_shown_with_the_offset_of_its_day() {
        let [winter, summer] = [3600, 7200].map(|s| FixedOffset::east_opt(s).unwrap());
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let changes = vec![
            OffsetChange { at: at("2025-10-26T01:00:00Z"), offset: winter },
            OffsetChange { at: at("2026-03-29T01:00:00Z"), offset: summer },
            OffsetChange { at: at("2026-10-25T01:00:00Z"), offset: winter },
        ];
        let zone = ViewerZone::new(changes, Some("Europe/Berlin".into()));
        let clock = Clock::new(Zone::Viewer, winter).with_viewer_zone(zone);
        let (july, november) = (at("2026-07-01T12:05:00Z"), at("2026-11-28T12:05:00Z"));
        assert_eq!((clock.hh_mm(july), clock.hh_mm(november)), ("14:05".into(), "13:05".into()));
        assert_eq!((clock.name_at(july), clock.name()), ("UTC+2".into(), "UTC+1".into()));
        assert_eq!(clock.name_between(july, november), "Europe/Berlin");
        assert_eq!(clock.name_between(july, at("2026-10-25T00:59:59Z")), "UTC+2");
        for typed in ["2026-07-01T14:05:00", "2026-11-28T13:05:00", "2026-10-25T02:30:00"] {
            let typed: NaiveDateTime = typed.parse().unwrap();
            assert_eq!(clock.to_utc(typed).map(|at| clock.local_time(at)), Some(typed));
        }
        let twice = "2026-10-25T02:30:00".parse().unwrap();
        assert_eq!(clock.to_utc(twice), Some(at("2026-10-25T00:30:00Z")), "the first of the two");
        let utc = Clock::new(Zone::Utc, winter).with_viewer_zone(zone);
        assert_eq!(
            (utc.hh_mm(july), utc.name_between(july, november)),
            ("12:05".into(), "UTC".into())
        );
    }
}
