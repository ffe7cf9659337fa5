//! Handles updates that the poller publishes about the backend.

use chrono::{DateTime, Utc};

use crate::backend::{clock_sentence, unreadable_sentence};
use crate::sync::{BackendUpdate, ConnectionState, Sourced};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::core::state::notices::Failure;
use crate::tui::metrics::update::{load_measures, load_measures_if_needed};
use crate::tui::queue::clock::time_passed;
use crate::tui::queue::{history, rows};
use crate::tui::reading::{LoadedIncident, remote_activity};
use crate::tui::{attention, form, outbox, reading, screens, wall};

/// Applies an update that the poller has published.
#[expect(clippy::too_many_lines, reason = "one arm for each update")]
pub(in crate::tui) fn apply(
    app: &mut App,
    update: BackendUpdate,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    match update {
        BackendUpdate::Capabilities(capabilities) => {
            // An API identifies the viewer by the token.
            if let Some(me) = capabilities.me.as_ref().filter(|me| **me != app.session.me) {
                app.session.me = me.clone();
                if app.fetched.snapshot.is_some() {
                    rows::derive(app, at);
                }
            }
            app.connection.capabilities = Some(capabilities);
            Vec::new()
        }
        BackendUpdate::Ended(rows) => {
            app.fetched.last_ended_requested_for = None;
            // Only a history lists ended incidents.
            if app.queue.pages.is_some() {
                for row in &rows {
                    history::update_row(app, row);
                }
                rows::derive_unprompted(app, at);
            }
            reading::update::ended_changed(app, &rows)
        }
        BackendUpdate::Directory(directory) => {
            app.fetched.directory_as_of = directory.as_of;
            app.fetched.directory = Some(directory.value);
            form::update::directory_changed(app);
            screens::update::derive(app);
            Vec::new()
        }
        BackendUpdate::Outbox(snapshot) => outbox::update::snapshot_changed(app, &snapshot, at),
        BackendUpdate::ClockCorrection(correction) => {
            app.connection.clock_correction = correction;
            // The edges of the window were those of the other clock.
            app.metrics.outdated = true;
            let mut effects = time_passed(app, at);
            effects.extend(wall::update::time_corrected(app, at));
            effects
        }
        BackendUpdate::ClockOffset(offset) => {
            app.connection.clock_offset = offset;
            let Some(offset) = offset else { return Vec::new() };
            let location = app.session.workspace.location.clone();
            show_toast(app, clock_sentence(offset, &location), true)
        }
        BackendUpdate::Unreadable(count) => {
            let location = app.session.workspace.location.clone();
            show_toast(app, unreadable_sentence(count, &location), true)
        }
        BackendUpdate::Connection(connection) => {
            if let ConnectionState::Live { at } | ConnectionState::Polling { at, .. } = &connection
            {
                app.connection.answered_at = Some(*at);
                app.connection.clock_jumped = false;
            }
            if let ConnectionState::Failing { error, .. } = &connection
                && !matches!(app.connection.state, ConnectionState::Failing { .. })
            {
                // The keys line shows the failure as long as it lasts: it needs no toast.
                app.notices.failure = Some(Failure {
                    operation: format!("reading {}", app.session.workspace.location),
                    message: error.to_string(),
                    at,
                });
            }
            let answers = matches!(
                connection,
                ConnectionState::Live { .. } | ConnectionState::Polling { .. }
            );
            let recovered =
                answers && matches!(app.connection.state, ConnectionState::Failing { .. });
            app.connection.state = connection;
            if recovered { reload_stale(app) } else { Vec::new() }
        }
        BackendUpdate::Snapshot(Sourced { value: snapshot, as_of }) => {
            // Rows of the cache are as old as the answer that brought them, in an earlier run.
            app.connection.answered_at = as_of.or(app.connection.answered_at);
            let first = app.fetched.snapshot.is_none();
            // The rows that follow the first page are no change to the measures.
            let filling =
                app.fetched.snapshot.as_ref().is_none_or(|before| before.counts.is_some());
            let attention = attention::update::check_snapshot(app, &snapshot);
            let changed =
                history::open_changed(app, app.fetched.snapshot.clone().as_deref(), &snapshot);
            if app
                .fetched
                .snapshot
                .as_ref()
                .is_some_and(|before| before.rows.len() > snapshot.rows.len())
            {
                app.fetched.last_ended_requested_for = None;
            }
            app.fetched.snapshot = Some(snapshot);
            app.metrics.outdated |= !filling;
            let selected = app.queue.selected;
            rows::derive_unprompted(app, at);
            if app.queue.rows.is_empty() {
                app.reading.moving = false;
            }
            let mut effects = if first || selected == app.queue.selected || selected.is_none() {
                reading::update::follow(app)
            } else {
                reading::update::selection_moved(app)
            };
            effects.extend(screens::update::incidents_changed(app));
            effects.extend(remote_activity::load_changed_targets(app));
            effects.extend(changed);
            if first {
                effects.extend(load_measures_if_needed(app));
            }
            effects.extend(load_last_ended_if_needed(app));
            // The wall display needs no attention.
            if app.wall.is_none() {
                effects.extend(attention);
            }
            effects.extend(wall::update::incidents_changed(app, at));
            effects
        }
    }
}

