//! Times as people type them into the panes, in the zone that times are shown in.

use chrono::{DateTime, Utc};

use crate::tui::core::zone::Clock;

pub use crate::verbs::typed_time::TimeError;
pub(in crate::tui) use crate::verbs::typed_time::{FORMATS, parse_future, parse_past};

/// Returns the accepted formats, with the zone unless it is UTC.
pub(in crate::tui) fn format_hint(forms: &str, clock: Clock) -> String {
    if clock.is_utc() { forms.to_owned() } else { format!("{forms} ({})", clock.name()) }
}

/// Formats a time to the minute, so that it can be typed again.
pub(in crate::tui) fn format_minute(clock: Clock, at: DateTime<Utc>) -> String {
    clock.local_time(at).format("%Y-%m-%d %H:%M").to_string()
}

/// Returns tomorrow at 09:00 in the zone that times are shown in.
pub(in crate::tui) fn tomorrow_morning(now: DateTime<Utc>, clock: Clock) -> DateTime<Utc> {
    parse_future("tomorrow 09:00", now, &clock).unwrap_or(now + chrono::TimeDelta::hours(12))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;
    use rstest::rstest;

    use super::*;
    use crate::tui::core::zone::{OffsetChange, ViewerZone, Zone};

    fn clock(hours: i32) -> Clock {
        Clock::new(Zone::Viewer, FixedOffset::east_opt(hours * 3600).unwrap())
    }

    fn now() -> DateTime<Utc> {
        "2026-03-01T22:41:00Z".parse().unwrap()
    }

    #[rstest]
    #[case("4h", 0, "2026-03-02T02:41:00Z")]
    #[case("09:00", 0, "2026-03-02T09:00:00Z")]
    #[case("23:00", 0, "2026-03-01T23:00:00Z")]
    #[case("tomorrow", 0, "2026-03-02T09:00:00Z")]
    #[case("Tomorrow 10:30", 0, "2026-03-02T10:30:00Z")]
    #[case("2026-03-04 09:00", 0, "2026-03-04T09:00:00Z")]
    #[case("09:00", 2, "2026-03-02T07:00:00Z")]
    #[case("tomorrow", 2, "2026-03-03T07:00:00Z")]
    #[case("2026-03-04T09:00:00+01:00", 0, "2026-03-04T08:00:00Z")]
    fn future_time_is_parsed(#[case] text: &str, #[case] hours: i32, #[case] expected: &str) {
        assert_eq!(parse_future(text, now(), &clock(hours)), Ok(expected.parse().unwrap()));
    }

    #[rstest]
    #[case("", "2026-03-01T22:41:00Z")]
    #[case("10m", "2026-03-01T22:31:00Z")]
    #[case("10m ago", "2026-03-01T22:31:00Z")]
    #[case("22:37", "2026-03-01T22:37:00Z")]
    #[case("23:00", "2026-02-28T23:00:00Z")]
    fn past_time_is_parsed(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(parse_past(text, now(), &clock(0)), Ok(expected.parse().unwrap()));
    }

    #[rstest]
    #[case("ago")]
    #[case("10magoago")]
    #[case("10m ago ago")]
    fn text_that_is_no_past_time_is_refused(#[case] text: &str) {
        let error = parse_past(text, now(), &clock(0)).unwrap_err();
        assert!(matches!(error, TimeError::NotATime(_)), "{error:?}");
    }

    #[rstest]
    #[case("soon")]
    #[case("25:00")]
    #[case("-4h")]
    #[case("999999999999w")]
    fn text_that_is_no_future_time_is_refused(#[case] text: &str) {
        let expected = TimeError::NotATime(text.into());
        assert_eq!(parse_future(&format!(" {text} "), now(), &clock(0)), Err(expected));
    }

    #[test]
    fn time_on_the_wrong_side_of_now_is_refused() {
        let earlier = parse_future("2026-03-01 22:00", now(), &clock(0));
        assert_eq!(earlier, Err(TimeError::Passed));
        let later = parse_past("2026-03-01 23:00", now(), &clock(0));
        assert_eq!(later, Err(TimeError::InTheFuture));
        let no_time = TimeError::NotATime("so\u{1b}on".into()).to_string();
        assert!(no_time.starts_with("\"so␛on\" is no time: write 30m, 4h, 2d, "), "{no_time}");
    }

    #[test]
    fn tomorrow_at_nine_stays_nine_across_a_summer_time_change() {
        let at = "2026-03-02T01:00:00Z".parse().unwrap();
        let change = OffsetChange { at, offset: FixedOffset::east_opt(7200).unwrap() };
        let clock = clock(1).with_viewer_zone(ViewerZone::new(vec![change], None));
        let nine = tomorrow_morning("2026-03-01T12:00:00Z".parse().unwrap(), clock);
        assert_eq!(nine, "2026-03-02T07:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!(clock.hh_mm(nine), "09:00");
    }
}
