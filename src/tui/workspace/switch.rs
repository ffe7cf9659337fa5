//! Switches to the next workspace once no command is pending on this one.

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;

/// Switches to the next workspace, once it is open and the commands of this one are on disk, or
/// answered if there is no outbox.
pub(in crate::tui) fn switch_when_settled(app: &App) -> Vec<Effect> {
    match &app.ui.mode {
        Mode::Switching(switching)
            if switching.opened && app.inflight.pending.iter().all(|pending| pending.enqueued) =>
        {
            vec![Effect::SwitchWorkspace(switching.to.id.clone())]
        }
        _ => Vec::new(),
    }
}
