//! What lies over the panes and is scrolled or searched.

use crossterm::event::KeyEvent;

use super::super::app::App;
use super::super::message::Effect;
use super::super::mode::Mode;
use super::super::palette::{edit_line, paste_into};
use super::super::view;
use super::navigation::{Motion, top_count};
use super::{outbox, run, runbook};

pub(super) fn scroll(app: &mut App, step: Motion) {
    match app.mode {
        Mode::Output(_) => return run::scroll(app, step),
        Mode::Runbook(_) => return runbook::scroll(app, step),
        Mode::Outbox(_) => return outbox::scroll(app, step),
        _ => {}
    }
    let (lines, page) = view::popup_size(app);
    let top = match &mut app.mode {
        Mode::Help(help) => &mut help.top,
        Mode::Failure(top) => top,
        Mode::Results(results) => &mut results.top,
        Mode::Confirm(confirm) => &mut confirm.top,
        Mode::ConfirmRun(asked) => &mut asked.top,
        _ => return,
    };
    *top = step.apply(*top, top_count(lines, page), page);
}

/// A letter of what is looked for in the keys.
pub(super) fn search_help(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    if let Mode::Help(help) = &mut app.mode
        && edit_line(&mut help.query, key)
    {
        help.top = 0;
    }
    Vec::new()
}

/// Pasted text is looked for in the keys.
pub(super) fn paste(app: &mut App, pasted: &str) -> Vec<Effect> {
    if let Mode::Help(help) = &mut app.mode {
        paste_into(&mut help.query, pasted);
        help.top = 0;
    }
    Vec::new()
}

/// Shows all keys again, where some are looked for.
pub(super) fn clear_search(app: &mut App) -> bool {
    match &mut app.mode {
        Mode::Help(help) if !help.query.is_empty() => {
            *help = super::Help::default();
            true
        }
        _ => false,
    }
}
