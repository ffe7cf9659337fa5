//! Finding: the filter as it is typed, views, orders, groups, and the history.

mod complete;
mod groups;
mod pages;
mod views;

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub(super) use groups::{
    fold, selected_group_ids, toggle_group, toggle_grouping, toggle_marks, unfold,
};
pub(super) use pages::{
    load_more, open_changed, page_loaded, reload_history, search_due, update_row,
};
pub use views::{View, show_view, sort_by, views, views_with};
pub(super) use views::{choose_sort, choose_view, open_sorts, open_views};

use crate::model::filter::Filter;
use crate::model::queue::Sort;
use crate::sync::filters;

use super::super::app::{App, Pane};
use super::super::filter_line::{FilterLine, PreviousFilter};
use super::super::message::Effect;
use super::super::mode::Mode;
use super::{navigation, rows, show_toast};

/// Puts a filter, a view's name and an order in force.
fn apply_filter(
    app: &mut App,
    filter: Filter,
    view: Option<String>,
    sort: Sort,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let before = (app.queue.selected, app.queue.selected_head.clone());
    app.queue.set_filter(filter);
    app.queue.view = view;
    app.queue.sort = sort;
    let mut effects = pages::refresh_history(app);
    rows::derive(app, at);
    if before != (app.queue.selected, app.queue.selected_head.clone()) {
        effects.extend(navigation::selection_moved(app));
    }
    effects
}

/// Filters by a text, as if it had been typed: what of it can't be understood is left out and told.
pub fn filter_by(app: &mut App, text: &str, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = open_line(app);
    if let Mode::Filter(line) = &mut app.mode {
        line.set_text(String::new());
        line.insert(text);
    }
    effects.extend(commit(app, at));
    effects
}

/// Opens the line, with what is in force.
pub(super) fn open_line(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    if app.focus != Pane::Queue {
        app.zoomed = false;
        effects = navigation::focus(app, Pane::Queue);
    }
    let queue = &app.queue;
    let before = PreviousFilter {
        filter: queue.filter().clone(),
        view: queue.view.clone(),
        sort: queue.sort,
        selected: queue.selected,
        selected_head: queue.selected_head.clone(),
    };
    let mut text = before.filter.to_string();
    if !text.is_empty() {
        text.push(' ');
    }
    app.mode = Mode::Filter(Box::new(FilterLine::new(text, before)));
    complete::refresh_offers(app);
    effects
}

/// A key that is no action is typed.
pub(super) fn handle_text_key(app: &mut App, key: KeyEvent, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Filter(line) = &mut app.mode else { return Vec::new() };
    let held = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('w') | KeyCode::Backspace if held => line.delete_word(),
        KeyCode::Backspace => {
            if !line.backspace() {
                return commit(app, at);
            }
        }
        KeyCode::Char('u') if held => line.delete_before(),
        KeyCode::Char('k') if held => line.delete_after(),
        KeyCode::Char('a') if held => line.move_home(),
        KeyCode::Char('e') if held => line.move_end(),
        KeyCode::Delete => line.delete(),
        KeyCode::Left => line.move_left(),
        KeyCode::Right => line.move_right(),
        KeyCode::Home => line.move_home(),
        KeyCode::End => line.move_end(),
        KeyCode::Char(ch) if !held => line.insert(ch.encode_utf8(&mut [0; 4])),
        _ => return Vec::new(),
    }
    line.history_position = None;
    line_changed(app, at)
}

/// Pasted text is typed.
pub(super) fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    let at = app.now;
    let Mode::Filter(line) = &mut app.mode else { return Vec::new() };
    line.insert(text);
    line.history_position = None;
    line_changed(app, at)
}

/// The line has changed: what of it is understood is in force.
fn line_changed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    complete::refresh_offers(app);
    apply_typed(app, at)
}

