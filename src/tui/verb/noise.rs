//! Noise: a form of why the alert was not worth a call; a marked incident loses the mark.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::planning;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::MarkNoise, &["N"]);

const FORM: Kind = Kind::Command(CommandKind::MarkNoise);

pub(super) struct MarkNoise;

impl VerbLogic for MarkNoise {
    fn kind(&self) -> CommandKind {
        CommandKind::MarkNoise
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Opening {
        let is_noise = |target: &Target| app.row(target.id).is_some_and(|row| row.is_noise);
        if !targets.is_empty() && targets.iter().all(is_noise) {
            let commands = [IncidentCommand::MarkNoise { reason: None }];
            let verb = "take the mark of noise from";
            let plan = planning::plan(app, targets, verb, "no noise", &commands, at);
            return Opening::Send { plan, irreversible: false };
        }
        Opening::Form(FORM)
    }

    fn form(&self) -> &'static dyn FormLogic {
        &NoiseForm
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::MarkNoise { reason: Some(reason) } = command else { return None };
        Some((FORM, vec![("Why", reason.clone())]))
    }
}

struct NoiseForm;

impl FormLogic for NoiseForm {
    fn name(&self) -> &'static str {
        "mark of noise"
    }

    fn heading(&self) -> &'static str {
        "Mark as noise"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("mark as noise", "marked as noise")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        let hint = "such as: it ends by itself before anybody can look";
        vec![Field::text("Why", "").hint(hint).required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        one_command(IncidentCommand::MarkNoise { reason: Some(filled.value("Why")) })
    }
}
