//! Marks rows of the queue: verbs act on all that are marked.

use crate::model::IncidentId;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::motion::Motion;
use crate::tui::core::navigation;
use crate::tui::queue::{Line, MarkedRange, groups};

/// Marks the selected row, or removes its mark, and moves to the next row. On the head of a group,
/// the same for all its rows, without moving.
pub(in crate::tui) fn toggle_mark(app: &mut App) -> Vec<Effect> {
    if let Some(group) = groups::selected_group_ids(app) {
        groups::toggle_marks(app, group);
        return Vec::new();
    }
    let Some(id) = app.selected().map(|row| row.id) else { return Vec::new() };
    if !app.ui.marked.remove(&id) {
        app.ui.marked.insert(id);
    }
    app.queue.last_mark = Some(id);
    navigation::move_by(app, Motion::Lines(1))
}

/// Marks all rows that are shown, or removes the marks if all are marked.
pub(in crate::tui) fn toggle_all_marks(app: &mut App) -> Vec<Effect> {
    let shown: Vec<IncidentId> = groups::selected_group_ids(app)
        .unwrap_or_else(|| app.queue.rows.iter().map(|row| row.summary.id).collect());
    groups::toggle_marks(app, shown);
    Vec::new()
}

/// Returns the shown rows from one line to another, both included.
fn rows_between(app: &App, one: usize, other: usize) -> Vec<IncidentId> {
    let (from, to) = (one.min(other), one.max(other));
    let lines = app.queue.lines.get(from..=to).unwrap_or_default();
    let row = |line: &Line| match line {
        Line::Row(row) => app.queue.rows.get(*row).map(|row| row.summary.id),
        Line::Head(_) => None,
    };
    lines.iter().filter_map(row).collect()
}

/// Extends the range that begins at the selected row by one row, and moves to it. Going back
/// unmarks the rows that leave the range.
pub(in crate::tui) fn extend(app: &mut App, by: isize) -> Vec<Effect> {
    let selected = app.queue.row_at(app.queue.index).map(|row| row.summary.id);
    let range =
        app.queue.range.take().filter(|range| {
            Some(range.end) == selected && app.queue.line_of(range.anchor).is_some()
        });
    let range = range.or_else(|| {
        let anchor = selected?;
        Some(MarkedRange { anchor, end: anchor, before: app.ui.marked.clone() })
    });
    let effects = navigation::move_by(app, Motion::Lines(by));
    let Some(mut range) = range else { return effects };
    let Some(anchor_line) = app.queue.line_of(range.anchor) else { return effects };
    app.ui.marked.clone_from(&range.before);
    app.ui.marked.extend(rows_between(app, anchor_line, app.queue.index));
    app.queue.last_mark = Some(range.anchor);
    if let Some(row) = app.queue.row_at(app.queue.index) {
        range.end = row.summary.id;
        app.queue.range = Some(range);
    }
    effects
}

/// Marks all rows from the last one that was marked to the selected one; without one, the selected
/// one alone.
pub(in crate::tui) fn mark_range(app: &mut App) -> Vec<Effect> {
    let line = app.queue.index;
    let last = app.queue.last_mark.filter(|id| app.ui.marked.contains(id));
    let from = last.and_then(|id| app.queue.line_of(id)).unwrap_or(line);
    let rows = rows_between(app, from, line);
    app.queue.last_mark = app.queue.row_at(line).map(|row| row.summary.id).or(last);
    app.ui.marked.extend(rows);
    Vec::new()
}
