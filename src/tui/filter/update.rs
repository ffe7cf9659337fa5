//! The filter line: editing, applying and leaving it.

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::model::filter::Filter;
use crate::model::queue::Sort;
use crate::model::text::sanitize;
use crate::sync::filters;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::filter::{FilterLine, PreviousFilter, complete};
use crate::tui::queue::rows::restore_selection;
use crate::tui::queue::{history, rows};
use crate::tui::reading;

/// Applies a filter, a view's name and an order to the queue.
pub(in crate::tui) fn apply_filter(
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
    let mut effects = history::refresh_history(app);
    rows::derive(app, at);
    if before != (app.queue.selected, app.queue.selected_head.clone()) {
        effects.extend(reading::update::selection_moved(app));
    }
    effects
}

/// Filters the queue by a text, as if it had been typed. Parts that can't be understood are left
/// out and reported.
pub fn filter_by(app: &mut App, text: &str, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = open_line(app);
    if let Mode::Filter(line) = &mut app.ui.mode {
        line.set_text(String::new());
        line.insert(text);
    }
    effects.extend(commit(app, at));
    effects
}

/// Opens the filter line with the present filter.
pub(in crate::tui) fn open_line(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    if app.ui.focus != Pane::Queue {
        app.ui.show_all_panes();
        effects = reading::focus::focus(app, Pane::Queue);
    }
    let queue = &app.queue;
    let previous = PreviousFilter {
        filter: queue.filter().clone(),
        view: queue.view.clone(),
        sort: queue.sort,
        selected: queue.selected,
        selected_head: queue.selected_head.clone(),
    };
    let mut text = previous.filter.to_string();
    if !text.is_empty() {
        text.push(' ');
    }
    app.ui.mode = Mode::Filter(Box::new(FilterLine::new(text, previous)));
    complete::refresh_completions(app);
    effects
}

/// Handles a key without a binding: it edits the line.
pub(in crate::tui) fn handle_text_key(
    app: &mut App,
    key: KeyEvent,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Mode::Filter(line) = &mut app.ui.mode else { return Vec::new() };
    let modified = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('w') | KeyCode::Backspace if modified => line.delete_word(),
        KeyCode::Backspace => {
            if !line.backspace() {
                return commit(app, at);
            }
        }
        KeyCode::Char('u') if modified => line.delete_before(),
        KeyCode::Char('k') if modified => line.delete_after(),
        KeyCode::Char('a') if modified => line.move_home(),
        KeyCode::Char('e') if modified => line.move_end(),
        KeyCode::Delete => line.delete(),
        KeyCode::Left => line.move_left(),
        KeyCode::Right => line.move_right(),
        KeyCode::Home => line.move_home(),
        KeyCode::End => line.move_end(),
        KeyCode::Char(ch) if !modified => line.insert(ch.encode_utf8(&mut [0; 4])),
        _ => return Vec::new(),
    }
    line.history_position = None;
    line_changed(app, at)
}

/// Inserts pasted text into the line.
pub(in crate::tui) fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    let at = app.now;
    let Mode::Filter(line) = &mut app.ui.mode else { return Vec::new() };
    line.insert(text);
    line.history_position = None;
    line_changed(app, at)
}

/// Handles a change of the line: the part that can be understood is applied.
fn line_changed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    complete::refresh_completions(app);
    apply_typed(app, at)
}

fn apply_typed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Filter(line) = &app.ui.mode else { return Vec::new() };
    let filter = line.parsed.filter.clone();
    let previous = line.previous.clone();
    if filter == *app.queue.filter() {
        return Vec::new();
    }
    let view = previous.view.filter(|_| filter == previous.filter);
    let selected_before = app.queue.selected;
    let mut effects = apply_filter(app, filter, view, previous.sort, at);
    restore_selection(app);
    if selected_before != app.queue.selected && effects.is_empty() {
        effects = reading::update::selection_moved(app);
    }
    effects
}

/// Closes the line and keeps its filter.
pub(in crate::tui) fn commit(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = apply_typed(app, at);
    let Mode::Filter(line) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    effects.extend(remember(app, line.text()));
    if let Some(error) = line.parsed.errors.first() {
        let part = line.text().get(error.range.clone()).unwrap_or_default();
        effects.extend(show_toast(app, format!("left out {:?}: {error}", sanitize(part)), true));
    }
    effects
}

/// Adds a filter to the end of the filters used so far.
pub(super) fn remember(app: &mut App, text: &str) -> Option<Effect> {
    let text = text.trim();
    if text.is_empty() || app.queue.filter_history.last().is_some_and(|last| last == text) {
        return None;
    }
    filters::add(&mut app.queue.filter_history, text);
    Some(Effect::RememberFilter(text.to_owned()))
}

/// Adds the filters of earlier runs, ahead of those of this run.
pub(in crate::tui) fn add_saved_filters(app: &mut App, mut filters: Vec<String>) -> Vec<Effect> {
    filters.retain(|filter| !app.queue.filter_history.contains(filter));
    filters.append(&mut app.queue.filter_history);
    app.queue.filter_history = filters;
    Vec::new()
}

/// Closes the line and restores the filter, the order and the selection from before.
pub(in crate::tui) fn cancel(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Filter(line) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    let PreviousFilter { filter, view, sort, selected, selected_head } = line.previous;
    let selected_before = app.queue.selected;
    let mut effects = if filter == *app.queue.filter() {
        Vec::new()
    } else {
        apply_filter(app, filter, view, sort, at)
    };
    (app.queue.selected, app.queue.selected_head) = (selected, selected_head);
    rows::derive(app, at);
    if selected_before != app.queue.selected && effects.is_empty() {
        effects = reading::update::selection_moved(app);
    }
    effects
}

/// Removes the filter: all open incidents are shown.
pub(in crate::tui) fn clear(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    // A view has set the order too.
    let sort = if app.queue.view.is_some() { Sort::Urgent } else { app.queue.sort };
    apply_filter(app, Filter::default(), None, sort, at)
}

/// Recalls an earlier filter into the line (`by` is -1), or a later one (1).
pub(in crate::tui) fn recall(app: &mut App, by: isize, at: DateTime<Utc>) -> Vec<Effect> {
    let count = app.queue.filter_history.len();
    let Mode::Filter(line) = &mut app.ui.mode else { return Vec::new() };
    let (position, typed) =
        line.history_position.take().unwrap_or_else(|| (count, line.text().to_owned()));
    let next = position.saturating_add_signed(by).min(count);
    let text = app.queue.filter_history.get(next).cloned().unwrap_or_else(|| typed.clone());
    if next != position {
        line.set_text(text);
    }
    line.history_position = (next < count).then_some((next, typed));
    line_changed(app, at)
}

/// Inserts the first completion, or the one after it (before it, if `by` is -1).
pub(in crate::tui) fn complete(app: &mut App, by: isize, at: DateTime<Utc>) -> Vec<Effect> {
    if complete::insert_next(app, by) { apply_typed(app, at) } else { Vec::new() }
}
