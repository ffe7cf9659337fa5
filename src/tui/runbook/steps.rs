//! The steps of the open runbook: which are done, and which is selected.

use crate::model::runbook::find_ticks;
use crate::model::{CommandId, Event, IncidentId};

use crate::tui::core::app::App;
use crate::tui::core::mode::Mode;

/// Returns the events of an incident, as far as they are loaded.
pub(in crate::tui) fn loaded_events(app: &App, id: IncidentId) -> &[Event] {
    let incident = app.reading.shown.iter().chain(&app.reading.cache).find(|shown| shown.id == id);
    incident.map_or(&[], |shown| &shown.events[..])
}

/// Returns the step that is selected.
pub(in crate::tui) fn selected_step(app: &App) -> Option<usize> {
    let Mode::Runbook(book) = &app.ui.mode else { return None };
    book.page.as_ref()?.blocks.get(book.selected_block?)?.step
}

/// Returns which steps are done, or are being ticked.
pub(in crate::tui) fn done_steps(app: &App) -> Vec<bool> {
    let Mode::Runbook(book) = &app.ui.mode else { return Vec::new() };
    let Some(page) = &book.page else { return Vec::new() };
    let ticks = find_ticks(&book.head.name, &page.steps, loaded_events(app, book.target.id));
    let mut done: Vec<bool> = ticks.iter().map(Option::is_some).collect();
    for (step, _) in &book.sent_ticks {
        done[*step] = true;
    }
    done
}

/// Returns whether the selected step can be ticked.
pub(in crate::tui) fn is_tickable(app: &App) -> bool {
    selected_step(app).is_some_and(|step| !done_steps(app)[step])
}

/// Unticks a step, because the command that was to tick it was refused.
pub(in crate::tui) fn tick_refused(app: &mut App, id: CommandId) {
    if let Mode::Runbook(book) = &mut app.ui.mode {
        book.sent_ticks.retain(|(_, command)| *command != id);
    }
}
