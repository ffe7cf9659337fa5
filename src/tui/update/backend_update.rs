//! What comes from the backend by itself, and what time does.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::BackendError;
use crate::model::measures::Measures;
use crate::sync::{BackendUpdate, CachedData, ConnectionState};

use super::super::app::{App, Failure, Span};
use super::super::message::{CachedPart, Effect};
use super::{
    attention, find, forms, navigation, outbox, reading, remote_activity, report_failure, rows,
    show_toast, wall,
};

/// Measures are computed anew at most this often while the queue changes.
const MIN_MEASURES_AGE: TimeDelta = TimeDelta::minutes(1);
/// And at least this often, because windows slide.
const MAX_MEASURES_AGE: TimeDelta = TimeDelta::minutes(10);

/// The mirror has learnt something.
pub(super) fn apply(app: &mut App, update: BackendUpdate, at: DateTime<Utc>) -> Vec<Effect> {
    match update {
        BackendUpdate::Capabilities(capabilities) => {
            // An API knows who asks from the token.
            if let Some(me) = capabilities.me.as_ref().filter(|me| **me != app.me) {
                app.me = me.clone();
                if app.snapshot.is_some() {
                    rows::derive(app, at);
                }
            }
            app.capabilities = Some(capabilities);
            Vec::new()
        }
        BackendUpdate::Ended(rows) => {
            // Only a history shows them.
            if app.queue.pages.is_none() {
                return Vec::new();
            }
            for row in &rows {
                find::update_row(app, row);
            }
            rows::derive_unprompted(app, at);
            reading::follow(app)
        }
        BackendUpdate::Directory(directory) => {
            // One that was kept is told of right before it.
            if !matches!(app.connection, ConnectionState::Loading) {
                app.cached_at.directory = None;
            }
            app.directory = Some(directory);
            forms::directory_changed(app);
            Vec::new()
        }
        BackendUpdate::Cached(CachedData::Rows, at) => {
            app.answered_at = Some(at);
            Vec::new()
        }
        BackendUpdate::Cached(CachedData::Directory, at) => {
            app.cached_at.directory = Some(at);
            Vec::new()
        }
        BackendUpdate::Outbox(listing) => outbox::snapshot_changed(app, &listing, at),
        BackendUpdate::Connection(link) => {
            if let ConnectionState::Live { at } | ConnectionState::Polling { at, .. } = &link {
                app.answered_at = Some(*at);
                app.clock_jumped = false;
            }
            if let ConnectionState::Failing { error, .. } = &link
                && !matches!(app.connection, ConnectionState::Failing { .. })
            {
                // The keys line tells of it as long as it lasts: it needs no toast.
                app.failure = Some(Failure {
                    operation: format!("reading {}", app.workspace.location),
                    message: error.to_string(),
                    at,
                });
            }
            let answers =
                matches!(link, ConnectionState::Live { .. } | ConnectionState::Polling { .. });
            let back = answers && matches!(app.connection, ConnectionState::Failing { .. });
            app.connection = link;
            if back { reload_stale(app) } else { Vec::new() }
        }
        BackendUpdate::Snapshot(snapshot) => {
            let first = app.snapshot.is_none();
            // The rest of the rows after the first page is no news to the measures.
            let filling = app.snapshot.as_ref().is_none_or(|before| before.counts.is_some());
            let calls = attention::check_snapshot(app, &snapshot);
            let changed = find::open_changed(app, app.snapshot.clone().as_deref(), &snapshot);
            app.snapshot = Some(snapshot);
            app.metrics.outdated |= !filling;
            let selected = app.queue.selected;
            rows::derive_unprompted(app, at);
            if app.queue.rows.is_empty() {
                app.reading.moving = false;
            }
            let mut effects = if first || selected == app.queue.selected || selected.is_none() {
                reading::follow(app)
            } else {
                navigation::selection_moved(app)
            };
            effects.extend(remote_activity::load_changed_targets(app));
            effects.extend(changed);
            if first {
                effects.extend(load_measures_if_needed(app));
            }
            if app.queue.rows.is_empty() {
                effects.push(Effect::LoadLastEnded);
            }
            // Nobody is called to a wall.
            if app.wall.is_none() {
                effects.extend(calls);
            }
            effects.extend(wall::incidents_changed(app, at));
            effects
        }
    }
}

/// The measures are asked for, unless they are already.
pub(super) fn load_measures_if_needed(app: &mut App) -> Option<Effect> {
    if app.metrics.loading || app.metrics.loaded.is_some() {
        return None;
    }
    app.metrics.loading = true;
    Some(Effect::LoadMeasures(app.metrics.span))
}

