//! Which actions the keys line names.

use crate::model::Status;
use crate::model::command::CommandKind;

use crate::tui::action::{Action, Entry, Layer, TABLE};
use crate::tui::core::app::App;
use crate::tui::core::pane::Pane;

/// Actions before all others: undo, which is possible for a short time only, and in
/// [`WITH_SELECTION`] and [`IN_METRICS`] those that work only with a selection or in the metrics
/// pane.
const ALWAYS_FIRST: &[Action] = &[Action::Undo];
const WITH_SELECTION: &[Action] = &[Action::Mark, Action::Back];
const IN_METRICS: &[Action] = &[Action::Earlier, Action::Later];
/// Actions that are shown only once the incident has ended.
const ONLY_AFTER_END: &[Action] = &[Action::Command(CommandKind::WriteReview)];
/// Actions at the end, which always have room.
pub(in crate::tui) const ALWAYS_LAST: &[Action] = &[Action::Palette, Action::Help];
/// Returns the actions with a hint that work in a layer now, the most useful first.
pub(in crate::tui) fn useful_entries(app: &App, layer: Layer) -> Vec<&'static Entry> {
    let shown = app.reading.shown.as_ref().map(|shown| &shown.detail.incident.summary);
    let marked = !app.ui.marked.is_empty();
    let mut first = ALWAYS_FIRST.to_vec();
    if marked {
        first.extend(WITH_SELECTION);
    }
    if app.ui.focus == Pane::Metrics {
        first.extend(IN_METRICS);
    }
    if let Some(shown) = shown.filter(|_| !marked) {
        first.extend(primary_actions(shown.status));
    }
    let mut entries: Vec<&Entry> = TABLE
        .iter()
        .filter(|entry| entry.layers.contains(&layer) && entry.visible_hint(app).is_some())
        .filter(|entry| !ONLY_AFTER_END.contains(&entry.action) || first.contains(&entry.action))
        // With several incidents selected, some of them may accept it.
        .filter(|entry| marked || !app.reading.disabled.contains(&entry.action))
        .collect();
    entries.sort_by_key(|entry| {
        let index = first.iter().position(|action| *action == entry.action);
        (index.unwrap_or(first.len()), ALWAYS_LAST.contains(&entry.action))
    });
    entries
}

/// Returns the actions that come first for the shown incident's status.
fn primary_actions(status: Status) -> &'static [Action] {
    const ACKNOWLEDGE: Action = Action::Command(CommandKind::Acknowledge);
    const ESCALATE: Action = Action::Command(CommandKind::Escalate);
    const NOTE: Action = Action::Command(CommandKind::AddNote);
    const MOVE: Action = Action::Command(CommandKind::MoveStatus);
    const RESOLVE: Action = Action::Command(CommandKind::Resolve);
    const CLOSE: Action = Action::Command(CommandKind::Close);
    const REOPEN: Action = Action::Command(CommandKind::Reopen);
    const REVIEW: Action = Action::Command(CommandKind::WriteReview);
    match status {
        Status::Triggered => &[ACKNOWLEDGE, Action::Own, ESCALATE],
        Status::Acknowledged | Status::Investigating | Status::Identified | Status::Monitoring => {
            &[NOTE, MOVE, RESOLVE]
        }
        Status::Resolved => &[CLOSE, REOPEN, REVIEW],
        Status::Closed | Status::Merged | Status::Reclassified => &[REVIEW, REOPEN],
    }
}
