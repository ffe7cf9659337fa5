//! Moving the selection, scrolling panes and popups, and going back.

use chrono::{DateTime, Utc};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::{Motion, top_count};
use crate::tui::core::pane::Pane;
use crate::tui::metrics;
use crate::tui::queue::history;
use crate::tui::queue::layout::visible_rows;
use crate::tui::reading::focus::focus;
use crate::tui::reading::update::selection_moved;
use crate::tui::{
    filter, follow, layout, outbox, reading, run, runbook, screens, timeline, urgent,
};

/// Moves in the focused pane, or in the overlay.
pub(in crate::tui) fn move_by(app: &mut App, motion: Motion) -> Vec<Effect> {
    if !matches!(app.ui.mode, Mode::Panes) {
        scroll(app, motion);
        return Vec::new();
    }
    if app.screens.shown().is_some() {
        return screens::update::move_by(app, motion);
    }
    if app.ui.focus != Pane::Queue {
        layout::refresh(app);
    }
    let page = page_height(app);
    match app.ui.focus {
        Pane::Queue => {
            let index = motion.apply(app.queue.index, app.queue.lines.len(), page);
            if index == app.queue.index {
                return history::load_more(app, page);
            }
            app.queue.select_line(index);
            let mut effects = selection_moved(app);
            effects.extend(history::load_more(app, page));
            effects
        }
        Pane::Detail => {
            follow::update::move_by(app, motion, page);
            Vec::new()
        }
        Pane::Timeline => {
            let tops = top_count(app.reading.timeline_lines.len(), page);
            app.reading.timeline_top = motion.apply(app.reading.timeline_top, tops, page);
            reading::update::load_earlier_if_near(app, page)
        }
        Pane::Metrics if metrics::pages::request::is_page(app) => {
            metrics::pages::update::move_by(app, motion, page);
            Vec::new()
        }
        Pane::Metrics => {
            let tops = top_count(app.metrics.lines.len(), page);
            app.metrics.top = motion.apply(app.metrics.top, tops, page);
            Vec::new()
        }
    }
}

fn page_height(app: &App) -> usize {
    if app.ui.focus == Pane::Queue {
        return visible_rows(app);
    }
    app.layout().slot(app.ui.focus).map_or(1, |slot| usize::from(slot.inner().height).max(1))
}

/// Goes to the next incident of the queue, or the previous one, without leaving the pane.
pub(in crate::tui) fn next_incident(app: &mut App, by: isize) -> Vec<Effect> {
    // Starts from the visible incident, if it is still in the queue: it may not be the selected
    // one.
    let read = app.reading.target.filter(|_| matches!(app.ui.focus, Pane::Detail | Pane::Timeline));
    let position = read.and_then(|id| app.queue.line_of(id));
    let last = app.queue.lines.len().saturating_sub(1);
    let mut line = position.unwrap_or(app.queue.index).min(last);
    // If the incident that was read has left the queue, the selection is at its position already.
    if read.is_none() || position.is_some() {
        line = line.saturating_add_signed(by).min(last);
    }
    // Heads of groups are skipped.
    let id = loop {
        if let Some(row) = app.queue.row_at(line) {
            break row.summary.id;
        }
        let next = line.saturating_add_signed(by).min(last);
        if next == line {
            return Vec::new();
        }
        line = next;
    };
    let page = visible_rows(app);
    if app.reading.target == Some(id) && app.queue.selected == Some(id) {
        return history::load_more(app, page);
    }
    app.queue.select_line(line);
    let mut effects = if app.ui.focus == Pane::Queue {
        selection_moved(app)
    } else {
        reading::update::follow_at_once(app)
    };
    effects.extend(history::load_more(app, page));
    effects
}

/// Goes back one step: without the line of a new urgent incident, to the present, to the record
/// with both panes, to the record that one came from, to all panes, to the queue, to nothing
/// marked, to everything open.
pub(in crate::tui) fn back(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if urgent::update::dismiss_all(app) {
        return Vec::new();
    }
    if app.travel.is_some() {
        reading::update::end_travel(app);
        return Vec::new();
    }
    if timeline::update::clear_search(app) {
        return Vec::new();
    }
    if app.ui.record && app.ui.zoomed {
        app.ui.zoomed = false;
        return Vec::new();
    }
    if let Some(effects) = follow::trail::go_back(app) {
        return effects;
    }
    if let Some(effects) = screens::update::return_from_incident(app) {
        return effects;
    }
    if !app.ui.zoomed && app.ui.focus == Pane::Queue {
        if app.ui.marked.is_empty() {
            return filter::update::clear(app, at);
        }
        app.ui.marked.clear();
        return Vec::new();
    }
    app.ui.show_all_panes();
    focus(app, Pane::Queue)
}

pub(in crate::tui) fn scroll(app: &mut App, motion: Motion) {
    layout::refresh(app);
    match app.ui.mode {
        Mode::Output(_) => return run::update::scroll(app, motion),
        Mode::Runbook(_) => return runbook::update::scroll(app, motion),
        Mode::Outbox(_) => return outbox::update::scroll(app, motion),
        _ => {}
    }
    let (lines, page) = layout::popup_size(app);
    let top = match &mut app.ui.mode {
        Mode::Help(help) => &mut help.top,
        Mode::Failure(top) => top,
        Mode::Results(results) => &mut results.top,
        Mode::Linked(page) => &mut page.top,
        Mode::Confirm(confirm) => &mut confirm.top,
        Mode::ConfirmRun(confirmation) => &mut confirmation.top,
        Mode::ConfirmStandIn(question) => &mut question.top,
        _ => return,
    };
    *top = motion.apply(*top, top_count(lines, page), page);
}
