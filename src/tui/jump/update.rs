//! Jumping to an incident by its number: `g 2041`.

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent};

use crate::backend::BackendError;
use crate::model::{IncidentId, IncidentNumber, Summary};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::core::pane::Pane;
use crate::tui::reading;

/// How many digits the largest number has.
const MAX_DIGITS: usize = 10;

/// Starts a jump if the key is a digit or a space right after the key that goes to the top.
pub(in crate::tui) fn start_from_key(app: &mut App, key: KeyEvent) -> Option<Vec<Effect>> {
    if !std::mem::take(&mut app.ui.jump_armed) || !matches!(app.ui.mode, Mode::Panes) {
        return None;
    }
    match key.code {
        KeyCode::Char(' ') => app.ui.mode = Mode::Jump(String::new()),
        KeyCode::Char(digit) if digit.is_ascii_digit() && key.modifiers.is_empty() => {
            app.ui.mode = Mode::Jump(digit.to_string());
        }
        _ => return None,
    }
    app.notices.toast = None;
    Some(Vec::new())
}

/// Handles a key without a binding: digits are typed.
pub(in crate::tui) fn handle_text_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    let Mode::Jump(number) = &mut app.ui.mode else { return Vec::new() };
    match key.code {
        KeyCode::Char(digit)
            if digit.is_ascii_digit() && number.len() < MAX_DIGITS && key.modifiers.is_empty() =>
        {
            number.push(digit);
        }
        KeyCode::Backspace if number.pop().is_none() => app.ui.mode = Mode::Panes,
        _ => {}
    }
    Vec::new()
}

/// Goes to the number that was typed.
pub(in crate::tui) fn submit(app: &mut App) -> Vec<Effect> {
    let Mode::Jump(typed) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    let Ok(number) = typed.parse().map(IncidentNumber) else { return Vec::new() };
    jump_to(app, number)
}

/// Selects the incident of a number, or reads it if it is not in the queue.
pub(in crate::tui) fn jump_to(app: &mut App, number: IncidentNumber) -> Vec<Effect> {
    let has_number = |row: &&Summary| row.number == Some(number);
    if let Some(id) = app.queue.rows.iter().map(|row| &*row.summary).find(has_number).map(|r| r.id)
    {
        app.queue.select(id);
        return if app.ui.focus == Pane::Queue {
            reading::update::selection_moved(app)
        } else {
            reading::update::follow_at_once(app)
        };
    }
    let mut open =
        app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows).map(|row| &**row);
    let Some(row) = open.find(has_number) else {
        app.ui.jump_seq = app.ui.key_count;
        return vec![Effect::LocateIncident(number)];
    };
    let (id, snoozed) = (row.id, row.is_snoozed(app.backend_now()));
    let mut effects = open_incident(app, id);
    let why = if snoozed { "snoozed" } else { "hidden by the filter" };
    effects.extend(show_toast(app, format!("{number} is {why}: it is not in the queue"), false));
    effects
}

/// Handles the result of looking up an incident by its number.
pub(in crate::tui) fn located(
    app: &mut App,
    number: IncidentNumber,
    result: Result<IncidentId, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    match result {
        // The person has gone on to something else since.
        Ok(_) if app.ui.key_count != app.ui.jump_seq => {
            show_toast(app, format!("{number} was found: go to it again to read it"), false)
        }
        Ok(id) => {
            let mut effects = open_incident(app, id);
            // Until all open incidents are loaded, it may well be one of them.
            let all_loaded =
                app.fetched.snapshot.as_ref().is_some_and(|snapshot| snapshot.counts.is_none());
            let why = if all_loaded {
                "is not open: it is not in the queue"
            } else {
                "is not in the queue yet: the rest of it is being read"
            };
            effects.extend(show_toast(app, format!("{number} {why}"), false));
            effects
        }
        Err(BackendError::NotFound(why)) => show_toast(app, why.to_string(), true),
        Err(error) => report_failure(app, &format!("looking for {number}"), &error.to_string(), at),
    }
}

/// Reads an incident on the entire screen, whether it is in the queue or not.
pub(in crate::tui) fn open_incident(app: &mut App, id: IncidentId) -> Vec<Effect> {
    app.ui.zoomed = true;
    app.ui.focus = Pane::Detail;
    app.ui.tab = Pane::Detail;
    app.reading.moving = false;
    app.reading.target = Some(id);
    reading::update::follow(app)
}
