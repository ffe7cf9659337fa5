//! Opens the form of a new maintenance window.

use chrono::{DateTime, Utc};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::notices::show_toast;
use crate::tui::form::{Kind, open as form_open};
use crate::tui::maintenance::refusal::disabled_reason;

/// Opens the form for a new window.
pub(in crate::tui) fn open_new(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    form_open::open(app, Kind::Maintenance { id: None, revision: None }, Vec::new(), at)
}
