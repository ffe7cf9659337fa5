//! Requests an issue for an action item: the request is sent, and a program whose settings have the
//! tracker creates the issue.

pub mod update;

use uuid::Uuid;

use crate::backend::lists::ActionItemEntry;
use crate::model::IncidentCommand;

use crate::tui::core::app::App;
use crate::tui::picker::Pick;
use crate::tui::screens::{ScreenData, ScreenKind, Screens};

/// Returns the action item that is selected on its screen.
#[must_use]
pub fn selected_action_item(screens: &Screens) -> Option<&ActionItemEntry> {
    let screen = screens.shown().filter(|screen| screen.kind == ScreenKind::ActionItems)?;
    let ScreenData::ActionItems(entries) = &screen.data else { return None };
    entries.get(screen.selected_item()?.index)
}

/// Returns the effect of choosing an action item for an issue.
pub(in crate::tui) fn pick(app: &App, item: Uuid) -> Pick {
    let lacks_default = |names: &Vec<String>| names.iter().all(|name| !name.is_empty());
    // A server refuses it itself.
    let is_untracked = app.session.remote.is_none()
        && app.session.settings.trackers.as_ref().is_some_and(lacks_default);
    let note = if is_untracked { "; it waits for a program that has a tracker" } else { "" };
    Pick::Submit {
        verb: "ask for an issue for an action item of".into(),
        done_phrase: format!("follow-up requested{note}"),
        commands: vec![IncidentCommand::RequestFollowUp { item, tracker: None }],
        irreversible: false,
    }
}
