//! The keys of the goto menu.

use crossterm::event::{KeyCode, KeyEvent};

use crate::model::IncidentNumber;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::Motion;
use crate::tui::core::navigation;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::goto::Goto;
use crate::tui::{jump, reading, screens};

/// How many digits the largest number has.
const MAX_DIGITS: usize = 10;

/// Opens the menu.
pub(in crate::tui) fn open(app: &mut App) -> Vec<Effect> {
    app.ui.mode = Mode::Goto(Goto::default());
    Vec::new()
}

/// Handles a key without a binding: digits are typed. Returns whether the key is one of the menu;
/// any other one closes it, and is handled by the layer below.
pub(in crate::tui) fn handle_text_key(app: &mut App, key: KeyEvent) -> bool {
    let Mode::Goto(goto) = &mut app.ui.mode else { return false };
    match key.code {
        KeyCode::Char(digit) if digit.is_ascii_digit() && key.modifiers.is_empty() => {
            if goto.number.len() < MAX_DIGITS {
                goto.number.push(digit);
            }
            true
        }
        KeyCode::Backspace => {
            if goto.number.pop().is_none() {
                app.ui.mode = Mode::Panes;
            }
            true
        }
        _ => {
            app.ui.mode = Mode::Panes;
            false
        }
    }
}

/// Goes to the typed number. `None` without one: the menu is closed, and the key is handled by the
/// layer below.
pub(in crate::tui) fn submit(app: &mut App) -> Option<Vec<Effect>> {
    let Mode::Goto(goto) = std::mem::take(&mut app.ui.mode) else { return None };
    let number = goto.number.parse().map(IncidentNumber).ok()?;
    screens::update::close(app);
    Some(jump::update::jump_to(app, number))
}

/// Moves in the list or text below the menu.
pub(in crate::tui) fn move_by(app: &mut App, motion: Motion) -> Vec<Effect> {
    if matches!(app.ui.mode, Mode::Goto(_)) {
        app.ui.mode = Mode::Panes;
    }
    navigation::move_by(app, motion)
}

/// Selects the incident of the queue that was reported last.
pub(in crate::tui) fn go_to_newest(app: &mut App) -> Vec<Effect> {
    app.ui.mode = Mode::Panes;
    screens::update::close(app);
    let rows = app.queue.rows.iter().map(|row| &row.summary);
    let newest = rows.max_by_key(|row| (row.reported_at, row.number)).map(|row| row.id);
    let Some(id) = newest else { return show_toast(app, "the queue is empty", false) };
    reading::update::end_travel(app);
    app.queue.select(id);
    if matches!(app.ui.focus, Pane::Detail | Pane::Timeline) {
        return reading::update::follow_at_once(app);
    }
    app.ui.zoomed &= app.ui.focus == Pane::Queue;
    app.ui.focus = Pane::Queue;
    reading::update::selection_moved(app)
}
