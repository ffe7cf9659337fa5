//! Override the priority: a form of the reason. Chosen in the matrix or as an argument of
//! `prioritize`.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, Priority};

use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::target::Target;

pub(super) struct OverridePriority;

impl VerbLogic for OverridePriority {
    fn kind(&self) -> CommandKind {
        CommandKind::OverridePriority
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Matrix
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::OverridePriority { priority, reason } = command else { return None };
        Some((Kind::Override { priority: *priority }, vec![("Why", reason.clone())]))
    }
}

pub(super) struct OverrideForm {
    pub priority: Priority,
}

impl FormLogic for OverrideForm {
    fn name(&self) -> &'static str {
        "priority"
    }

    fn heading(&self) -> &'static str {
        "Override the priority of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("override the priority of", "priority overridden")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![Field::line("Why", "").hint("why the matrix does not fit").required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let reason = filled.value("Why");
        one_command(IncidentCommand::OverridePriority { priority: self.priority, reason })
    }
}