/// Looks up the last ended incident if the queue is empty: once, until something has ended or the
/// filter has changed.
fn load_last_ended_if_needed(app: &mut App) -> Option<Effect> {
    let filter = app.queue.filter();
    if !app.queue.rows.is_empty() || app.fetched.last_ended_requested_for.as_ref() == Some(filter) {
        return None;
    }
    app.fetched.last_ended_requested_for = Some(filter.clone());
    Some(Effect::LoadLastEnded)
}

/// Marks everything as stale until the backend has answered again, because the clock has jumped.
pub(in crate::tui) fn clock_jumped(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if app.inflight.outbox.is_none() {
        return Vec::new();
    }
    app.connection.clock_jumped = true;
    let mut effects = time_passed(app, at);
    effects.push(Effect::Refresh);
    effects
}

/// Reads data again that could not be read while the backend failed, or came from the cache.
fn reload_stale(app: &mut App) -> Vec<Effect> {
    app.fetched.last_ended_requested_for = None;
    app.reading.failed = None;
    app.reading.cache.retain(|shown| shown.as_of.is_none());
    let mut effects = reading::update::follow(app);
    // Changes of an incident that is not open are not reported again after a failure.
    let is_stale = |shown: &&LoadedIncident| shown.as_of.is_some() || app.row(shown.id).is_none();
    if let Some(shown) = app.reading.shown.as_ref().filter(is_stale) {
        let load = Effect::LoadDetail(shown.id);
        if !effects.contains(&load) {
            effects.push(load);
        }
    }
    if app.metrics.as_of.is_some() && !app.metrics.loading {
        app.metrics.loading = true;
        effects.push(load_measures(app));
    }
    if app.queue.pages.as_ref().is_some_and(|pages| pages.error.is_some() || pages.as_of.is_some())
    {
        effects.extend(history::reload_history(app));
    }
    if app.metrics.failed.is_some() && !app.metrics.loading {
        app.metrics.loading = true;
        effects.push(load_measures(app));
    }
    effects.extend(wall::update::retry_last_p1(app));
    effects
}

/// Reads everything on the screen again.
pub(in crate::tui) fn refresh(app: &mut App) -> Vec<Effect> {
    let mut effects = vec![Effect::Refresh];
    app.reading.failed = None;
    if let Some(id) = app.reading.shown.as_ref().map(|s| s.id).or(app.queue.selected) {
        app.reading.loading = Some((id, 0));
        effects.push(Effect::LoadDetail(id));
    }
    effects.extend(history::reload_history(app));
    app.metrics.loading = true;
    effects.push(load_measures(app));
    effects.extend(show_toast(app, "asked anew", false));
    effects
}
