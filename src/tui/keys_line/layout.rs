//! Which actions the keys line names.

use crate::tui::action::{Action, Entry, Layer, Phase, TABLE};
use crate::tui::core::app::App;
use crate::tui::core::pane::Pane;

/// Actions before all others: undo, which is possible for a short time only, and in
/// [`WITH_SELECTION`], [`IN_METRICS`] and [`IN_TIMELINE`] those that work only with a selection or in
/// these panes.
const ALWAYS_FIRST: &[Action] = &[Action::Undo];
const WITH_SELECTION: &[Action] = &[Action::Mark, Action::Back];
const IN_TIMELINE: &[Action] = &[Action::Filter, Action::NotesOnly, Action::Sort];
const IN_METRICS: &[Action] =
    &[Action::MeasuresPage(true), Action::Breakdown, Action::Earlier, Action::Later];
/// On a list screen: what opens the selected row, and the way back.
const ON_SCREEN: &[Action] = &[Action::OpenItem, Action::CloseScreen];
/// In a form: it is left as often as it is sent.
const IN_FORM: &[Action] = &[Action::Send, Action::NextField, Action::Cancel];
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
    match layer {
        Layer::Screen => first.extend(ON_SCREEN),
        Layer::Form => first.extend(IN_FORM),
        _ => {}
    }
    if app.ui.focus == Pane::Metrics {
        first.extend(IN_METRICS);
    }
    if app.ui.focus == Pane::Timeline {
        first.extend(IN_TIMELINE);
    }
    if app.ui.record {
        first.push(Action::Open);
    }
    if let Some(shown) = shown.filter(|_| !marked) {
        first.extend(primary_actions(shown.status.into()));
    }
    if app.ui.record {
        first.push(Action::Back);
    }
    let mut entries: Vec<&Entry> = TABLE
        .iter()
        .filter(|entry| entry.layers.contains(&layer) && entry.visible_hint(app).is_some())
        .filter(|entry| !entry.only_primary || first.contains(&entry.action))
        // With several incidents selected, some of them may accept it.
        .filter(|entry| marked || !app.reading.disabled.contains(&entry.action))
        .collect();
    entries.sort_by_key(|entry| {
        let index = first.iter().position(|action| *action == entry.action);
        (index.unwrap_or(first.len()), ALWAYS_LAST.contains(&entry.action))
    });
    entries
}

/// Returns the actions that come first for the shown incident's phase, in order.
fn primary_actions(phase: Phase) -> impl Iterator<Item = Action> {
    let mut ranked: Vec<(u8, Action)> = TABLE
        .iter()
        .filter_map(|entry| {
            let (_, rank) = entry.primary.iter().find(|(primary, _)| *primary == phase)?;
            Some((*rank, entry.action))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, action)| action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_hints_of_a_phase_have_distinct_ranks() {
        for phase in [Phase::Triggered, Phase::InProgress, Phase::Resolved, Phase::Ended] {
            let ranks = TABLE.iter().flat_map(|entry| entry.primary);
            let mut ranks: Vec<u8> =
                ranks.filter(|(primary, _)| *primary == phase).map(|(_, rank)| *rank).collect();
            ranks.sort_unstable();
            assert!((0..).zip(&ranks).all(|(index, rank)| index == *rank), "{phase:?}: {ranks:?}");
            assert!(!ranks.is_empty(), "{phase:?}");
        }
    }
}
