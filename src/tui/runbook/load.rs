//! Requests the folder of runbooks.

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;

/// Requests the runbooks of the folder, if one is set.
pub(in crate::tui) fn load_folder(app: &App) -> Vec<Effect> {
    app.session.settings.runbooks.clone().map(Effect::LoadRunbooks).into_iter().collect()
}
