//! Viewing an incident as it was, back and forth through its events.

use std::sync::Arc;

use crate::model::Incident;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::reading::update::end_travel;
use crate::tui::travel::TimeTravel;
use crate::tui::{metrics, reading};

/// Views the incident as of an earlier (negative `by`) or later event; on the metrics, selects
/// another window.
pub(in crate::tui) fn step(app: &mut App, by: i32) -> Vec<Effect> {
    match app.ui.focus {
        Pane::Metrics => metrics::update::step_span(app, if by < 0 { -1 } else { 1 }),
        Pane::Detail | Pane::Timeline => go_to(app, by),
        Pane::Queue => Vec::new(),
    }
}

fn go_to(app: &mut App, by: i32) -> Vec<Effect> {
    let Some(shown) = &app.reading.shown else { return Vec::new() };
    let (id, last) = (shown.id, shown.detail.incident.summary.seq);
    let viewed = app.travel.as_ref().map(|travel| travel.seq);
    let Some(seq) = viewed.unwrap_or(last).checked_add_signed(by).filter(|seq| *seq > 0) else {
        return show_toast(app, "that is how it began", false);
    };
    if seq > last {
        end_travel(app);
        return Vec::new();
    }
    app.travel = Some(TimeTravel { id, seq, record: None, scroll_pending: true });
    refresh_record(app)
}

/// Updates the past state that is viewed: folds the record as of its event once the events before
/// it are loaded; returns to the present if another incident is read or another pane has the focus.
pub(in crate::tui) fn refresh_record(app: &mut App) -> Vec<Effect> {
    let Some(travel) = &app.travel else { return Vec::new() };
    let (id, seq) = (travel.id, travel.seq);
    let shown = app.reading.shown.as_ref().filter(|shown| shown.id == id);
    let is_reading = matches!(app.ui.focus, Pane::Detail | Pane::Timeline)
        && app.reading.target.is_none_or(|target| target == id);
    let Some(shown) = shown.filter(|_| is_reading) else {
        end_travel(app);
        return Vec::new();
    };
    if travel.record.is_some() {
        return Vec::new();
    }
    if shown.events.first().is_some_and(|first| first.seq > 1) {
        return reading::update::load_all_events(app, id);
    }
    let events: Vec<_> = shown.events.iter().take_while(|event| event.seq <= seq).collect();
    // Commands sent offline may have earlier times than events that were recorded before them.
    let at = events.iter().map(|event| event.at).max();
    match (Incident::fold(events), at) {
        (Ok(Some(incident)), Some(at)) => {
            if let Some(travel) = &mut app.travel {
                travel.record = Some((Arc::new(incident), at));
            }
            Vec::new()
        }
        (Err(broken), _) => {
            end_travel(app);
            show_toast(app, format!("the past can't be shown: {broken}"), true)
        }
        (Ok(_), _) => {
            end_travel(app);
            Vec::new()
        }
    }
}
