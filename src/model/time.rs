//! Accepted times, and the text form of times and durations.

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Utc};

/// The years whose times are accepted, both ends included.
pub const ACCEPTED_YEARS: std::ops::RangeInclusive<i32> = 1970..=2100;

/// The end of a snooze that lasts until the incident changes: a time in the far future (2100).
pub const UNTIL_CHANGED: DateTime<Utc> =
    DateTime::from_timestamp_nanos(4_102_444_800 * 1_000_000_000);

/// Truncates a time to the second; detection and report are recorded like that.
#[must_use]
pub fn truncate_to_second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(0)
}

/// Truncates a time to the millisecond, the precision with which times are recorded.
#[must_use]
pub fn recorded_time(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(3)
}

/// Returns whether a time is in the years that the store accepts.
#[must_use]
pub fn is_in_range(time: DateTime<Utc>) -> bool {
    ACCEPTED_YEARS.contains(&time.year())
}

/// Formats a duration with one or two units: `45s`, `4m`, `1h12`, `3d`, `20w`.
///
/// Negative durations are shown as zero.
#[must_use]
pub fn format_duration(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if seconds < 60 {
        format!("{seconds}s")
    } else if minutes < 60 {
        format!("{minutes}m")
    } else if hours < 24 {
        format!("{hours}h{:02}", minutes % 60)
    } else if days < 100 {
        format!("{days}d")
    } else {
        format!("{}w", days / 7)
    }
}

/// Formats a duration as [`format_duration`] does, with seconds below an hour: `3m10`.
///
/// Means and medians are shown like this.
#[must_use]
pub fn format_precise_duration(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds().max(0);
    if (60..3600).contains(&seconds) {
        format!("{}m{:02}", seconds / 60, seconds % 60)
    } else {
        format_duration(duration)
    }
}

/// Formats how long ago a time was: `just now`, `2 min ago`, `3 h ago`, `5 d ago`.
#[must_use]
pub fn format_ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds();
    match seconds {
        i64::MIN..=59 => "just now".into(),
        60..=3599 => format!("{} min ago", seconds / 60),
        3600..=86_399 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// Parses `90s`, `15m`, `2h`, `3d`, `1w`, and sums such as `1h30m`; at most 36,500 days.
#[must_use]
pub fn parse_duration(text: &str) -> Option<TimeDelta> {
    let mut total: i64 = 0;
    let mut digits = String::new();
    if text.is_empty() {
        return None;
    }
    for ch in text.chars() {
        if ch.is_ascii_digit() {
            digits.push(ch);
            continue;
        }
        let unit: i64 = match ch.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return None,
        };
        let count: i64 = digits.parse().ok()?;
        digits.clear();
        total = total.checked_add(count.checked_mul(unit)?)?;
    }
    // A number without a unit is no duration.
    if !digits.is_empty() {
        return None;
    }
    TimeDelta::try_seconds(total).filter(|d| *d <= TimeDelta::days(36_500))
}
