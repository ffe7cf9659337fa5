//! Jumping to an incident: by its number, as in `g 2041`, or by its id.

use chrono::{DateTime, Utc};

use crate::backend::BackendError;
use crate::model::{IncidentId, IncidentNumber, Summary};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::core::pane::Pane;
use crate::tui::{follow, reading};

/// Selects the incident with a number, or reads it if it is not in the queue.
pub(in crate::tui) fn jump_to(app: &mut App, number: IncidentNumber) -> Vec<Effect> {
    let has_number = |row: &&Summary| row.number == Some(number);
    if let Some(id) = app.queue.rows.iter().map(|row| &*row.summary).find(has_number).map(|r| r.id)
    {
        app.queue.select(id);
        return match app.ui.focus {
            Pane::Queue => reading::update::selection_moved(app),
            // From a record the viewer can go back to it.
            Pane::Detail | Pane::Timeline if app.ui.record => open_incident(app, id),
            Pane::Detail | Pane::Timeline => reading::update::follow_at_once(app),
            // Nothing of the incident would be on the screen, or not much.
            Pane::Metrics => open_incident(app, id),
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
        // The person does something else by now.
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

/// Opens the record of an incident, whether it is in the queue or not.
pub(in crate::tui) fn open_incident(app: &mut App, id: IncidentId) -> Vec<Effect> {
    follow::trail::go_to(app, id)
}
