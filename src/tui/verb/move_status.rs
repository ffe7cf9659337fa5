//! Move: a list of the later stages of the lifecycle.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, Status};

use crate::tui::action::{Action, Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::form::stages_after;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::logic::{Opening, VerbLogic, single_command};
use crate::tui::verb::precheck::single_row;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::MoveStatus, &["t"])
    .hint("move")
    .primary(&[(Phase::InProgress, 1)])
    .aliases(&["status"]);

pub(super) struct MoveStatus;

impl VerbLogic for MoveStatus {
    fn kind(&self) -> CommandKind {
        CommandKind::MoveStatus
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Move {}", searchable: false }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let status = single_row(app, targets).map_or(Status::Triggered, |row| row.status);
        stages_after(status).into_iter().map(stage_item).collect()
    }

    fn empty_reason(&self, app: &App, _: &[Target]) -> String {
        let resolve = Action::Command(CommandKind::Resolve);
        let resolve = app.ui.keymap.hint(resolve, "resolves it").map(|hint| format!(": {hint}"));
        format!("there is no later stage to move to{}", resolve.unwrap_or_default())
    }
}

fn stage_item(to: Status) -> Item {
    let (key, about) = match to {
        Status::Acknowledged => ('a', "somebody has taken it on"),
        Status::Investigating => ('i', "the cause is being looked for"),
        Status::Identified => ('d', "the cause is known"),
        _ => ('m', "a fix is in; its effect is being watched"),
    };
    let command = if to == Status::Acknowledged {
        IncidentCommand::Acknowledge
    } else {
        IncidentCommand::MoveStatus { to }
    };
    let pick: Pick = single_command(format!("move {{}} to {to}"), to.to_string(), command);
    Item::new(to.to_string(), pick).key(key).about(about).value(to.to_string())
}
