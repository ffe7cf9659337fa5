//! Reopen: a form of the new observation.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;

use crate::tui::action::{Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Reopen, &["A"])
    .hint("reopen")
    .primary(&[(Phase::Resolved, 1), (Phase::Ended, 1)]);

pub(super) struct Reopen;

impl VerbLogic for Reopen {
    fn kind(&self) -> CommandKind {
        CommandKind::Reopen
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Reopen)
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::Reopen { reason } = command else { return None };
        Some((Kind::Reopen, vec![("Why", reason.clone())]))
    }
}

pub(super) struct ReopenForm;

impl FormLogic for ReopenForm {
    fn name(&self) -> &'static str {
        "reopening"
    }

    fn heading(&self) -> &'static str {
        "Reopen"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("reopen", "reopened")
    }

    fn is_irreversible(&self) -> bool {
        true
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![Field::text("Why", "").hint("what was seen again").required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        one_command(IncidentCommand::Reopen { reason: filled.value("Why") })
    }
}
