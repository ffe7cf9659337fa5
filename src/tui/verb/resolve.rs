//! Resolve: a form of the action, and of the validation of the recovery.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::status::ResolutionAction;

use crate::tui::action::{Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, field_error,
    one_command,
};
use crate::tui::verb::names::{choice_labels, parse_choice};
use crate::tui::verb::precheck::current_soak;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::Resolve, &["r"]).hint("resolve").primary(&[(Phase::InProgress, 2)]);

/// The field for the reason of a resolution before the incident was stable for long enough.
const WAIVER: &str = "Not stable yet";

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

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let actions = choice_labels(ResolutionAction::ALL, ResolutionAction::as_str);
        let mut fields = vec![
            Field::choice("Action", actions, 0),
            Field::text("What was done", "").example("checkout back to v811").required(),
            Field::text("Validated", "").example("error rate at 0 for 10 minutes").required(),
        ];
        let (app, at) = (filling.app, filling.app.backend_time(filling.at));
        let mut soaks = filling.targets.iter().filter_map(|target| current_soak(app, target.id));
        if let Some(soak) = soaks.find(|soak| !soak.has_passed(at)) {
            let hint = format!("{}: why it is resolved earlier", soak.text(at));
            fields.push(Field::text(WAIVER, "").hint(hint));
        }
        fields
    }

    /// The time continues while the form is filled in, so it is judged again when that is sent.
    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let at = filled.app.backend_time(filled.at);
        let soak = current_soak(filled.app, filled.target.id).filter(|soak| !soak.has_passed(at));
        let has_field = filled.form.fields.iter().any(|field| field.label == WAIVER);
        if let Some(soak) = soak.filter(|_| has_field && filled.value(WAIVER).is_empty()) {
            let why = format!("{}: say why it is resolved earlier, or wait", soak.text(at));
            return Err(field_error(WAIVER, why));
        }
        one_command(IncidentCommand::Resolve {
            action: parse_choice::<ResolutionAction>(filled.form, "Action")?,
            detail: filled.value("What was done"),
            validation: filled.value("Validated"),
        })
    }

    fn because(&self, filled: &Filled<'_>) -> Option<String> {
        let has_field = filled.form.fields.iter().any(|field| field.label == WAIVER);
        has_field.then(|| filled.value(WAIVER)).filter(|reason| !reason.is_empty())
    }
}
