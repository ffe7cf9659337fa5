//! Times as the detail shows them.

use chrono::{DateTime, Utc};

use crate::tui::core::app::App;

/// Formats a time of today as `22:41`, another as `11-23 22:41`, of another year in full; followed
/// by UTC if both zones are shown.
pub(super) fn format_time(app: &App, at: DateTime<Utc>) -> String {
    use chrono::Datelike;
    let clock = app.clock();
    let (local, now) = (clock.local_time(at), clock.local_time(app.now));
    let form = if local.date() == now.date() {
        "%H:%M"
    } else if local.year() == now.year() {
        "%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    let utc =
        clock.secondary_utc(at).map(|at| at.format(" (%H:%MZ)").to_string()).unwrap_or_default();
    format!("{}{utc}", local.format(form))
}
