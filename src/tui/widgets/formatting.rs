//! Formatting of short texts that several regions share.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Status;
use crate::model::service_level::{Clock, SlaTarget};
use crate::model::time::format_duration;

use crate::tui::core::app::App;

/// Formats an age as the queue shows it: without seconds, so that it changes with the minute only.
pub(in crate::tui) fn age(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    short_duration(now - then)
}

/// Formats a duration without seconds.
pub(in crate::tui) fn short_duration(duration: TimeDelta) -> String {
    if duration < TimeDelta::minutes(1) { "<1m".into() } else { format_duration(duration) }
}

/// Returns a bar of `cells` cells that shows a clock's remaining time. It has at least one full
/// cell while any time remains.
pub(in crate::tui) fn remaining_bar(clock: &Clock, now: DateTime<Utc>, cells: usize) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a few cells"
    )]
    let full = ((1.0 - clock.elapsed_share(now)) * cells as f64).ceil() as usize;
    let full = if clock.is_past(now) { 0 } else { full.clamp(1, cells) };
    format!("{}{}", "▰".repeat(full), "▱".repeat(cells - full))
}

/// Formats a remaining time, or the time since the deadline as in `+3m`.
pub(in crate::tui) fn remaining_text(remaining: TimeDelta) -> String {
    if remaining >= TimeDelta::zero() {
        short_duration(remaining)
    } else {
        // `+<1m` would read as less than something.
        let late = -remaining;
        if late < TimeDelta::minutes(1) {
            "+0m".into()
        } else {
            format!("+{}", format_duration(late))
        }
    }
}

/// Describes when the next attempt is: as a countdown, or as a time with low bandwidth, where
/// nothing may change without input.
pub(in crate::tui) fn retry_text(app: &App, retry_in: TimeDelta) -> String {
    if app.ui.low_bandwidth {
        format!("retry at {}", app.clock().hh_mm_ss(app.now + retry_in))
    } else {
        format!("retrying in {} s", retry_in.num_seconds().max(0))
    }
}

/// Describes the error of this machine's clock, relative to the backend's. `offset` is the time of
/// the backend minus that of this machine.
pub(in crate::tui) fn wrong_clock(offset: TimeDelta, is_short: bool) -> String {
    let by = short_duration(offset.abs());
    match (is_short, offset > TimeDelta::zero()) {
        (true, _) => format!("CLOCK {by}"),
        (false, true) => format!("CLOCK {by} behind"),
        (false, false) => format!("CLOCK {by} ahead"),
    }
}

/// Returns a short word for a status.
pub(in crate::tui) fn short_status(status: Status) -> &'static str {
    match status {
        Status::Triggered => "new",
        Status::Acknowledged => "ack",
        Status::Investigating => "invest",
        Status::Identified => "ident",
        Status::Monitoring => "monit",
        Status::Resolved => "resolv",
        Status::Closed => "closed",
        Status::Merged => "merged",
        Status::Reclassified => "reclas",
        Status::Unknown(word) => word.label(),
    }
}

/// Formats the clock of a service level in at most `wide` columns: `ack 4m` until it is
/// acknowledged, then `22m`, and `+21m` past its level. Less exact in a narrow column, empty if no
/// form fits: a figure is never truncated.
pub(in crate::tui) fn clock_text(clock: &Clock, now: DateTime<Utc>, wide: usize) -> String {
    let remaining = clock.remaining(now);
    let exact = remaining_text(remaining);
    let mut forms = Vec::with_capacity(3);
    if clock.target == SlaTarget::Acknowledge {
        forms.push(format!("ack {exact}"));
    }
    forms.push(exact);
    let sign = if remaining < TimeDelta::zero() { "+" } else { "" };
    let hours = remaining.abs().num_hours();
    if (1..24).contains(&hours) {
        forms.push(format!("{sign}{hours}h"));
    }
    forms.into_iter().find(|form| form.len() <= wide).unwrap_or_default()
}

/// Formats a number with its noun: `1 incident`, `2 incidents`.
pub(in crate::tui) fn pluralize(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
