//! Quitting, which waits for pending commands.

use std::time::Duration;

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::mode::Mode;

/// How long quitting waits for pending commands.
pub const QUIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Quits, or waits for pending commands first.
pub(in crate::tui) fn quit(app: &mut App) -> Vec<Effect> {
    // The panes show what is still pending.
    app.wall = None;
    // Commands in the outbox are sent by the next process.
    if app.inflight.pending.iter().all(|pending| pending.enqueued) {
        return vec![Effect::Quit];
    }
    app.ui.mode = Mode::Quitting;
    vec![Effect::StartTimer(QUIT_TIMEOUT, Timer::Quit)]
}
