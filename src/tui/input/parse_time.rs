//! Parses times as people type them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::model::text::sanitize;
use crate::model::time::parse_duration;

use crate::tui::core::zone::Clock;

/// The formats that are accepted, for messages.
pub(in crate::tui) const FORMATS: &str = "30m, 4h, 2d, 09:00, tomorrow 09:00, 2026-03-01 09:00";

/// Why a typed time can't be used. Displayed as what is wrong and what would be accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimeError {
    /// The text is none of the accepted formats; it is as it was typed, without blanks at its ends.
    #[error("{:?} is no time: write {FORMATS}", sanitize(.0))]
    NotATime(String),
    /// The time is not after now.
    #[error("that time has passed: choose a later one")]
    Passed,
    /// The time is after now.
    #[error("that lies in the future")]
    InTheFuture,
}

/// Returns the accepted formats, with the zone unless it is UTC.
pub(in crate::tui) fn format_hint(forms: &str, clock: Clock) -> String {
    if clock.is_utc() { forms.to_owned() } else { format!("{forms} ({})", clock.name()) }
}

/// Parses a time after `now`: a duration, a time of day (the next one), or a date and a time, in
/// the zone that times are shown in.
///
/// # Errors
/// What is wrong and what would be accepted.
pub(in crate::tui) fn parse_future(
    text: &str,
    now: DateTime<Utc>,
    clock: Clock,
) -> Result<DateTime<Utc>, TimeError> {
    let at = parse(text, now, clock, 1).ok_or_else(|| unknown_time(text))?;
    if at <= now { Err(TimeError::Passed) } else { Ok(at) }
}

/// Parses a time up to `now`: empty or `now`, a duration before now, a time of day (the last one),
/// or a date and a time.
///
/// # Errors
/// What is wrong and what would be accepted.
pub(in crate::tui) fn parse_past(
    text: &str,
    now: DateTime<Utc>,
    clock: Clock,
) -> Result<DateTime<Utc>, TimeError> {
    if text.trim().is_empty() || text.trim().eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    let text = text.trim();
    let text = text.strip_suffix("ago").map_or(text, str::trim_end);
    let at = parse(text, now, clock, -1).ok_or_else(|| unknown_time(text))?;
    if at > now { Err(TimeError::InTheFuture) } else { Ok(at) }
}

fn unknown_time(text: &str) -> TimeError {
    TimeError::NotATime(text.trim().to_owned())
}

fn parse(text: &str, now: DateTime<Utc>, clock: Clock, side: i32) -> Option<DateTime<Utc>> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(span) = parse_duration(&text) {
        return now.checked_add_signed(span * side);
    }
    let today = clock.local_time(now).date();
    let on = |day: NaiveDate, time: &str| clock.to_utc(day.and_time(parse_clock_time(time)?));
    for (word, days) in [("tomorrow", 1), ("today", 0)] {
        if let Some(time) = text.strip_prefix(word) {
            let time = if time.trim().is_empty() { "09:00" } else { time.trim() };
            return on(today.checked_add_days(Days::new(days))?, time);
        }
    }
    if parse_clock_time(&text).is_some() {
        let at = on(today, &text)?;
        return match side {
            1 if at <= now => on(today.succ_opt()?, &text),
            -1 if at > now => on(today.pred_opt()?, &text),
            _ => Some(at),
        };
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.to_ascii_uppercase()) {
        return Some(at.to_utc());
    }
    let (day, time) = text.split_once([' ', 't'])?;
    on(day.parse().ok()?, time.trim())
}

fn parse_clock_time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S"))
        .ok()
}

/// Formats a time to the minute, so that it can be typed again.
pub(in crate::tui) fn format_minute(clock: Clock, at: DateTime<Utc>) -> String {
    clock.local_time(at).format("%Y-%m-%d %H:%M").to_string()
}

/// Returns tomorrow at 09:00 in the zone that times are shown in.
pub(in crate::tui) fn tomorrow_morning(now: DateTime<Utc>, clock: Clock) -> DateTime<Utc> {
    parse_future("tomorrow 09:00", now, clock).unwrap_or(now + chrono::TimeDelta::hours(12))
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
        assert_eq!(parse_future(text, now(), clock(hours)), Ok(expected.parse().unwrap()));
    }

    #[rstest]
    #[case("", "2026-03-01T22:41:00Z")]
    #[case("10m", "2026-03-01T22:31:00Z")]
    #[case("10m ago", "2026-03-01T22:31:00Z")]
    #[case("22:37", "2026-03-01T22:37:00Z")]
    #[case("23:00", "2026-02-28T23:00:00Z")]
    fn past_time_is_parsed(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(parse_past(text, now(), clock(0)), Ok(expected.parse().unwrap()));
    }

    #[rstest]
    #[case("ago")]
    #[case("10magoago")]
    #[case("10m ago ago")]
    fn text_that_is_no_past_time_is_refused(#[case] text: &str) {
        let error = parse_past(text, now(), clock(0)).unwrap_err();
        assert!(matches!(error, TimeError::NotATime(_)), "{error:?}");
    }

    #[rstest]
    #[case("soon")]
    #[case("25:00")]
    #[case("-4h")]
    #[case("999999999999w")]
    fn text_that_is_no_future_time_is_refused(#[case] text: &str) {
        let expected = TimeError::NotATime(text.into());
        assert_eq!(parse_future(&format!(" {text} "), now(), clock(0)), Err(expected));
    }

    #[test]
    fn time_on_the_wrong_side_of_now_is_refused() {
        let earlier = parse_future("2026-03-01 22:00", now(), clock(0));
        assert_eq!(earlier, Err(TimeError::Passed));
        let later = parse_past("2026-03-01 23:00", now(), clock(0));
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