fn apply_typed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Filter(line) = &app.mode else { return Vec::new() };
    let filter = line.parsed.filter.clone();
    let before = line.previous.clone();
    if filter == *app.queue.filter() {
        return Vec::new();
    }
    let view = before.view.filter(|_| filter == before.filter);
    let was = app.queue.selected;
    let mut effects = apply_filter(app, filter, view, before.sort, at);
    restore_selection(app);
    if was != app.queue.selected && effects.is_empty() {
        effects = navigation::selection_moved(app);
    }
    effects
}

/// What was selected before anything was typed is selected again as soon as it passes.
fn restore_selection(app: &mut App) {
    if let Mode::Filter(line) = &app.mode
        && line.previous.selected_head.is_none()
        && let Some(id) = line.previous.selected.filter(|id| app.queue.selected != Some(*id))
        && let Some(line) = app.queue.line_of(id)
    {
        app.queue.select_line(line);
    }
}

/// Keeps what is typed in force, and goes back to the rows.
pub(super) fn commit(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = apply_typed(app, at);
    let Mode::Filter(line) = std::mem::take(&mut app.mode) else { return Vec::new() };
    effects.extend(remember(app, line.text()));
    if let Some(wrong) = line.parsed.errors.first() {
        let part = line.text().get(wrong.range.clone()).unwrap_or_default();
        effects.extend(show_toast(app, format!("left out {part:?}: {}", wrong.message), true));
    }
    effects
}

/// Puts a filter last among those that were used.
fn remember(app: &mut App, text: &str) -> Option<Effect> {
    let text = text.trim();
    if text.is_empty() || app.queue.filter_history.last().is_some_and(|last| last == text) {
        return None;
    }
    filters::add(&mut app.queue.filter_history, text);
    Some(Effect::RememberFilter(text.to_owned()))
}

/// Earlier runs have left filters: they come before those of this one.
pub(super) fn add_saved_filters(app: &mut App, mut filters: Vec<String>) -> Vec<Effect> {
    filters.retain(|filter| !app.queue.filter_history.contains(filter));
    filters.append(&mut app.queue.filter_history);
    app.queue.filter_history = filters;
    Vec::new()
}

/// Gives up what is typed: what was in force before is again.
pub(super) fn cancel(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Filter(line) = std::mem::take(&mut app.mode) else { return Vec::new() };
    let PreviousFilter { filter, view, sort, selected, selected_head: head } = line.previous;
    let was = app.queue.selected;
    let mut effects = if filter == *app.queue.filter() {
        Vec::new()
    } else {
        apply_filter(app, filter, view, sort, at)
    };
    (app.queue.selected, app.queue.selected_head) = (selected, head);
    rows::derive(app, at);
    if was != app.queue.selected && effects.is_empty() {
        effects = navigation::selection_moved(app);
    }
    effects
}

/// Everything open again.
pub(super) fn clear(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    // A view has set the order too.
    let sort = if app.queue.view.is_some() { Sort::Urgent } else { app.queue.sort };
    apply_filter(app, Filter::default(), None, sort, at)
}

/// An earlier filter, or a later one.
pub(super) fn recall(app: &mut App, by: isize, at: DateTime<Utc>) -> Vec<Effect> {
    let count = app.queue.filter_history.len();
    let Mode::Filter(line) = &mut app.mode else { return Vec::new() };
    let (here, typed) =
        line.history_position.take().unwrap_or_else(|| (count, line.text().to_owned()));
    let next = here.saturating_add_signed(by).min(count);
    let text = app.queue.filter_history.get(next).cloned().unwrap_or_else(|| typed.clone());
    if next != here {
        line.set_text(text);
    }
    line.history_position = (next < count).then_some((next, typed));
    line_changed(app, at)
}

/// Puts in what is offered, or the next that is.
pub(super) fn complete(app: &mut App, by: isize, at: DateTime<Utc>) -> Vec<Effect> {
    if complete::insert_next(app, by) { apply_typed(app, at) } else { Vec::new() }
}
