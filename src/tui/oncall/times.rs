//! The spans and times of the screen.

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::tui::core::app::App;
use crate::tui::core::zone::Clock;
use crate::tui::screens::ListScreen;

/// The days that the strip shows.
pub(in crate::tui) const DAYS: i64 = 14;
/// The span of time ahead in which the next shift is searched.
const HORIZON: TimeDelta = TimeDelta::days(35);

/// Returns the midnight with which the first day of the strip begins, as the viewer's clock shows
/// it.
pub(in crate::tui) fn first_day(app: &App, screen: &ListScreen) -> NaiveDateTime {
    let today = app.clock().local_time(app.backend_now()).date();
    let weeks = TimeDelta::days(7 * i64::from(screen.offset));
    let day = today.checked_add_signed(weeks).unwrap_or(today);
    day.and_time(NaiveTime::MIN)
}

/// Returns the two weeks of the strip.
pub(in crate::tui) fn window(app: &App, screen: &ListScreen) -> (DateTime<Utc>, DateTime<Utc>) {
    let clock = app.clock();
    let first = first_day(app, screen);
    let last = first.checked_add_signed(TimeDelta::days(DAYS)).unwrap_or(first);
    let utc = |local: NaiveDateTime| clock.to_utc(local).unwrap_or_else(|| local.and_utc());
    (utc(first), utc(last))
}

/// Returns the span in which the current shift and the next one are searched.
pub(in crate::tui) fn ahead(app: &App) -> (DateTime<Utc>, DateTime<Utc>) {
    let now = app.backend_now();
    (now, now.checked_add_signed(HORIZON).unwrap_or(now))
}

/// Formats a time of the coming or past days: `18:00` today, `Mo 09:00` within six days, else
/// `7 Dec`.
pub(in crate::tui) fn day_time(clock: Clock, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (local, today) = (clock.local_time(at), clock.local_time(now).date());
    let days = (local.date() - today).num_days();
    match days {
        0 => local.format("%H:%M").to_string(),
        1..=6 => format!("{} {}", weekday(local), local.format("%H:%M")),
        _ => local.format("%-d %b").to_string(),
    }
}

/// Formats a span of time: `Sa 28 08:00–20:00`.
pub(in crate::tui) fn span(clock: Clock, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let [start, end] = [from, to].map(|at| clock.local_time(at));
    let day = |at: NaiveDateTime| format!("{} {}", weekday(at), at.format("%-d"));
    if start.date() == end.date() {
        return format!("{} {}–{}", day(start), start.format("%H:%M"), end.format("%H:%M"));
    }
    format!("{} {}–{} {}", day(start), start.format("%H:%M"), day(end), end.format("%H:%M"))
}

/// Returns the first two letters of the day of the week.
pub(in crate::tui) fn weekday(at: NaiveDateTime) -> String {
    at.format("%a").to_string().chars().take(2).collect()
}
