//! Searching the list of keys.

use crossterm::event::KeyEvent;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::help::Help;
use crate::tui::palette::{edit_line, paste_into};

/// Handles a key in the list of keys: it is typed into the search.
pub(in crate::tui) fn search_help(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    if let Mode::Help(help) = &mut app.ui.mode
        && edit_line(&mut help.query, key)
    {
        help.top = 0;
    }
    Vec::new()
}

/// Inserts pasted text into the search of the list of keys.
pub(in crate::tui) fn paste(app: &mut App, pasted: &str) -> Vec<Effect> {
    if let Mode::Help(help) = &mut app.ui.mode {
        paste_into(&mut help.query, pasted);
        help.top = 0;
    }
    Vec::new()
}

/// Clears the search of the list of keys. Returns whether there was one.
pub(in crate::tui) fn clear_search(app: &mut App) -> bool {
    match &mut app.ui.mode {
        Mode::Help(help) if !help.query.is_empty() => {
            *help = Help::default();
            true
        }
        _ => false,
    }
}
