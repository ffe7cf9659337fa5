//! Marks rows of the queue: verbs act on all that are marked.

use crate::model::IncidentId;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::motion::Motion;
use crate::tui::core::navigation;
use crate::tui::queue::groups;

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
    navigation::move_by(app, Motion::Lines(1))
}

/// Marks all rows that are shown, or removes the marks if all are marked.
pub(in crate::tui) fn toggle_all_marks(app: &mut App) -> Vec<Effect> {
    let shown: Vec<IncidentId> = groups::selected_group_ids(app)
        .unwrap_or_else(|| app.queue.rows.iter().map(|row| row.summary.id).collect());
    groups::toggle_marks(app, shown);
    Vec::new()
}
