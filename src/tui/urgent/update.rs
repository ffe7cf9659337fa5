//! How the line of new urgent incidents changes, and the way to the most urgent one.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::queue::urgency_key;
use crate::model::{IncidentId, Status, Summary};
use crate::sync::Snapshot;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::jump::update::open_incident;
use crate::tui::reading;
use crate::tui::urgent::{Causes, Unclaimed, is_unclaimed};

/// How long the line is shown at least for an incident that was selected when it came: a key that
/// is pressed at that moment was meant for something else.
const SHOWN_AT_LEAST: TimeDelta = TimeDelta::seconds(1);

/// Adds incidents that are new and urgent, and removes those that have an assignee now.
pub(in crate::tui) fn rows_changed(
    app: &mut App,
    snapshot: &Snapshot,
    new: &[Arc<Summary>],
    at: DateTime<Utc>,
) {
    let mut waiting: HashMap<IncidentId, DateTime<Utc>> = HashMap::new();
    waiting.extend(app.notices.urgent.waiting.iter().map(|before| (before.row.id, before.since)));
    waiting.extend(new.iter().map(|row| (row.id, at)));
    if waiting.is_empty() {
        return;
    }
    let (levels, at) = (app.session.rules.levels, app.backend_time(at));
    let causes = Causes::of(&snapshot.rows);
    let mut rows: Vec<Unclaimed> = snapshot
        .rows
        .iter()
        .filter(|row| is_unclaimed(row, at) && !causes.is_quiet(row))
        .filter_map(|row| {
            let since = *waiting.get(&row.id)?;
            Some(Unclaimed { row: Arc::clone(row), since })
        })
        .collect();
    rows.sort_by_key(|unclaimed| urgency_key(&unclaimed.row, at, &levels));
    app.notices.urgent.waiting = rows;
}

/// Dismisses the line. Returns whether there was one.
pub(in crate::tui) fn dismiss_all(app: &mut App) -> bool {
    !std::mem::take(&mut app.notices.urgent.waiting).is_empty()
}

/// Removes the incident that the viewer has visited with a key. `before` is the previous one.
pub(in crate::tui) fn key_pressed(app: &mut App, before: Option<IncidentId>, at: DateTime<Utc>) {
    if app.notices.urgent.waiting.is_empty() || !matches!(app.ui.mode, Mode::Panes) {
        return;
    }
    let Some(target) = app.target().map(|row| row.id) else { return };
    app.notices.urgent.waiting.retain(|unclaimed| {
        let turned_to = before != Some(target) || at - unclaimed.since >= SHOWN_AT_LEAST;
        unclaimed.row.id != target || !turned_to
    });
}

/// Goes to the incident in the line, or without a line to the most urgent unacknowledged one, from
/// anywhere.
pub(in crate::tui) fn go_to_most_urgent(app: &mut App) -> Vec<Effect> {
    let (levels, now) = (app.session.rules.levels, app.backend_now());
    let named = app.notices.urgent.waiting.first().map(|unclaimed| &unclaimed.row);
    let open = app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows);
    let unacknowledged = open.filter(|row| row.status == Status::Triggered && !row.is_snoozed(now));
    let causes = app.fetched.snapshot.as_ref().map(|snapshot| Causes::of(&snapshot.rows));
    let causes = causes.unwrap_or_default();
    // Consequences of another incident come last.
    let key = |row: &&Arc<Summary>| (causes.is_quiet(row), urgency_key(row, now, &levels));
    let most_urgent = named.or_else(|| unacknowledged.min_by_key(key));
    let Some((id, label)) = most_urgent.map(|row| (row.id, row.label())) else {
        return show_toast(app, "everything is acknowledged", false);
    };
    app.ui.mode = Mode::Panes;
    reading::update::end_travel(app);
    app.notices.urgent.dismiss(id);
    if !app.queue.select(id) {
        let mut effects = open_incident(app, id);
        let message = format!("{label} is hidden by the filter: it is not in the queue");
        effects.extend(show_toast(app, message, false));
        return effects;
    }
    if matches!(app.ui.focus, Pane::Detail | Pane::Timeline) {
        return reading::update::follow_at_once(app);
    }
    // Nothing of the incident would be on the screen.
    app.ui.zoomed &= app.ui.focus == Pane::Queue;
    app.ui.focus = Pane::Queue;
    reading::update::selection_moved(app)
}
