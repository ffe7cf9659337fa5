//! Resolve: a form of what was done, and how recovery was validated.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::status::ResolutionAction;

use crate::tui::action::{Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::names::{choice_labels, parse_choice};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::Resolve, &["r"]).hint("resolve").primary(&[(Phase::InProgress, 2)]);

pub(super) struct Resolve;

impl VerbLogic for Resolve {
    fn kind(&self) -> CommandKind {
        CommandKind::Resolve
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Resolve)
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::Resolve { action, detail, validation } = command else { return None };
        let contents = vec![
            ("Action", action.to_string()),
            ("What was done", detail.clone()),
            ("Validated", validation.clone()),
        ];
        Some((Kind::Resolve, contents))
    }
}

pub(super) struct ResolveForm;

impl FormLogic for ResolveForm {
    fn name(&self) -> &'static str {
        "resolution"
    }

    fn heading(&self) -> &'static str {
        "Resolve"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("resolve", "resolved")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        let actions = choice_labels(ResolutionAction::ALL, ResolutionAction::as_str);
        vec![
            Field::choice("Action", actions, 0),
            Field::text("What was done", "").example("checkout back to v811").required(),
            Field::text("Validated", "").example("error rate at 0 for 10 minutes").required(),
        ]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        one_command(IncidentCommand::Resolve {
            action: parse_choice::<ResolutionAction>(filled.form, "Action")?,
            detail: filled.value("What was done"),
            validation: filled.value("Validated"),
        })
    }
}
