//! The wall display: opening, updating and closing it.

use chrono::{DateTime, Utc};

use crate::backend::BackendError;
use crate::model::filter::MatchContext;
use crate::model::queue::{OpenCounts, urgency_key};
use crate::model::{Event, Priority};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::quit;
use crate::tui::input::fuzzy::Hit;
use crate::tui::queue::open_order::next_change;
use crate::tui::queue::{Row, clock, rows};
use crate::tui::reading;
use crate::tui::wall::{EventRequest, IncidentRef, LastP1, Settings, Wall};

/// How many minutes pass between complete redraws of the wall.
const REDRAW_MINUTES: i64 = 10;

/// Shows the wall display over the panes, with the filter of the queue.
pub(in crate::tui) fn open(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let filter = app.queue.filter().clone();
    let settings = Settings { view: filter.to_string(), filter, ..Settings::default() };
    app.wall = Some(Box::new(Wall::new(settings, false, at)));
    app.now = at;
    if app.fetched.snapshot.is_some() { incidents_changed(app, at) } else { Vec::new() }
}

/// Returns to the panes in their earlier state, or quits if there are none.
pub(in crate::tui) fn close(app: &mut App) -> Vec<Effect> {
    let standalone = app.wall.take().is_some_and(|wall| wall.standalone);
    if standalone {
        return quit::quit(app);
    }
    rows::derive(app, app.now);
    reading::update::follow(app)
}

/// Derives the rows of the wall again, because the open incidents have changed, and requests events
/// that the ribbon lacks.
pub(in crate::tui) fn incidents_changed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(snapshot) = app.fetched.snapshot.clone() else { return Vec::new() };
    let Some(mut wall) = app.wall.take() else { return Vec::new() };
    let urgent = wall.p1_since().is_some();
    let before = std::mem::take(&mut wall.rows);
    let mut all = Vec::with_capacity(snapshot.rows.len());
    derive(app, &mut wall, at, |incident, seq| all.push((incident, seq)));
    // Until all incidents are loaded, none counts as new.
    wall.start_takeovers(&before, at);
    let requests = wall.track(&all, snapshot.counts.is_none());
    let mut effects: Vec<Effect> = requests.into_iter().map(Effect::LoadRibbonEvents).collect();
    let calm = wall.p1_since().is_none();
    if urgent && calm {
        // Until the lookup has answered: the P1 was open a moment ago, so it ended just now.
        wall.last_p1 = LastP1::Ended(app.backend_time(at));
    }
    if calm && (urgent || wall.last_p1 == LastP1::Unknown) {
        effects.push(Effect::LoadLastP1(wall.ended_p1_filter()));
    }
    app.wall = Some(wall);
    effects
}

/// Derives the rows and counts of the wall at `now`. Calls `each` for every incident of the view.
fn derive(app: &App, wall: &mut Wall, now: DateTime<Utc>, mut each: impl FnMut(IncidentRef, u32)) {
    let Some(snapshot) = &app.fetched.snapshot else { return };
    let levels = app.session.rules.levels;
    let now = app.backend_time(now);
    let context = MatchContext { now, me: Some(&app.session.me.handle), levels: &levels };
    let mut filter = wall.settings.filter.clone();
    app.resolve_filter(&mut filter);
    wall.rows.clear();
    wall.counts = OpenCounts::default();
    wall.next_change = None;
    for summary in &snapshot.rows {
        if !filter.matches(summary, context) {
            continue;
        }
        wall.counts.add(summary, now, &levels);
        each(IncidentRef::from_row(summary), summary.seq);
        if summary.priority <= Priority::P2 {
            let change = next_change(summary, now, &levels);
            wall.next_change = wall.next_change.into_iter().chain(change).min();
            let rank = urgency_key(summary, now, &levels);
            wall.rows.push(Row {
                summary: summary.clone(),
                rank,
                hit: Hit::Exact,
                due: None,
                is_nested: false,
                folds: 0,
            });
        }
    }
    wall.next_change = wall.next_change.map(|at| app.machine_time(at));
    wall.rows.sort_unstable_by_key(|row| row.rank);
}

/// Requests again data that could not be read, because the backend answers again.
pub(in crate::tui) fn retry_last_p1(app: &App) -> Option<Effect> {
    let wall = app.wall.as_ref()?;
    (wall.last_p1 == LastP1::Unknown).then(|| Effect::LoadLastP1(wall.ended_p1_filter()))
}

/// Adds events to the ribbon. A failed read is shown by the state of the connection.
pub(in crate::tui) fn ribbon_events_loaded(
    app: &mut App,
    request: EventRequest,
    read: Result<Vec<Event>, BackendError>,
) -> Vec<Effect> {
    if let (Some(wall), Ok(events)) = (&mut app.wall, read) {
        let directory = app.fetched.directory.as_deref();
        wall.add_to_ribbon(request.incident, &events, directory);
    }
    Vec::new()
}

/// Stores when the last P1 ended.
pub(in crate::tui) fn last_p1_loaded(app: &mut App, ended: Option<DateTime<Utc>>) -> Vec<Effect> {
    if let Some(wall) = &mut app.wall {
        wall.last_p1 = ended.map_or(LastP1::Never, LastP1::Ended);
    }
    Vec::new()
}

/// Derives the rows of the wall again after the correction of times has changed.
pub(in crate::tui) fn time_corrected(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(mut wall) = app.wall.take() {
        derive(app, &mut wall, at, |_, _| ());
        app.wall = Some(wall);
    }
    Vec::new()
}

/// Applies the passing of time. State that depends on the minute is derived again each minute;
/// rotation and seconds only need drawing.
pub(in crate::tui) fn time_passed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
    let due = app.wall.as_ref().and_then(|wall| wall.next_change).is_some_and(|due| due <= at);
    let drawn_at = app.now;
    let effects = if minute(at) == minute(app.now) && !due {
        app.now = at;
        Vec::new()
    } else {
        let mut effects = clock::time_passed(app, at);
        // Other programs may write to an unattended terminal.
        if minute(at).rem_euclid(REDRAW_MINUTES) == 0 && minute(at) != minute(drawn_at) {
            effects.push(Effect::Redraw);
        }
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
