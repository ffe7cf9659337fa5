//! Makes an action item an issue in a tracker: the request is sent, and a program whose settings have the
//! tracker makes the issue.

pub mod update;

use uuid::Uuid;

use crate::backend::lists::ActionItemEntry;
use crate::model::IncidentCommand;

use crate::tui::picker::Pick;
use crate::tui::screens::{ScreenData, ScreenKind, Screens};

/// Returns the action item that is selected on its screen.
#[must_use]
pub fn selected_action_item(screens: &Screens) -> Option<&ActionItemEntry> {
    let screen = screens.shown().filter(|screen| screen.kind == ScreenKind::ActionItems)?;
    let ScreenData::ActionItems(entries) = &screen.data else { return None };
    entries.get(screen.selected_item()?.index)
}

/// Returns what choosing an action item for an issue does.
pub(in crate::tui) fn pick(item: Uuid) -> Pick {
    Pick::Submit {
        verb: "ask for an issue for an action item of".into(),
        done_phrase: "follow-up requested".into(),
        commands: vec![IncidentCommand::RequestFollowUp { item, tracker: None }],
        irreversible: false,
    }
}
