//! The items that the lists of actions offer.

use chrono::{DateTime, Utc};

use crate::tui::action::Action;
use crate::tui::copy;
use crate::tui::core::app::App;
use crate::tui::picker::Item;
use crate::tui::verb;
use crate::tui::verb::target::Target;

/// Returns the items of an action's list.
pub(in crate::tui) fn items(
    app: &App,
    action: Action,
    targets: &[Target],
    at: DateTime<Utc>,
) -> Vec<Item> {
    match (verb::find(action), action) {
        (Some(verb), _) => verb.items(app, targets, at),
        (None, Action::Copy) => copy::update::items(app, targets),
        (None, _) => Vec::new(),
    }
}

/// Returns why a list is empty.
pub(in crate::tui) fn empty_reason(app: &App, action: Action, targets: &[Target]) -> String {
    match verb::find(action) {
        Some(verb) => verb.empty_reason(app, targets),
        None => "there is nothing to choose from".into(),
    }
}
