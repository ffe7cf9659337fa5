//! The screen of maintenance windows, and how one is created, changed, ended or lasts longer.

pub mod change;
pub mod form;
pub mod logic;
pub mod open;
pub mod refusal;
pub mod send;

use uuid::Uuid;

use crate::model::maintenance::MaintenanceWindow;

use crate::tui::screens::{ListScreen, ScreenData, ScreenKind, Screens};

/// A change that was sent and is not answered yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingMaintenance {
    /// The id of the window.
    pub id: Uuid,
    /// The operation in progress, as in "ending The pool is replaced".
    pub operation: String,
}

/// Returns the windows that were read for the screen.
pub(in crate::tui) fn rows(screen: &ListScreen) -> &[MaintenanceWindow] {
    match &screen.data {
        ScreenData::Maintenance(rows) => rows,
        _ => &[],
    }
}

/// Returns the window that is selected on its screen, if that is visible.
#[must_use]
pub fn selected_window(screens: &Screens) -> Option<&MaintenanceWindow> {
    let screen = screens.shown().filter(|screen| screen.kind == ScreenKind::Maintenance)?;
    rows(screen).get(screen.selected_item()?.index)
}
