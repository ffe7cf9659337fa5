//! The focus of the panes: detail and timeline follow it.

use crate::tui::core::app::App;
use crate::tui::core::layout::Frame;
use crate::tui::core::message::Effect;
use crate::tui::core::pane::Pane;
use crate::tui::reading;

pub(in crate::tui) fn focus(app: &mut App, pane: Pane) -> Vec<Effect> {
    let before = std::mem::replace(&mut app.ui.focus, pane);
    match (before, pane) {
        (Pane::Detail | Pane::Timeline, Pane::Detail | Pane::Timeline) => {
            app.ui.tab = pane;
            Vec::new()
        }
        // The panes show the selection, not their earlier content.
        (_, Pane::Detail | Pane::Timeline) => {
            app.ui.tab = pane;
            reading::update::follow_at_once(app)
        }
        (_, Pane::Metrics) => {
            app.ui.tab = pane;
            app.ui.record = false;
            reading::update::follow(app)
        }
        // The incident that was read may have left the queue in the meantime.
        (_, Pane::Queue) => {
            app.ui.record = false;
            reading::update::follow(app)
        }
    }
}

pub(in crate::tui) fn cycle_focus(app: &mut App, by: isize) -> Vec<Effect> {
    // The record shows two panes, unless one pane at a time is shown anyway.
    if app.ui.record && app.layout().slots.iter().all(|slot| slot.frame != Frame::Bare) {
        let other = if app.ui.focus == Pane::Detail { Pane::Timeline } else { Pane::Detail };
        return focus(app, other);
    }
    let count = Pane::ALL.len();
    let index = app.ui.focus.number() - 1;
    let next = (index + count).saturating_add_signed(by) % count;
    focus(app, Pane::ALL[next])
}

/// Opens the record of the incident that is selected or read: detail and timeline together.
pub(in crate::tui) fn open_record(app: &mut App) -> Vec<Effect> {
    app.ui.record = true;
    app.ui.zoomed = false;
    focus(app, Pane::Detail)
}
