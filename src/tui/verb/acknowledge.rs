//! Acknowledge: a key that sends the command immediately.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;

use crate::tui::action::{Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::verb::logic::{Opening, VerbLogic};
use crate::tui::verb::planning;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Acknowledge, &["a"])
    .hint("ack")
    .primary(&[(Phase::Triggered, 0)])
    .aliases(&["ack"]);

pub(super) struct Acknowledge;

impl VerbLogic for Acknowledge {
    fn kind(&self) -> CommandKind {
        CommandKind::Acknowledge
    }

    fn opening(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Opening {
        let commands = [IncidentCommand::Acknowledge];
        let plan = planning::plan(app, targets, "acknowledge", "acknowledged", &commands, at);
        Opening::Send { plan, irreversible: false }
    }
}
