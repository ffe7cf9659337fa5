//! Opens the form by which the selected service is adopted.

use chrono::{DateTime, Utc};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::form::{Kind, open as form_open};
use crate::tui::lists::shared::one_line;
use crate::tui::services::selected_service;
use crate::tui::services::send::disabled_reason;

/// Opens the form, filled in from the recorded uses of the service.
pub(in crate::tui) fn open(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let selected = selected_service(&app.screens).cloned();
    let Some(service) = selected else {
        return show_toast(app, "no service is selected", true);
    };
    let directory = app.fetched.directory.as_deref();
    let suggested = directory.map(|directory| service.suggested(directory));
    let name = service.name;
    let team = suggested.map(|service| service.team).filter(|team| !team.is_empty());
    let heading = format!("Adopt service {}", one_line(&name));
    let kind = Kind::AdoptService { name, team };
    let effects = form_open::open(app, kind, Vec::new(), at);
    if let Mode::Form(form) = &mut app.ui.mode {
        form.heading = heading;
    }
    effects
}
