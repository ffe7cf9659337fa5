//! Turning pages, choosing a breakdown, and opening the incidents behind a figure.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::backend::BackendError;
use crate::model::filter::quote_value;
use crate::model::measures::pages::Pages;
use crate::model::measures::sheet::{Behind, Page, Sheet};
use crate::sync::Sourced;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::motion::Motion;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::core::pane::Pane;
use crate::tui::metrics::pages::cursor::{self, HOURS, Selected};
use crate::tui::metrics::pages::request::{about, is_on_map, is_page, request};
use crate::tui::metrics::pages::{CUTS, LoadedPages, PagesRequest};
use crate::tui::screens::ScreenKind;
use crate::tui::settings::appearance;
use crate::tui::{filter, reading, screens, similar};

/// Requests the pages unless they were read or are being read. The overview among other panes has measures
/// of its own.
pub(in crate::tui) fn load_if_needed(app: &mut App) -> Option<Effect> {
    if !is_page(app) {
        return None;
    }
    let wanted = request(app);
    let state = &mut app.metrics.pages;
    let has_failed = state.failed.as_ref().is_some_and(|(failed, _)| *failed == wanted);
    let is_read = state.find(&wanted).is_some_and(|loaded| !loaded.is_stale);
    if is_read || has_failed || state.pending.as_ref() == Some(&wanted) {
        return None;
    }
    state.pending = Some(wanted.clone());
    Some(Effect::LoadPages(Box::new(wanted)))
}

/// Shows the next page, or the one before, of the metrics pane, which gets the focus.
pub(in crate::tui) fn turn(app: &mut App, forwards: bool) -> Vec<Effect> {
    let mut effects = Vec::new();
    if app.ui.focus != Pane::Metrics {
        effects = reading::focus::focus(app, Pane::Metrics);
    }
    effects.extend(step_page(app, if forwards { 1 } else { -1 }));
    effects
}

/// Shows another page.
fn step_page(app: &mut App, by: isize) -> Vec<Effect> {
    app.metrics.page = app.metrics.page.step(by);
    (app.metrics.top, app.metrics.row, app.metrics.hour) = (0, 0, None);
    app.metrics.pages.failed = None;
    load_if_needed(app).into_iter().collect()
}

/// Breaks the figures down by the next field.
pub(in crate::tui) fn next_cut(app: &mut App) -> Vec<Effect> {
    app.metrics.cut = (app.metrics.cut + 1) % CUTS.len();
    (app.metrics.row, app.metrics.hour) = (0, None);
    if app.metrics.page == Page::Overview {
        return step_page(app, 1);
    }
    load_if_needed(app).into_iter().collect()
}

/// Shows the changes against the window before, or hides them.
pub(in crate::tui) fn toggle_comparison(app: &mut App) -> Vec<Effect> {
    app.metrics.hides_comparison = !app.metrics.hides_comparison;
    Vec::new()
}

/// Lets the pages count as outdated, so that they are read again.
pub(in crate::tui) fn mark_stale(app: &mut App) {
    app.metrics.pages.failed = None;
    for loaded in &mut app.metrics.pages.loaded {
        loaded.is_stale = true;
    }
}

/// Shows pages that were read, or why they could not be.
pub(in crate::tui) fn pages_loaded(
    app: &mut App,
    request: PagesRequest,
    result: Result<Sourced<Arc<Pages>>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let state = &mut app.metrics.pages;
    if state.pending.as_ref() == Some(&request) && result.as_ref().map_or(true, is_fresh) {
        state.pending = None;
    }
    match result {
        Ok(read) => {
            let Sourced { value: pages, as_of } = read;
            state.failed = state.failed.take().filter(|(failed, _)| *failed != request);
            state.store(LoadedPages { request, pages, as_of, is_stale: false });
            Vec::new()
        }
        Err(error) => {
            let sentence = error.to_string();
            state.failed = Some((request, sentence.clone()));
            report_failure(app, "computing measures", &sentence, at)
        }
    }
}

fn is_fresh(read: &Sourced<Arc<Pages>>) -> bool {
    read.as_of.is_none()
}

/// Returns the sheet of the present page, if it was read.
pub(in crate::tui) fn sheet(app: &App) -> Option<Sheet> {
    let request = request(app);
    let loaded = app.metrics.pages.find(&request)?;
    Some(Sheet::new(app.metrics.page, &loaded.pages, request.by))
}

/// Moves the cursor over the rows of a page.
pub(in crate::tui) fn move_by(app: &mut App, motion: Motion, page: usize) {
    let rows = sheet(app).map_or(0, |sheet| cursor::row_count(&sheet));
    app.metrics.row = motion.apply(app.metrics.row, rows, page);
}

/// Chooses the hour of the map after the present one, or the one before.
pub(in crate::tui) fn move_hour(app: &mut App, by: isize) -> Vec<Effect> {
    let request = request(app);
    let Some(loaded) = app.metrics.pages.find(&request) else { return Vec::new() };
    let sheet = Sheet::new(app.metrics.page, &loaded.pages, request.by);
    let (row, hour) = (app.metrics.row, app.metrics.hour);
    if let Some(Selected::Hour(_, hour)) = cursor::find(&sheet, &loaded.pages, row, hour) {
        app.metrics.hour = Some(hour.saturating_add_signed(by).min(HOURS - 1));
    }
    Vec::new()
}

/// Returns the filter for the figures under the cursor.
pub(in crate::tui) fn selected_behind(app: &App) -> Option<Behind> {
    let request = request(app);
    let loaded = app.metrics.pages.find(&request)?;
    let sheet = Sheet::new(app.metrics.page, &loaded.pages, request.by);
    let (row, hour) = (app.metrics.row, app.metrics.hour);
    cursor::find(&sheet, &loaded.pages, row, hour)?.behind(&loaded.pages)
}

/// Opens the incidents behind the figures under the cursor.
pub(in crate::tui) fn open(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    match selected_behind(app) {
        Some(Behind::Filter(text)) => filter::update::filter_by(app, &text, at),
        Some(Behind::Incident(number)) => similar::update::open_group(app, number),
        Some(Behind::Person(person)) => {
            let filter = format!("person:{}", quote_value(&person));
            screens::update::open_filtered(app, ScreenKind::Notifications, &filter)
        }
        None if is_on_map(app) => show_toast(
            app,
            "no incidents were reported in this hour, or in too many weeks for one filter",
            false,
        ),
        None => show_toast(app, "no incidents are behind this row", false),
    }
}

/// Copies the page as Markdown.
pub(in crate::tui) fn copy(app: &mut App) -> Vec<Effect> {
    match sheet(app) {
        Some(sheet) => {
            let text = sheet.markdown(&about(app));
            appearance::copy_to_clipboard(app, text, "the page as Markdown")
        }
        None => show_toast(app, "the page is being computed", false),
    }
}
