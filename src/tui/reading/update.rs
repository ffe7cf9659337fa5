//! Detail and timeline: which incident they show, and how they follow the selection.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::backend::BackendError;
use crate::model::{Event, IncidentId, Summary};
use crate::sync::Sourced;

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, IncidentRead, Timer};
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::report_failure;
use crate::tui::core::pane::Pane;
use crate::tui::drafts;
use crate::tui::reading::{LoadedIncident, remote_activity};

/// How many incidents stay in memory after they were read.
const MAX_CACHED: usize = 32;

/// Shows the incident that detail and timeline should show, and reads it if it is not loaded.
pub(in crate::tui) fn follow(app: &mut App) -> Vec<Effect> {
    // Behind the wall nothing is read.
    if app.reading.moving || app.wall.is_some() {
        return Vec::new();
    }
    // A person who reads is not moved to another incident because this one has left the queue.
    if app.reading.target.is_none() || !matches!(app.ui.focus, Pane::Detail | Pane::Timeline) {
        app.reading.target = app.queue.selected;
        app.follow.forget();
    }
    let Some(id) = app.reading.target else {
        app.reading.shown = None;
        return Vec::new();
    };
    let (seq, has_row) = (app.last_seq(id), app.row(id).is_some());
    let is_fresh = |shown: &LoadedIncident| {
        let read = shown.detail.incident.summary.seq.max(shown.requested_seq);
        // An incident without a row has ended: it is read once more, until the record contains the
        // end.
        read >= seq.unwrap_or(0) && (has_row || !shown.detail.incident.summary.status.is_open())
    };
    if let Some(shown) = app.reading.shown.as_ref().filter(|shown| shown.id == id) {
        return if is_fresh(shown) { Vec::new() } else { load(app, id, seq) };
    }
    if let Some(index) = app.reading.cache.iter().position(|c| c.id == id && is_fresh(c))
        && let Some(cached) = app.reading.cache.remove(index)
    {
        show(app, cached);
        return Vec::new();
    }
    load(app, id, seq)
}

/// Reads the selected incident now, whether the selection has rested or not.
pub(in crate::tui) fn follow_at_once(app: &mut App) -> Vec<Effect> {
    app.reading.moving = false;
    app.reading.target = app.queue.selected;
    app.follow.forget();
    follow(app)
}

/// Records that incidents without a row among the open ones have changed, by this viewer or others,
/// and reads those again that are visible or worked on.
pub(in crate::tui) fn ended_changed<'a>(
    app: &mut App,
    rows: impl IntoIterator<Item = &'a Summary>,
) -> Vec<Effect> {
    let targets = remote_activity::open_targets(app);
    let reading = &mut app.reading;
    for row in rows.into_iter().filter(|row| !row.status.is_open()) {
        let loaded = reading.shown.iter().chain(&reading.cache).any(|loaded| loaded.id == row.id);
        let worked_on = targets.iter().any(|target| target.id == row.id);
        if !loaded && !worked_on && reading.target != Some(row.id) {
            continue;
        }
        match reading.reported.iter_mut().find(|(id, _)| *id == row.id) {
            Some((_, seq)) => *seq = row.seq.max(*seq),
            None => reading.reported.push((row.id, row.seq)),
        }
    }
    let mut effects = follow(app);
    effects.extend(remote_activity::load_changed_targets(app));
    effects
}

fn load(app: &mut App, id: IncidentId, seq: Option<u32>) -> Vec<Effect> {
    let request = (id, seq.unwrap_or(0));
    if app.reading.loading == Some(request) {
        return Vec::new();
    }
    app.reading.loading = Some(request);
    vec![Effect::LoadDetail(id)]
}

fn show(app: &mut App, shown: LoadedIncident) {
    let reading = &mut app.reading;
    if reading.shown.as_ref().is_none_or(|previous| previous.id != shown.id) {
        reading.detail_top = 0;
        reading.timeline_top = 0;
        app.follow.chosen = None;
        app.timeline.search.clear();
        if let Some(previous) = reading.shown.take() {
            reading.cache.retain(|c| c.id != previous.id);
            reading.cache.push_front(previous);
            reading.cache.truncate(MAX_CACHED);
        }
    }
    reading.failed = None;
    if let Some(stop) = app.follow.returning.take_if(|stop| stop.id == shown.id) {
        app.follow.chosen = stop.chosen;
        (reading.detail_top, reading.timeline_top) = (stop.detail_top, stop.timeline_top);
    }
    reading.shown = Some(shown);
}

