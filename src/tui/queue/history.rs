//! The history: pages of ended incidents, read as they are needed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::backend::{BackendError, Page, Search};
use crate::model::{IncidentId, Summary};
use crate::sync::{Snapshot, Sourced};

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::notices::report_failure;
use crate::tui::queue::{HistoryPages, rows};
use crate::tui::reading;

/// How long typing must pause before the history is searched.
pub const SEARCH_DELAY: Duration = Duration::from_millis(120);
/// How many rows a page has.
const PAGE_ROWS: u32 = 100;
/// The maximum number of rows that are read again in one request.
const MAX_RELOADED_ROWS: u32 = 1000;

/// Ensures that the rows for the filter are being read, or drops the history if the filter covers
/// open incidents only.
pub(in crate::tui) fn refresh_history(app: &mut App) -> Vec<Effect> {
    let queue = &mut app.queue;
    if !queue.is_history() {
        queue.pages = None;
        // A pending answer is obsolete.
        queue.search_count += 1;
        return Vec::new();
    }
    let query = (queue.filter().clone(), queue.effective_sort());
    match &queue.pages {
        Some(pages) if pages.query.as_ref() == Some(&query) && pages.in_flight.is_none() => {
            Vec::new()
        }
        _ => restart_search(app),
    }
}

/// Starts the search again from the first page, once typing pauses.
fn restart_search(app: &mut App) -> Vec<Effect> {
    let queue = &mut app.queue;
    queue.search_count += 1;
    let pages = queue.pages.get_or_insert_with(|| HistoryPages {
        query: None,
        rows: Vec::new(),
        next_page: None,
        in_flight: None,
        error: None,
        as_of: None,
    });
    pages.in_flight = Some((queue.search_count, false));
    pages.error = None;
    vec![Effect::StartTimer(SEARCH_DELAY, Timer::Search(queue.search_count))]
}

/// Reads the history again, if it is shown.
pub(in crate::tui) fn reload_history(app: &mut App) -> Vec<Effect> {
    if app.queue.pages.is_some() { restart_search(app) } else { Vec::new() }
}

/// Starts the search of that number, because typing has paused.
pub(in crate::tui) fn search_due(app: &mut App, number: u64) -> Vec<Effect> {
    let queue = &app.queue;
    let Some(pages) = queue.pages.as_ref().filter(|p| p.in_flight == Some((number, false))) else {
        return Vec::new();
    };
    // As many rows as before, so that the visible rows do not move.
    let same = pages
        .query
        .as_ref()
        .is_some_and(|(f, s)| f == queue.filter() && *s == queue.effective_sort());
    let loaded =
        if same { u32::try_from(pages.rows.len()).unwrap_or(MAX_RELOADED_ROWS) } else { 0 };
    vec![load(app, number, loaded.clamp(PAGE_ROWS, MAX_RELOADED_ROWS), None)]
}

fn load(app: &App, number: u64, limit: u32, after: Option<crate::backend::PageMark>) -> Effect {
    // A server does not know the viewer's zone, in which days begin.
    let mut filter = app.queue.filter().clone();
    filter.resolve_dates(app.backend_now(), &app.clock());
    Effect::LoadHistoryPage(
        number,
        Box::new(Search {
            filter,
            me: Some(app.session.me.handle.clone()),
            sort: app.queue.effective_sort(),
            limit,
            after,
            now: app.now,
        }),
    )
}

/// Requests the next page when the selection approaches the end.
pub(in crate::tui) fn load_more(app: &mut App, page: usize) -> Vec<Effect> {
    let queue = &mut app.queue;
    let near = queue.index + 2 * page >= queue.lines.len();
    let Some(pages) = queue.pages.as_mut().filter(|pages| near && pages.in_flight.is_none()) else {
        return Vec::new();
    };
    let Some(next) = pages.next_page.clone() else { return Vec::new() };
    queue.search_count += 1;
    pages.in_flight = Some((queue.search_count, true));
    let number = queue.search_count;
    vec![load(app, number, PAGE_ROWS, Some(next))]
}

/// Adds a page that was read. A page that was requested before the filter changed is dropped.
pub(in crate::tui) fn page_loaded(
    app: &mut App,
    number: u64,
    result: Result<Sourced<Page<Summary>>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let query = (app.queue.filter().clone(), app.queue.effective_sort());
    let Some(pages) = &mut app.queue.pages else { return Vec::new() };
    let Some((_, continues)) = pages.in_flight.filter(|(request, _)| *request == number) else {
        return Vec::new();
    };
    pages.in_flight = None;
    let Sourced { value: page, as_of } = match result {
        Ok(read) => read,
        Err(error) => {
            pages.error = Some(error.to_string());
            return report_failure(app, "reading the history", &error.to_string(), at);
        }
    };
    pages.error = None;
    let read = page.rows.into_iter().map(Arc::new);
    if continues {
        let loaded: HashSet<IncidentId> = pages.rows.iter().map(|row| row.id).collect();
        pages.rows.extend(read.filter(|row| !loaded.contains(&row.id)));
        pages.as_of = pages.as_of.into_iter().chain(as_of).min();
    } else {
        pages.rows = read.collect();
        pages.query = Some(query);
        pages.as_of = as_of;
    }
    pages.next_page = page.next;
    let selected = app.queue.selected;
    rows::derive(app, at);
    rows::restore_selection(app);
    if selected == app.queue.selected { Vec::new() } else { reading::update::selection_moved(app) }
}

/// Updates the row of an incident to its state after a command.
pub(in crate::tui) fn update_row(app: &mut App, row: &Summary) {
    let Some(pages) = &mut app.queue.pages else { return };
    if let Some(loaded) = pages.rows.iter_mut().find(|loaded| loaded.id == row.id)
        && loaded.seq < row.seq
    {
        *loaded = Arc::new(row.clone());
    }
}

/// Searches again if open incidents have ended: they belong to the history now.
pub(in crate::tui) fn open_changed(
    app: &mut App,
    before: Option<&Snapshot>,
    now: &Snapshot,
) -> Vec<Effect> {
    let complete = before.filter(|before| before.counts.is_none() && now.counts.is_none());
    let (Some(before), Some(_)) = (complete, &app.queue.pages) else { return Vec::new() };
    let open: HashSet<IncidentId> = now.rows.iter().map(|row| row.id).collect();
    if before.rows.iter().all(|row| open.contains(&row.id)) {
        Vec::new()
    } else {
        restart_search(app)
    }
}