/// When what is told next was read, where it was kept.
pub(super) fn set_cached_at(app: &mut App, of: CachedPart, at: Option<DateTime<Utc>>) {
    match (of, at) {
        (CachedPart::Measures, at) => app.cached_at.measures = at,
        (CachedPart::HistoryPage(number), at) => {
            app.cached_at.history_page = at.map(|at| (number, at))
        }
        (CachedPart::Detail(id), Some(at)) => {
            app.cached_at.details.insert(id, at);
        }
        (CachedPart::Detail(id), None) => {
            app.cached_at.details.remove(&id);
        }
    }
}

/// The clock has jumped: nothing counts as fresh until the backend has answered again.
pub(super) fn clock_jumped(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if app.outbox.is_none() {
        return Vec::new();
    }
    app.clock_jumped = true;
    let mut effects = time_passed(app, at);
    effects.push(Effect::Refresh);
    effects
}

/// What could not be read while the backend failed, or was only kept, is read again.
fn reload_stale(app: &mut App) -> Vec<Effect> {
    app.reading.failed = None;
    let kept = &app.cached_at.details;
    app.reading.cache.retain(|shown| !kept.contains_key(&shown.id));
    let mut effects = reading::follow(app);
    let shown = app.reading.shown.as_ref().map(|shown| shown.id);
    if let Some(id) = shown.filter(|id| app.cached_at.details.contains_key(id)) {
        effects.push(Effect::LoadDetail(id));
    }
    if app.cached_at.measures.is_some() && !app.metrics.loading {
        app.metrics.loading = true;
        effects.push(Effect::LoadMeasures(app.metrics.span));
    }
    if app.queue.pages.as_ref().is_some_and(|pages| pages.error.is_some() || pages.as_of.is_some())
    {
        effects.extend(find::reload_history(app));
    }
    if app.metrics.failed.is_some() && !app.metrics.loading {
        app.metrics.loading = true;
        effects.push(Effect::LoadMeasures(app.metrics.span));
    }
    effects.extend(wall::retry_last_p1(app));
    effects
}

/// Time has passed.
pub(super) fn time_passed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let selected = app.queue.selected;
    rows::derive_unprompted(app, at);
    let mut effects = Vec::new();
    if selected != app.queue.selected {
        effects = navigation::selection_moved(app);
    }
    let age = app.metrics.loaded_at.map(|then| (at - then).abs());
    let due = age.is_some_and(|age| {
        age >= MAX_MEASURES_AGE || (app.metrics.outdated && age >= MIN_MEASURES_AGE)
    });
    if due && !app.metrics.loading {
        app.metrics.loading = true;
        effects.push(Effect::LoadMeasures(app.metrics.span));
    }
    effects
}

/// Another window of the measures.
pub(super) fn step_span(app: &mut App, by: isize) -> Vec<Effect> {
    let here = Span::ALL.iter().position(|s| *s == app.metrics.span).unwrap_or(0);
    let next = here.saturating_add_signed(by).min(Span::ALL.len() - 1);
    if next == here {
        return Vec::new();
    }
    choose_span(app, Span::ALL[next])
}

/// Computes the measures over a window.
pub(super) fn choose_span(app: &mut App, span: Span) -> Vec<Effect> {
    app.metrics.span = span;
    app.metrics.top = 0;
    app.metrics.loading = true;
    vec![Effect::LoadMeasures(app.metrics.span)]
}

/// Measures were computed.
pub(super) fn measures_loaded(
    app: &mut App,
    span: Span,
    result: Result<Arc<Measures>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if span != app.metrics.span {
        return Vec::new();
    }
    app.metrics.loading = false;
    app.metrics.loaded_at = Some(at);
    match result {
        Ok(measures) => {
            app.metrics.loaded = Some((span, measures));
            app.metrics.outdated = false;
            app.metrics.failed = None;
            Vec::new()
        }
        Err(error) => {
            let began = app.metrics.failed.replace(error.to_string()).is_none();
            app.metrics.outdated = true;
            // The pane tells of it as long as it lasts.
            if !began {
                return Vec::new();
            }
            report_failure(app, "computing measures", &error.to_string(), at)
        }
    }
}

/// Everything is asked for anew.
pub(super) fn refresh(app: &mut App) -> Vec<Effect> {
    let mut effects = vec![Effect::Refresh];
    app.reading.failed = None;
    if let Some(id) = app.reading.shown.as_ref().map(|s| s.id).or(app.queue.selected) {
        app.reading.loading = Some((id, 0));
        effects.push(Effect::LoadDetail(id));
    }
    effects.extend(find::reload_history(app));
    app.metrics.loading = true;
    effects.push(Effect::LoadMeasures(app.metrics.span));
    effects.extend(show_toast(app, "asked anew", false));
    effects
}