/// Shows or caches an incident that was read, or reports why it could not be.
pub(in crate::tui) fn loaded(
    app: &mut App,
    id: IncidentId,
    result: Result<Box<IncidentRead>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let requested_seq = match app.reading.loading {
        Some((loading, seq)) if loading == id => {
            app.reading.loading = None;
            seq
        }
        // The message may arrive a second time: the cached record first, then the fetched one.
        _ => {
            let previous = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == id);
            previous.map_or(0, |previous| previous.requested_seq)
        }
    };
    app.reading.loading_targets.retain(|(target, _)| *target != id);
    app.reading.earlier_failed = false;
    let is_target = app.reading.target == Some(id) && !app.reading.moving;
    match result {
        Ok(read) => {
            let Sourced { value: (detail, mut events), as_of } = *read;
            if as_of.is_none() {
                // The record is authoritative from now on. A backend that was restored may have
                // lost events.
                app.reading.reported.retain(|(reported, seq)| {
                    *reported != id || *seq > requested_seq.max(detail.incident.summary.seq)
                });
            }
            if is_outdated(app, &detail.incident.summary) {
                let loaded = app.reading.shown.iter_mut().chain(&mut app.reading.cache);
                for loaded in loaded.filter(|loaded| loaded.id == id) {
                    // Not read again for the same row: the backend may lag behind.
                    loaded.requested_seq = loaded.requested_seq.max(requested_seq);
                }
                if !is_target {
                    return Vec::new();
                }
                app.reading.failed = None;
                return follow(app);
            }
            let on_screen = app.reading.shown.as_ref().filter(|shown| shown.id == id);
            let before = on_screen.map(|shown| shown.detail.incident.summary.seq);
            let previous = on_screen.or_else(|| app.reading.cache.iter().find(|c| c.id == id));
            let redacted =
                previous.and_then(|previous| drafts::redacted::redacted_since(previous, &events));
            // Earlier events may have what was redacted since: they are read again on demand.
            if let Some(previous) = previous.filter(|_| redacted.is_none()) {
                events = prepend_earlier(&previous.events, events);
            }
            let label = detail.incident.summary.label();
            let mut effects = remote_activity::announce(app, id, &label, before, &events);
            if let Some(redacted) = redacted {
                effects.extend(drafts::redacted::remove(app, id, &label, &redacted));
            }
            let shown = LoadedIncident {
                id,
                detail: Arc::new(detail),
                events: Arc::new(events),
                requested_seq,
                as_of,
            };
            if is_target {
                let is_listed = app.last_seq(id).is_some();
                show(app, shown);
                // The incident may have changed while it was read.
                if is_listed {
                    effects.extend(follow(app));
                }
                return effects;
            }
            app.reading.cache.retain(|c| c.id != id);
            app.reading.cache.push_front(shown);
            app.reading.cache.truncate(MAX_CACHED);
            effects
        }
        Err(error) => {
            app.reading.failed = Some((id, error.to_string()));
            let label = app.row(id).map_or_else(|| "the incident".to_owned(), Summary::label);
            if matches!(app.ui.mode, Mode::Panes) && is_target {
                report_failure(app, &format!("reading {label}"), &error.to_string(), at)
            } else {
                Vec::new()
            }
        }
    }
}

/// Returns whether a record that was read is older than the loaded one: its request was answered
/// after a later one. A row that is not later either shows that the loaded record had pending
/// commands applied that were refused or dropped since.
fn is_outdated(app: &App, read: &Summary) -> bool {
    let loaded = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == read.id);
    let Some(loaded) = loaded.map(|loaded| &loaded.detail.incident.summary) else { return false };
    if read.seq >= loaded.seq {
        return false;
    }
    match app.row(read.id) {
        Some(row) => read.seq < row.seq,
        None => read.status.is_open() && !loaded.status.is_open(),
    }
}

