//! Recovery: a form of when service is expected to be restored; the time can also be typed in the
//! command palette.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::core::zone::Clock;
use crate::tui::form::{Field, Kind};
use crate::tui::input::parse_time::{self, TimeError};
use crate::tui::picker::Pick;
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, Typed, VerbLogic, field_error,
    one_command, single_command,
};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::SetExpectedRecovery, &[]);

const FORM: Kind = Kind::Command(CommandKind::SetExpectedRecovery);
/// The label of the only field.
const EXPECTED: &str = "Expected";
/// The text for an unknown time.
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

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let clock = typed.app.clock();
        let at = parse(typed.text, typed.at, clock)?;
        let shown = at.map_or_else(|| NONE.to_owned(), |at| parse_time::format_minute(clock, at));
        Ok(single_command(
            format!("set the expected recovery of {{}}: {shown}"),
            format!("expected recovery: {shown}"),
            IncidentCommand::SetExpectedRecovery { at },
        ))
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

/// Parses when service is expected to be restored; `None` if it is unknown.
fn parse(text: &str, now: DateTime<Utc>, clock: Clock) -> Result<Option<DateTime<Utc>>, TimeError> {
    if text.trim().eq_ignore_ascii_case(NONE) {
        return Ok(None);
    }
    parse_time::parse_future(text, now, &clock).map(Some)
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
        let at = parse(&filled.value(EXPECTED), filled.at, filled.app.clock())
            .map_err(|why| field_error(EXPECTED, why.to_string()))?;
        one_command(IncidentCommand::SetExpectedRecovery { at })
    }
}
