//! Pause: a form of the reason for waiting. Opened from the list of `snooze`.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;

use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::target::Target;

pub(super) struct Pause;

impl VerbLogic for Pause {
    fn kind(&self) -> CommandKind {
        CommandKind::Pause
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Pause)
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::Pause { reason } = command else { return None };
        Some((Kind::Pause, vec![("Waiting for", reason.clone())]))
    }
}

pub(super) struct PauseForm;

impl FormLogic for PauseForm {
    fn name(&self) -> &'static str {
        "pause"
    }

    fn heading(&self) -> &'static str {
        "Pause"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("pause", "paused")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![Field::line("Waiting for", "").example("the partner to restore its link").required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        one_command(IncidentCommand::Pause { reason: filled.value("Waiting for") })
    }
}
