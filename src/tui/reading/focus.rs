//! The focus of the panes: detail and timeline follow it.

use crate::tui::core::app::App;
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
        // The panes show what is selected, not what was shown in them before.
        (_, Pane::Detail | Pane::Timeline) => {
            app.ui.tab = pane;
            reading::update::follow_at_once(app)
        }
        (_, Pane::Metrics) => {
            app.ui.tab = pane;
            reading::update::follow(app)
        }
        // The incident that was read may have left the queue in the meantime.
        (_, Pane::Queue) => reading::update::follow(app),
    }
}

pub(in crate::tui) fn cycle_focus(app: &mut App, by: isize) -> Vec<Effect> {
    let count = Pane::ALL.len();
    let index = app.ui.focus.number() - 1;
    let next = (index + count).saturating_add_signed(by) % count;
    focus(app, Pane::ALL[next])
}

pub(in crate::tui) fn open_selected(app: &mut App) -> Vec<Effect> {
    app.ui.zoomed = true;
    focus(app, Pane::Detail)
}
