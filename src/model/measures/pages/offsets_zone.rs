//! The viewer's offsets as a time zone, so that days and months begin by them.

use chrono::{
    DateTime, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta,
    TimeZone, Utc,
};

use super::query::Offsets;

/// The distance from a local time within which offsets are searched. No offset is longer.
const REACH: TimeDelta = TimeDelta::days(1);
/// The greatest offset that a zone can have, in seconds.
const MAX_OFFSET_S: i32 = 86_399;

/// Returns an offset in seconds as one of chrono.
fn fixed(offset_s: i32) -> FixedOffset {
    let offset_s = offset_s.clamp(-MAX_OFFSET_S, MAX_OFFSET_S);
    FixedOffset::east_opt(offset_s).unwrap_or_else(|| Utc.fix())
}

impl TimeZone for Offsets {
    type Offset = FixedOffset;

    fn from_offset(offset: &FixedOffset) -> Self {
        Self { base_s: offset.local_minus_utc(), changes: Vec::new() }
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<FixedOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
        let shown = local.and_utc();
        let (Some(start), Some(end)) =
            (shown.checked_sub_signed(REACH), shown.checked_add_signed(REACH))
        else {
            return MappedLocalTime::Single(fixed(self.base_s));
        };
        let near = self.changes.iter().filter(|(at, _)| start < *at && *at <= end);
        let near = near.map(|(_, offset_s)| *offset_s);
        let offsets = std::iter::once(self.at(start.timestamp_millis())).chain(near);
        let mut found: Vec<(DateTime<Utc>, i32)> = offsets
            .filter_map(|offset_s| {
                let at = shown.checked_sub_signed(TimeDelta::seconds(i64::from(offset_s)))?;
                (self.at(at.timestamp_millis()) == offset_s).then_some((at, offset_s))
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        match (found.first(), found.last()) {
            (Some((first, before_s)), Some((last, after_s))) if first != last => {
                MappedLocalTime::Ambiguous(fixed(*before_s), fixed(*after_s))
            }
            (Some((_, seconds)), _) => MappedLocalTime::Single(fixed(*seconds)),
            _ => MappedLocalTime::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> FixedOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
        fixed(self.at(utc.and_utc().timestamp_millis()))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::measures::{Window, start_of_day};

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    /// The clocks of Santiago go forward at midnight, so that a day begins at one o'clock; those of Havana go
    /// back at one o'clock to midnight, so that a day begins with the first of both midnights.
    #[rstest]
    #[case(-14_400, "2026-09-06T04:00", -10_800, "2026-09-06", "2026-09-06T04:00")]
    #[case(-14_400, "2026-09-06T04:00", -10_800, "2026-09-07", "2026-09-07T03:00")]
    #[case(-14_400, "2026-11-01T05:00", -18_000, "2026-11-01", "2026-11-01T04:00")]
    #[case(-14_400, "2026-11-01T05:00", -18_000, "2026-11-02", "2026-11-02T05:00")]
    #[case(3600, "2026-03-29T01:00", 7200, "2026-03-29", "2026-03-28T23:00")]
    #[case(3600, "2026-03-29T01:00", 7200, "2026-03-30", "2026-03-29T22:00")]
    fn days_begin_by_the_offset_of_their_midnight(
        #[case] base_s: i32,
        #[case] change: &str,
        #[case] then_s: i32,
        #[case] day: NaiveDate,
        #[case] expected: &str,
    ) {
        let zone = Offsets { base_s, changes: vec![(at(change), then_s)] };
        assert_eq!(start_of_day(day, &zone), Some(at(expected)));
    }

    /// The clocks of Berlin went back at 01:00 UTC of 2026-10-25, and forward at 01:00 UTC of 2026-03-29.
    #[rstest]
    #[case("2026-10-31T23:00", "2026-11-30T23:00", "2026-09-30T22:00")]
    #[case("2026-03-31T22:00", "2026-04-30T22:00", "2026-02-28T23:00")]
    #[case("2026-03-31T22:00", "2026-06-30T22:00", "2025-12-31T23:00")]
    #[case("2026-10-31T23:00", "2026-11-30T22:00", "2026-10-02T00:00")]
    #[case("2026-10-01T00:00", "2026-11-01T00:00", "2026-09-01T00:00")]
    fn months_of_a_zone_are_compared_with_its_months(
        #[case] from: &str,
        #[case] to: &str,
        #[case] expected: &str,
    ) {
        let changes =
            [("2025-10-26T01:00", 3600), ("2026-03-29T01:00", 7200), ("2026-10-25T01:00", 3600)];
        let changes = changes.map(|(text, offset)| (at(text), offset)).to_vec();
        let berlin = Offsets { base_s: 7200, changes };
        let window = Window::between(at(from), at(to), &berlin);
        assert_eq!(window.previous_span_in(&berlin), (at(expected), at(from)));
    }

    #[test]
    fn hour_that_is_shown_twice_is_ambiguous() {
        let zone = Offsets { base_s: 7200, changes: vec![(at("2026-10-25T01:00"), 3600)] };
        let shown = |text: &str| zone.offset_from_local_datetime(&at(text).naive_utc());
        let [winter, summer] = [3600, 7200].map(fixed);
        assert_eq!(shown("2026-10-25T02:30"), MappedLocalTime::Ambiguous(summer, winter));
        assert_eq!(shown("2026-10-25T01:59"), MappedLocalTime::Single(summer));
        assert_eq!(shown("2026-10-25T03:00"), MappedLocalTime::Single(winter));
        let zone = Offsets { base_s: 3600, changes: vec![(at("2026-03-29T01:00"), 7200)] };
        let skipped = zone.offset_from_local_datetime(&at("2026-03-29T02:30").naive_utc());
        assert_eq!(skipped, MappedLocalTime::None);
        assert_eq!(zone.offset_from_utc_datetime(&at("2026-03-29T01:00").naive_utc()), summer);
    }
}
