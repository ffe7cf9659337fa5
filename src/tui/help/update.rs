//! Scrolling and searching popups on top of the panes.

use crossterm::event::KeyEvent;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::navigation::{Motion, top_count};
use crate::tui::palette::{edit_line, paste_into};
use crate::tui::view;
use crate::tui::{outbox, run, runbook};

pub(in crate::tui) fn scroll(app: &mut App, motion: Motion) {
    match app.mode {
        Mode::Output(_) => return run::update::scroll(app, motion),
        Mode::Runbook(_) => return runbook::update::scroll(app, motion),
        Mode::Outbox(_) => return outbox::update::scroll(app, motion),
        _ => {}
    }
    let (lines, page) = view::popup_size(app);
    let top = match &mut app.mode {
        Mode::Help(help) => &mut help.top,
        Mode::Failure(top) => top,
        Mode::Results(results) => &mut results.top,
        Mode::Confirm(confirm) => &mut confirm.top,
        Mode::ConfirmRun(confirmation) => &mut confirmation.top,
        _ => return,
    };
    *top = motion.apply(*top, top_count(lines, page), page);
}

/// Handles a key in the list of keys: it is typed into the search.
pub(in crate::tui) fn search_help(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    if let Mode::Help(help) = &mut app.mode
        && edit_line(&mut help.query, key)
    {
        help.top = 0;
    }
    Vec::new()
}

/// Inserts pasted text into the search of the list of keys.
pub(in crate::tui) fn paste(app: &mut App, pasted: &str) -> Vec<Effect> {
    if let Mode::Help(help) = &mut app.mode {
        paste_into(&mut help.query, pasted);
        help.top = 0;
    }
    Vec::new()
}

/// Clears the search of the list of keys. Returns whether there was one.
pub(in crate::tui) fn clear_search(app: &mut App) -> bool {
    match &mut app.mode {
        Mode::Help(help) if !help.query.is_empty() => {
            *help = crate::tui::update::Help::default();
            true
        }
        _ => false,
    }
}
