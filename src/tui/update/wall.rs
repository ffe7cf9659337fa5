//! The wall display: opened, kept up to date, left.

use chrono::{DateTime, Utc};

use crate::backend::BackendError;
use crate::model::filter::MatchContext;
use crate::model::queue::{OpenCounts, urgency_key};
use crate::model::{Event, Priority};

use super::super::app::App;
use super::super::message::Effect;
use super::super::queue::Row;
use super::super::wall::{EventRequest, IncidentRef, LastP1, Settings, Wall};
use super::{backend_update, reading, rows};

/// Shows the wall over the panes, with the view that the queue has.
pub(super) fn open(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let filter = app.queue.filter().clone();
    let settings = Settings { view: filter.to_string(), filter, ..Settings::default() };
    app.wall = Some(Box::new(Wall::new(settings, false, at)));
    app.now = at;
    if app.snapshot.is_some() { incidents_changed(app, at) } else { Vec::new() }
}

/// Back to the panes as they were, or the end where there are none.
pub(super) fn close(app: &mut App) -> Vec<Effect> {
    let alone = app.wall.take().is_some_and(|wall| wall.standalone);
    if alone {
        return super::quit(app);
    }
    rows::derive(app, app.now);
    reading::follow(app)
}

/// The open incidents have changed: makes the rows anew, and asks for what the ribbon lacks.
pub(super) fn incidents_changed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(snapshot) = app.snapshot.clone() else { return Vec::new() };
    let Some(mut wall) = app.wall.take() else { return Vec::new() };
    let urgent = wall.p1_since().is_some();
    let before = std::mem::take(&mut wall.rows);
    let mut all = Vec::with_capacity(snapshot.rows.len());
    derive(app, &mut wall, at, |of, seq| all.push((of, seq)));
    // Before all are known, nothing is new.
    wall.start_takeovers(&before, at);
    let wanted = wall.track(&all, snapshot.counts.is_none());
    let mut effects: Vec<Effect> = wanted.into_iter().map(Effect::LoadRibbonEvents).collect();
    let calm = wall.p1_since().is_none();
    if urgent && calm {
        // Until it has been looked up: it can't be further back.
        wall.last_p1 = LastP1::Ended(at);
    }
    if calm && (urgent || wall.last_p1 == LastP1::Unknown) {
        effects.push(Effect::LoadLastP1(wall.ended_p1_filter()));
    }
    app.wall = Some(wall);
    effects
}

/// The rows of the wall and what it counts, at `now`. Tells of each incident of the view.
fn derive(app: &App, wall: &mut Wall, now: DateTime<Utc>, mut each: impl FnMut(IncidentRef, u32)) {
    let Some(snapshot) = &app.snapshot else { return };
    let levels = app.rules.levels;
    let context = MatchContext { now, me: Some(&app.me.handle), levels: &levels };
    wall.rows.clear();
    wall.counts = OpenCounts::default();
    wall.next_change = None;
    for summary in &snapshot.rows {
        if !wall.settings.filter.matches(summary, context) {
            continue;
        }
        wall.counts.add(summary, now, &levels);
        each(IncidentRef::from_row(summary), summary.seq);
        if summary.priority <= Priority::P2 {
            let change = rows::next_change(summary, now, &levels);
            wall.next_change = wall.next_change.into_iter().chain(change).min();
            let rank = urgency_key(summary, now, &levels);
            wall.rows.push(Row { summary: summary.clone(), rank });
        }
    }
    wall.rows.sort_unstable_by_key(|row| row.rank);
}

/// The backend answers again: what could not be read is asked for.
pub(super) fn retry_last_p1(app: &App) -> Option<Effect> {
    let wall = app.wall.as_ref()?;
    (wall.last_p1 == LastP1::Unknown).then(|| Effect::LoadLastP1(wall.ended_p1_filter()))
}

/// Events for the ribbon were read. One that failed is told by the link.
pub(super) fn ribbon_events_loaded(
    app: &mut App,
    wanted: EventRequest,
    read: Result<Vec<Event>, BackendError>,
) -> Vec<Effect> {
    if let (Some(wall), Ok(events)) = (&mut app.wall, read) {
        wall.add_to_ribbon(wanted.incident, &events);
    }
    Vec::new()
}

/// When the last P1 ended is known.
pub(super) fn last_p1_loaded(app: &mut App, ended: Option<DateTime<Utc>>) -> Vec<Effect> {
    if let Some(wall) = &mut app.wall {
        wall.last_p1 = ended.map_or(LastP1::Never, LastP1::Ended);
    }
    Vec::new()
}

/// Time has passed. What depends on the minute is made anew with it; what turns or counts seconds
/// is a matter of drawing.
pub(super) fn time_passed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
    let due = app.wall.as_ref().and_then(|wall| wall.next_change).is_some_and(|due| due <= at);
    let effects = if minute(at) == minute(app.now) && !due {
        app.now = at;
        Vec::new()
    } else {
        let effects = backend_update::time_passed(app, at);
        if let Some(mut wall) = app.wall.take() {
            derive(app, &mut wall, at, |_, _| ());
            app.wall = Some(wall);
        }
        effects
    };
    if let Some(wall) = &mut app.wall {
        wall.expire_takeovers(at);
    }
    effects
}
