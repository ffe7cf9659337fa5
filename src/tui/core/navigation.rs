//! Moving the selection, scrolling, and changing the focus between panes.

use chrono::{DateTime, Utc};

use crate::tui::core::app::{App, Pane};
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::mode::Mode;
use crate::tui::queue::rows;
use crate::tui::update::{LONG_REST_DELAY, REST_DELAY};
use crate::tui::{filter, help, reading, travel};

/// A movement through rows or lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::tui) enum Motion {
    /// This many lines; negative is up.
    Lines(isize),
    /// This many half pages; negative is up.
    HalfPages(isize),
    /// To the first row or line.
    First,
    /// To the last row or line.
    Last,
}

impl Motion {
    /// Returns the new index, starting at `index` of `count` with pages of `page` lines.
    pub(in crate::tui) fn apply(self, index: usize, count: usize, page: usize) -> usize {
        let last = count.saturating_sub(1);
        match self {
            Self::Lines(lines) => index.saturating_add_signed(lines).min(last),
            Self::HalfPages(halves) => {
                let half = isize::try_from((page / 2).max(1)).unwrap_or(1);
                index.saturating_add_signed(half.saturating_mul(halves)).min(last)
            }
            Self::First => 0,
            Self::Last => last,
        }
    }
}

/// Moves in the focused pane, or in what is open on top of it.
pub(in crate::tui) fn move_by(app: &mut App, motion: Motion) -> Vec<Effect> {
    if !matches!(app.mode, Mode::Panes) {
        help::update::scroll(app, motion);
        return Vec::new();
    }
    let page = page_height(app);
    match app.focus {
        Pane::Queue => {
            let index = motion.apply(app.queue.index, app.queue.lines.len(), page);
            if index == app.queue.index {
                return filter::update::load_more(app, page);
            }
            app.queue.select_line(index);
            let mut effects = selection_moved(app);
            effects.extend(filter::update::load_more(app, page));
            effects
        }
        Pane::Detail => {
            let tops = top_count(app.reading.detail_lines.len(), page);
            app.reading.detail_top = motion.apply(app.reading.detail_top, tops, page);
            Vec::new()
        }
        Pane::Timeline => {
            let tops = top_count(app.reading.timeline_lines.len(), page);
            app.reading.timeline_top = motion.apply(app.reading.timeline_top, tops, page);
            reading::update::load_earlier_if_near(app, page)
        }
        Pane::Metrics => {
            let tops = top_count(app.metrics.lines.len(), page);
            app.metrics.top = motion.apply(app.metrics.top, tops, page);
            Vec::new()
        }
    }
}

/// Returns how many lines can be the first on the screen, for a text of `lines` lines in a page.
pub(in crate::tui) fn top_count(lines: usize, page: usize) -> usize {
    lines.saturating_sub(page) + 1
}

fn page_height(app: &App) -> usize {
    if app.focus == Pane::Queue {
        return rows::visible_rows(app);
    }
    app.layout().slot(app.focus).map_or(1, |slot| usize::from(slot.inner().height).max(1))
}

/// Handles a moved selection: detail and timeline follow once it rests.
pub(in crate::tui) fn selection_moved(app: &mut App) -> Vec<Effect> {
    app.reading.rest_seq += 1;
    app.reading.moving = true;
    let rest = if app.low_bandwidth { LONG_REST_DELAY } else { REST_DELAY };
    vec![Effect::StartTimer(rest, Timer::Rest(app.reading.rest_seq))]
}

pub(in crate::tui) fn focus(app: &mut App, pane: Pane) -> Vec<Effect> {
    let before = std::mem::replace(&mut app.focus, pane);
    match (before, pane) {
        (Pane::Detail | Pane::Timeline, Pane::Detail | Pane::Timeline) => {
            app.tab = pane;
            Vec::new()
        }
        // The panes show what is selected, not what was shown in them before.
        (_, Pane::Detail | Pane::Timeline) => {
            app.tab = pane;
            reading::update::follow_at_once(app)
        }
        (_, Pane::Metrics) => {
            app.tab = pane;
            reading::update::follow(app)
        }
        // The incident that was read may have left the queue in the meantime.
        (_, Pane::Queue) => reading::update::follow(app),
    }
}

pub(in crate::tui) fn cycle_focus(app: &mut App, by: isize) -> Vec<Effect> {
    let count = Pane::ALL.len();
    let index = app.focus.number() - 1;
    let next = (index + count).saturating_add_signed(by) % count;
    focus(app, Pane::ALL[next])
}

pub(in crate::tui) fn open_selected(app: &mut App) -> Vec<Effect> {
    app.zoomed = true;
    focus(app, Pane::Detail)
}

/// Goes to the next incident of the queue, or the previous one, without leaving the pane.
pub(in crate::tui) fn next_incident(app: &mut App, by: isize) -> Vec<Effect> {
    // Starts from the incident that is read, if it is still in the queue: it may not be the
    // selected one.
    let read = app.reading.target.filter(|_| matches!(app.focus, Pane::Detail | Pane::Timeline));
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
    let page = rows::visible_rows(app);
    if app.reading.target == Some(id) && app.queue.selected == Some(id) {
        return filter::update::load_more(app, page);
    }
    app.queue.select_line(line);
    let mut effects = if app.focus == Pane::Queue {
        selection_moved(app)
    } else {
        reading::update::follow_at_once(app)
    };
    effects.extend(filter::update::load_more(app, page));
    effects
}

/// Goes back one step: to the present, to all panes, to the queue, to nothing marked, to everything
/// open.
pub(in crate::tui) fn back(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if app.travel.is_some() {
        travel::update::end(app);
        return Vec::new();
    }
    if !app.zoomed && app.focus == Pane::Queue {
        if app.marked.is_empty() {
            return filter::update::clear(app, at);
        }
        app.marked.clear();
        return Vec::new();
    }
    app.zoomed = false;
    focus(app, Pane::Queue)
}
