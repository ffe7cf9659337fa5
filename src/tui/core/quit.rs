//! Quitting, which waits for pending commands.

use std::time::Duration;

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::mode::Mode;
use crate::tui::screens;

/// How long quitting waits for pending commands.
pub const QUIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Quits, or waits for pending commands first.
pub(in crate::tui) fn quit(app: &mut App) -> Vec<Effect> {
    // The panes show the pending commands.
    app.wall = None;
    // Commands in the outbox are sent by the next process.
    let mut effects = Vec::from_iter(screens::update::record_visit(app, true));
    if app.inflight.pending.iter().all(|pending| pending.enqueued) {
        effects.push(Effect::Quit);
        return effects;
    }
    app.ui.mode = Mode::Quitting;
    effects.push(Effect::StartTimer(QUIT_TIMEOUT, Timer::Quit));
    effects
}
