//! Leaving the panes for the settings file or for the demo.

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Errand};
use crate::tui::core::notices::show_toast;
use crate::tui::run::running::running_summary;

/// Leaves the panes for something else, unless something is on its way to the backend or a program
/// runs.
pub(in crate::tui) fn leave_for(app: &mut App, errand: Errand) -> Vec<Effect> {
    if app.inflight.pending.iter().any(|pending| !pending.enqueued) {
        return show_toast(app, "a command is on its way: try again once it is done", true);
    }
    if let Some(what) = running_summary(app) {
        return show_toast(app, format!("{what}: stop it first, or wait for its end"), true);
    }
    vec![Effect::Leave(errand)]
}
