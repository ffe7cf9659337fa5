//! Groups of the queue: one for each service, folded until it is opened.

use chrono::{DateTime, Utc};

use crate::model::IncidentId;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::queue::{Line, rows};
use crate::tui::reading;

/// Groups the queue by service, or no longer. The group of the selected row is unfolded.
pub(in crate::tui) fn toggle_grouping(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let mut effects = Vec::new();
    if app.ui.focus != Pane::Queue {
        app.ui.show_all_panes();
        effects = reading::focus::focus(app, Pane::Queue);
    }
    let service = app.selected().map(|row| row.primary_service().unwrap_or_default().to_owned());
    let queue = &mut app.queue;
    queue.grouped = !queue.grouped;
    queue.unfolded = service.filter(|_| queue.grouped).into_iter().collect();
    // Ungrouped, the rows are in their order again.
    rows::derive(app, at);
    let groups = app.queue.groups.len();
    if app.queue.grouped {
        let word = if groups == 1 { "service" } else { "services" };
        let unfold = app.ui.keymap.hint_suffix(Action::Unfold, "unfolds one");
        effects.extend(show_toast(app, format!("grouped: {groups} {word}{unfold}"), false));
    }
    effects
}

/// Returns the index of the group that the selection is in.
fn current_group(app: &App) -> Option<usize> {
    match app.queue.lines.get(app.queue.index)? {
        Line::Head(group) => Some(*group),
        Line::Row(row) => app.queue.groups.iter().position(|group| group.rows.contains(row)),
    }
}

/// Folds the group that the selection is in, and selects its head.
pub(in crate::tui) fn fold(app: &mut App) -> Vec<Effect> {
    let Some(group) = current_group(app) else { return Vec::new() };
    let selected = app.queue.selected;
    if let Some(line) = app.queue.lines.iter().position(|line| *line == Line::Head(group)) {
        app.queue.select_line(line);
    }
    let service = app.queue.groups[group].service.clone();
    app.queue.unfolded.remove(&service);
    rows::arrange(&mut app.queue);
    if selected == app.queue.selected { Vec::new() } else { reading::update::selection_moved(app) }
}

/// Shows the rows of the selected group.
pub(in crate::tui) fn unfold(app: &mut App) -> Vec<Effect> {
    if let Some(service) = app.queue.selected_group().map(|group| group.service.clone()) {
        app.queue.unfolded.insert(service);
        rows::arrange(&mut app.queue);
    }
    Vec::new()
}

/// Folds or unfolds the selected group. `None` where no head is selected.
pub(in crate::tui) fn toggle_group(app: &mut App) -> Option<Vec<Effect>> {
    let folded = app.queue.selected_group()?.folded;
    Some(if folded { unfold(app) } else { fold(app) })
}

/// Returns the incidents of the group whose head is selected.
pub(in crate::tui) fn selected_group_ids(app: &App) -> Option<Vec<IncidentId>> {
    let group = app.queue.selected_group()?;
    Some(app.queue.rows[group.rows.clone()].iter().map(|row| row.summary.id).collect())
}

/// Marks these incidents, or removes their marks if all of them are marked.
pub(in crate::tui) fn toggle_marks(app: &mut App, ids: Vec<IncidentId>) {
    if ids.iter().all(|id| app.ui.marked.contains(id)) {
        app.ui.marked.retain(|id| !ids.contains(id));
    } else {
        app.ui.marked.extend(ids);
    }
}
