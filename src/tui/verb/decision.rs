//! Decision: a form of the decision, its reason and its author.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::{CommandKind, Decision};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::names;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::RecordDecision, &[]);

const FORM: Kind = Kind::Command(CommandKind::RecordDecision);

pub(super) struct RecordDecision;

impl VerbLogic for RecordDecision {
    fn kind(&self) -> CommandKind {
        CommandKind::RecordDecision
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(FORM)
    }

    fn form(&self) -> &'static dyn FormLogic {
        &DecisionForm
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::RecordDecision(Decision { decision, reason, by }) = command else {
            return None;
        };
        let by = by.as_ref().map(|by| ("By", by.name.clone()));
        let contents = [("Decision", decision.clone()), ("Why", reason.clone())];
        Some((FORM, contents.into_iter().chain(by).collect()))
    }
}

struct DecisionForm;

impl FormLogic for DecisionForm {
    fn name(&self) -> &'static str {
        "decision"
    }

    fn heading(&self) -> &'static str {
        "Decision on"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("record a decision on", "decision recorded")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let app = filling.app;
        vec![
            Field::text("Decision", "").hint("what will be done, or not").required(),
            Field::text("Why", "").hint("what spoke for it, and against the rest").required(),
            Field::name("By", &app.session.me.name, names::people_names(app)).required(),
        ]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let by = names::person(filled.app, filled.form, "By")?;
        one_command(IncidentCommand::RecordDecision(Decision {
            decision: filled.value("Decision"),
            reason: filled.value("Why"),
            by,
        }))
    }
}
