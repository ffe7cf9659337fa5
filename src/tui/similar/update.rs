//! Opening the incidents that resemble one.

use crate::model::{IncidentId, IncidentNumber};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::screens::{self, ScreenKind};

/// Opens the incidents that resemble the one that is selected or read.
pub(in crate::tui) fn open(app: &mut App) -> Vec<Effect> {
    match app.target().map(|row| row.id) {
        Some(incident) => open_of(app, incident),
        None => show_toast(app, "no incident is selected", true),
    }
}

/// Opens the incidents that resemble one.
pub(in crate::tui) fn open_of(app: &mut App, incident: IncidentId) -> Vec<Effect> {
    screens::update::open_about(app, ScreenKind::Similar, incident)
}

/// Opens the incidents of a fault that recurs, of which the number of one is known.
pub(in crate::tui) fn open_group(app: &mut App, number: IncidentNumber) -> Vec<Effect> {
    screens::update::open_about_number(app, ScreenKind::FaultGroup, number)
}
