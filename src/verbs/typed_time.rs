//! Parses times as people type them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::model::filter::Calendar;
use crate::model::text::sanitize;
use crate::model::time::parse_duration;

/// The formats that are accepted, for messages.
pub const FORMATS: &str = "30m, 4h, 2d, 09:00, tomorrow 09:00, 2026-03-01 09:00";

/// The reason why a typed time can't be used. Displayed as the error and the accepted formats.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimeError {
    /// The text has none of the accepted formats; it is the typed text without blanks at its ends.
    #[error("{:?} is no time: write {FORMATS}", sanitize(.0))]
    NotATime(String),
    /// The time is not after now.
    #[error("that time has passed: choose a later one")]
    Passed,
    /// The time is after now.
    #[error("that lies in the future")]
    InTheFuture,
}

/// Parses a time after `now`: a duration, a time of day (the next one), or a date and a time, in
/// the zone of the calendar.
///
/// # Errors
/// The error and the accepted formats.
pub fn parse_future(
    text: &str,
    now: DateTime<Utc>,
    calendar: &dyn Calendar,
) -> Result<DateTime<Utc>, TimeError> {
    let at = parse(text, now, calendar, 1).ok_or_else(|| unknown_time(text))?;
    if at <= now { Err(TimeError::Passed) } else { Ok(at) }
}

/// Parses a time up to `now`: empty or `now`, a duration before now, a time of day (the last one),
/// or a date and a time.
///
/// # Errors
/// The error and the accepted formats.
pub fn parse_past(
    text: &str,
    now: DateTime<Utc>,
    calendar: &dyn Calendar,
) -> Result<DateTime<Utc>, TimeError> {
    if text.trim().is_empty() || text.trim().eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    let text = text.trim();
    let text = text.strip_suffix("ago").map_or(text, str::trim_end);
    let at = parse(text, now, calendar, -1).ok_or_else(|| unknown_time(text))?;
    if at > now { Err(TimeError::InTheFuture) } else { Ok(at) }
}

fn unknown_time(text: &str) -> TimeError {
    TimeError::NotATime(text.trim().to_owned())
}

fn parse(
    text: &str,
    now: DateTime<Utc>,
    calendar: &dyn Calendar,
    side: i32,
) -> Option<DateTime<Utc>> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(span) = parse_duration(&text) {
        return now.checked_add_signed(span * side);
    }
    let today = calendar.local_time(now).date();
    let on = |day: NaiveDate, time: &str| calendar.to_utc(day.and_time(parse_clock_time(time)?));
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
