//! Detail and timeline: which incident they show, and how they follow the selection.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::backend::{BackendError, Detail};
use crate::model::{Event, IncidentId, Summary};

use super::super::app::{App, LoadedIncident, Pane};
use super::super::message::Effect;
use super::super::mode::Mode;
use super::{remote_activity, report_failure, travel};

/// Incidents that are kept after they were read.
const MAX_CACHED: usize = 32;

/// Lets detail and timeline show what they should, reading it where it isn't known.
pub(super) fn follow(app: &mut App) -> Vec<Effect> {
    // Behind the wall nobody reads.
    if app.reading.moving || app.wall.is_some() {
        return Vec::new();
    }
    // Who reads is not taken to another incident because this one has left the queue.
    if app.reading.target.is_none() || !matches!(app.focus, Pane::Detail | Pane::Timeline) {
        app.reading.target = app.queue.selected;
    }
    let Some(id) = app.reading.target else {
        app.reading.shown = None;
        return Vec::new();
    };
    let seq = app.row(id).map(|row| row.seq);
    let fresh = |shown: &LoadedIncident| {
        let read = shown.detail.incident.summary.seq.max(shown.requested_seq);
        // Without a row, it has ended: read once more, it says so.
        seq.map_or_else(|| !shown.detail.incident.summary.status.is_open(), |seq| read >= seq)
    };
    if let Some(shown) = app.reading.shown.as_ref().filter(|shown| shown.id == id) {
        return if fresh(shown) { Vec::new() } else { load(app, id, seq) };
    }
    if let Some(place) = app.reading.cache.iter().position(|c| c.id == id && fresh(c))
        && let Some(known) = app.reading.cache.remove(place)
    {
        show(app, known);
        return Vec::new();
    }
    load(app, id, seq)
}

/// The selection is read now, whether it has rested or not.
pub(super) fn follow_at_once(app: &mut App) -> Vec<Effect> {
    app.reading.moving = false;
    app.reading.target = app.queue.selected;
    follow(app)
}

fn load(app: &mut App, id: IncidentId, seq: Option<u32>) -> Vec<Effect> {
    let asked = (id, seq.unwrap_or(0));
    if app.reading.loading == Some(asked) {
        return Vec::new();
    }
    app.reading.loading = Some(asked);
    vec![Effect::LoadDetail(id)]
}

fn show(app: &mut App, shown: LoadedIncident) {
    let reading = &mut app.reading;
    if reading.shown.as_ref().is_none_or(|before| before.id != shown.id) {
        reading.detail_top = 0;
        reading.timeline_top = 0;
        if let Some(before) = reading.shown.take() {
            reading.cache.retain(|c| c.id != before.id);
            reading.cache.push_front(before);
            reading.cache.truncate(MAX_CACHED);
        }
    }
    reading.failed = None;
    reading.shown = Some(shown);
}

/// An incident was read.
pub(super) fn loaded(
    app: &mut App,
    id: IncidentId,
    result: Result<Box<(Detail, Vec<Event>)>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let asked_at = match app.reading.loading {
        Some((loading, seq)) if loading == id => {
            app.reading.loading = None;
            seq
        }
        // It may be told a second time: what was kept first, then what was read.
        _ => {
            let known = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == id);
            known.map_or(0, |known| known.requested_seq)
        }
    };
    app.reading.loading_targets.retain(|(watched, _)| *watched != id);
    app.reading.earlier_failed = false;
    let wanted = app.reading.target == Some(id) && !app.reading.moving;
    match result {
        Ok(read) => {
            let (detail, mut events) = *read;
            let on_screen = app.reading.shown.as_ref().filter(|shown| shown.id == id);
            let before = on_screen.map(|shown| shown.detail.incident.summary.seq);
            let known = on_screen.or_else(|| app.reading.cache.iter().find(|c| c.id == id));
            if let Some(known) = known {
                events = prepend_earlier(&known.events, events);
            }
            let label = detail.incident.summary.label();
            let mut effects = remote_activity::announce(app, id, &label, before, &events);
            let shown = LoadedIncident {
                id,
                detail: Arc::new(detail),
                events: Arc::new(events),
                requested_seq: asked_at,
            };
            if wanted {
                let has_row = app.row(id).is_some();
                show(app, shown);
                // It may have changed while it was read.
                if has_row {
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
            if matches!(app.mode, Mode::Panes) && wanted {
                report_failure(app, &format!("reading {label}"), &error.to_string(), at)
            } else {
                Vec::new()
            }
        }
    }
}

/// Keeps earlier events that were read before, ahead of a freshly read end of the timeline.
fn prepend_earlier(known: &[Event], fresh: Vec<Event>) -> Vec<Event> {
    let Some(first) = fresh.first().map(|event| event.seq) else { return known.to_vec() };
    let mut all: Vec<Event> = known.iter().filter(|event| event.seq < first).cloned().collect();
    // A gap would hide what happened in between.
    if all.last().is_some_and(|last| last.seq + 1 != first) {
        all.clear();
    }
    all.extend(fresh);
    all
}

/// Asks for earlier events when the end of what is known comes into sight.
pub(super) fn load_earlier_if_near(app: &mut App, page: usize) -> Vec<Effect> {
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

/// Asks for the events of an incident that are before those that are known, until all are.
pub(super) fn load_all_events(app: &mut App, id: IncidentId) -> Vec<Effect> {
    let reading = &mut app.reading;
    let known = reading.shown.iter().chain(&reading.cache).find(|shown| shown.id == id);
    match known.and_then(|known| known.events.first()) {
        Some(first) if first.seq > 1 && !reading.loading_earlier && !reading.earlier_failed => {
            reading.loading_earlier = true;
            vec![Effect::LoadEarlierEvents(id, first.seq)]
        }
        _ => Vec::new(),
    }
}

/// Earlier events were read.
pub(super) fn earlier_loaded(
    app: &mut App,
    id: IncidentId,
    result: Result<Vec<Event>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    app.reading.loading_earlier = false;
    match result {
        Ok(events) => {
            let reading = &mut app.reading;
            let mut known = reading.shown.iter_mut().chain(&mut reading.cache);
            let Some(known) = known.find(|known| known.id == id) else { return Vec::new() };
            let Some(first) = known.events.first().map(|first| first.seq) else {
                return Vec::new();
            };
            if events.last().is_some_and(|last| last.seq + 1 == first) {
                let mut all = events;
                all.extend(known.events.iter().cloned());
                known.events = Arc::new(all);
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

/// Earlier events are not there. They are not asked for again by themselves: whoever reads the
/// incident anew asks again.
fn earlier_failed(app: &mut App, why: &str, at: DateTime<Utc>) -> Vec<Effect> {
    app.reading.earlier_failed = true;
    travel::end(app);
    report_failure(app, "reading earlier events", why, at)
}
