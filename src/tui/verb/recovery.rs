//! Recovery: a form of when service is expected to be restored.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::input::parse_time;
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, field_error,
    one_command,
};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::SetExpectedRecovery, &[]);

const FORM: Kind = Kind::Command(CommandKind::SetExpectedRecovery);
/// The label of the only field.
const EXPECTED: &str = "Expected";
/// What is typed if nobody knows when.
const NONE: &str = "none";

pub(super) struct Recovery;

impl VerbLogic for Recovery {
    fn kind(&self) -> CommandKind {
        CommandKind::SetExpectedRecovery
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(FORM)
    }

    fn form(&self) -> &'static dyn FormLogic {
        &RecoveryForm
    }

    fn edit(&self, app: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::SetExpectedRecovery { at } = command else { return None };
        let text = at.map(|at| parse_time::format_minute(app.clock(), at));
        Some((FORM, vec![(EXPECTED, text.unwrap_or_else(|| NONE.to_owned()))]))
    }
}

struct RecoveryForm;

impl FormLogic for RecoveryForm {
    fn name(&self) -> &'static str {
        "expected recovery"
    }

    fn heading(&self) -> &'static str {
        "Recovery of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("set the expected recovery of", "expected recovery set")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let Filling { app, record, at, .. } = *filling;
        let expected = record.and_then(|record| record.expected_recovery).filter(|due| *due > at);
        let text = expected.map(|due| parse_time::format_minute(app.clock(), due));
        let hint = parse_time::format_hint("2h, 14:00; none if nobody knows", app.clock());
        vec![Field::line(EXPECTED, &text.unwrap_or_default()).example(hint).required()]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let text = filled.value(EXPECTED);
        if text.eq_ignore_ascii_case(NONE) {
            return one_command(IncidentCommand::SetExpectedRecovery { at: None });
        }
        let at = parse_time::parse_future(&text, filled.at, &filled.app.clock())
            .map_err(|why| field_error(EXPECTED, why.to_string()))?;
        one_command(IncidentCommand::SetExpectedRecovery { at: Some(at) })
    }
}
