//! The alerts of the incident, on its record: their number, and a line for each.

use chrono::{DateTime, Utc};

use crate::backend::{Detail, MAX_DETAIL_ALERTS};
use crate::model::alert::{Alert, count_text, short_names};
use crate::model::text::{pad, sanitize, truncate, width};

use crate::tui::alerts::state_style;
use crate::tui::core::app::App;
use crate::tui::detail::fields::{Fields, LABEL_WIDTH};
use crate::tui::follow::Destination;
use crate::tui::widgets::text::{Line, Span};

/// How many alerts are listed beside the queue, and on the record.
const MAX_IN_PANE: usize = 5;
const MAX_ON_RECORD: usize = 20;

/// Appends the number of alerts, and the first ones: firing ones before the others.
pub(super) fn push(out: &mut Fields<'_>, detail: &Detail) {
    let app = out.app;
    let alerts = &detail.alert_rows;
    if alerts.is_empty() {
        return;
    }
    let most = usize::try_from(MAX_DETAIL_ALERTS).unwrap_or(usize::MAX);
    let is_complete = alerts.len() < most;
    let id = detail.incident.summary.id;
    out.link("Alerts", count_text(alerts, is_complete), Destination::Alerts(id));
    // The times are those of the clock of the store.
    let now = app.backend_time(out.now);
    if let Some(soak) = detail.soak.filter(|_| detail.incident.summary.status.is_open()) {
        let style = if soak.has_passed(now) { app.ui.theme.text() } else { app.ui.theme.strong() };
        out.field("Stability", &soak.text(now), style);
    }
    let shown = if out.has_screen() { MAX_ON_RECORD } else { MAX_IN_PANE };
    for (alert, name) in alerts.iter().zip(short_names(alerts)).take(shown) {
        push_alert(out, alert, &name);
    }
    let hidden = alerts.len().saturating_sub(shown);
    if hidden > 0 {
        let more = if is_complete { "" } else { ", or others yet" };
        out.field("", &format!("and {hidden} more{more}"), app.ui.theme.dim());
    }
}

/// Appends the line of an alert: its state, its title, how often and over which time it was
/// reported.
fn push_alert(out: &mut Fields<'_>, alert: &Alert, name: &str) {
    let app = out.app;
    let theme = app.ui.theme;
    let room = out.width.saturating_sub(LABEL_WIDTH).max(8);
    let count = if alert.count > 1 { format!("×{} ", alert.count) } else { String::new() };
    let from = time(app, alert.first_at);
    let until = time(app, alert.last_at);
    let span = if from == until { from } else { format!("{from}–{until}") };
    let right = format!("{count}{span}");
    let state = sanitize(alert.state.as_str());
    let state = pad(truncate(format!("  {state}"), LABEL_WIDTH - 1), LABEL_WIDTH).into_owned();
    let style = if alert.is_firing() { theme.text() } else { theme.dim() };
    let mut line = Line::from(Span::styled(state, state_style(theme, alert)));
    // If there is no room for both, the name is more useful.
    let free = room.saturating_sub(width(&right) + 2);
    if free < 12 {
        line.push_span(Span::styled(truncate(name, room).into_owned(), style));
    } else {
        let name = truncate(name, free).into_owned();
        let blank = free.saturating_sub(name.width()) + 2;
        line.push_span(Span::styled(name, style));
        line.push_span(Span::raw(" ".repeat(blank)));
        line.push_span(Span::styled(right, theme.dim()));
    }
    out.lines.push(line);
}

/// Formats a time of today, another one with its date.
fn time(app: &App, at: DateTime<Utc>) -> String {
    let clock = app.clock();
    let (local, now) = (clock.local_time(at), clock.local_time(app.now));
    let form = if local.date() == now.date() { "%H:%M" } else { "%m-%d %H:%M" };
    local.format(form).to_string()
}
