//! Opening the alerts of an incident.

use crate::model::IncidentId;

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::screens::{self, ScreenKind};

/// Opens the alerts of the incident that is selected or read.
pub(in crate::tui) fn open(app: &mut App) -> Vec<Effect> {
    match app.target().map(|row| row.id) {
        Some(incident) => open_of(app, incident),
        None => show_toast(app, "no incident is selected", true),
    }
}

/// Opens the alerts of an incident.
pub(in crate::tui) fn open_of(app: &mut App, incident: IncidentId) -> Vec<Effect> {
    screens::update::open_about(app, ScreenKind::Alerts, incident)
}
