//! Reasons why maintenance windows can't be changed from the panes.

use crate::tui::action::READ_ONLY;
use crate::tui::core::app::App;

const UNREACHABLE: &str = "the API can't be reached: maintenance windows are changed there alone, and \
     nothing was stored to be sent later";

/// Returns why nothing can be changed now, whatever is selected.
pub(in crate::tui) fn disabled_reason(app: &App) -> Option<String> {
    if app.session.read_only {
        return Some(READ_ONLY.into());
    }
    if app.is_offline() {
        return Some(UNREACHABLE.to_owned());
    }
    let pending = app.inflight.maintenance.as_ref()?;
    Some(format!("{} is not answered yet", pending.operation))
}
