//! Adopting a service that the directory does not have: a form, and the changes of the directory that it
//! makes.

pub mod form;
pub mod open;
pub mod send;

use crate::model::CommandId;
use crate::model::unknown_service::UnknownService;

use crate::tui::screens::{ScreenData, ScreenKind, Screens};

/// A service that is being added to the directory, until that is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingAdoption {
    /// The ids of the requests that are not answered yet.
    pub ids: Vec<CommandId>,
    /// The name of the service.
    pub service: String,
    /// The reason why one of the requests was refused.
    pub refusal: Option<String>,
}

/// Returns the service that is selected on its screen.
#[must_use]
pub fn selected_service(screens: &Screens) -> Option<&UnknownService> {
    let screen = screens.shown().filter(|screen| screen.kind == ScreenKind::Services)?;
    let ScreenData::Services(services) = &screen.data else { return None };
    services.get(screen.selected_item()?.index)
}