/// Puts earlier events that were read before ahead of a freshly read end of the timeline.
fn prepend_earlier(loaded: &[Event], fresh: Vec<Event>) -> Vec<Event> {
    let Some(first) = fresh.first().map(|event| event.seq) else { return loaded.to_vec() };
    let mut all: Vec<Event> = loaded.iter().filter(|event| event.seq < first).cloned().collect();
    // A gap would hide what happened in between.
    if all.last().is_some_and(|last| last.seq + 1 != first) {
        all.clear();
    }
    all.extend(fresh);
    all
}

/// Requests earlier events when the oldest loaded event becomes visible.
pub(in crate::tui) fn load_earlier_if_near(app: &mut App, page: usize) -> Vec<Effect> {
    let reading = &mut app.reading;
    let Some(shown) = &reading.shown else { return Vec::new() };
    let near_end = reading.timeline_top + 2 * page >= reading.timeline_lines.len();
    match shown.events.first() {
        Some(first) if first.seq > 1 && near_end && !reading.loading_earlier => {
            reading.loading_earlier = true;
            vec![Effect::LoadEarlierEvents(shown.id, first.seq)]
        }
        _ => Vec::new(),
    }
}

/// Requests the events of an incident before the loaded ones, until all are loaded.
pub(in crate::tui) fn load_all_events(app: &mut App, id: IncidentId) -> Vec<Effect> {
    let reading = &mut app.reading;
    let loaded = reading.shown.iter().chain(&reading.cache).find(|shown| shown.id == id);
    match loaded.and_then(|loaded| loaded.events.first()) {
        Some(first) if first.seq > 1 && !reading.loading_earlier && !reading.earlier_failed => {
            reading.loading_earlier = true;
            vec![Effect::LoadEarlierEvents(id, first.seq)]
        }
        _ => Vec::new(),
    }
}

/// Adds earlier events that were read, or reports why they could not be.
pub(in crate::tui) fn earlier_loaded(
    app: &mut App,
    id: IncidentId,
    result: Result<Vec<Event>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    app.reading.loading_earlier = false;
    match result {
        Ok(events) => {
            let reading = &mut app.reading;
            let mut loaded = reading.shown.iter_mut().chain(&mut reading.cache);
            let Some(loaded) = loaded.find(|loaded| loaded.id == id) else { return Vec::new() };
            let Some(first) = loaded.events.first().map(|first| first.seq) else {
                return Vec::new();
            };
            if events.last().is_some_and(|last| last.seq + 1 == first) {
                let mut all = events;
                all.extend(loaded.events.iter().cloned());
                loaded.events = Arc::new(all);
                return Vec::new();
            }
            if first <= 1 {
                return Vec::new();
            }
            let why = format!("the answer does not reach up to event {first}");
            earlier_failed(app, &why, at)
        }
        Err(error) => earlier_failed(app, &error.to_string(), at),
    }
}

/// Reports that earlier events could not be read. They are not requested again automatically: only
/// when the incident is read again.
fn earlier_failed(app: &mut App, why: &str, at: DateTime<Utc>) -> Vec<Effect> {
    app.reading.earlier_failed = true;
    end_travel(app);
    report_failure(app, "reading earlier events", why, at)
}

/// How long the selection rests before detail and timeline follow.
pub const REST_DELAY: Duration = Duration::from_millis(80);

/// The same with low bandwidth.
pub const LONG_REST_DELAY: Duration = Duration::from_millis(200);

/// Handles a moved selection: detail and timeline follow once it rests.
pub(in crate::tui) fn selection_moved(app: &mut App) -> Vec<Effect> {
    app.reading.rest_seq += 1;
    app.reading.moving = true;
    let rest = if app.ui.low_bandwidth { LONG_REST_DELAY } else { REST_DELAY };
    vec![Effect::StartTimer(rest, Timer::Rest(app.reading.rest_seq))]
}

/// Returns to the present state.
pub(in crate::tui) fn end_travel(app: &mut App) {
    if app.travel.take().is_some() {
        app.reading.detail_top = 0;
        app.reading.timeline_top = 0;
    }
}
