//! Reclassify: a form of what it was instead of an incident.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::status::Classification;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::{Field, Kind};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
};
use crate::tui::verb::names::{choice_labels, parse_choice};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Reclassify, &["X"]);

pub(super) struct Reclassify;

impl VerbLogic for Reclassify {
    fn kind(&self) -> CommandKind {
        CommandKind::Reclassify
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Reclassify)
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::Reclassify { to, reason } = command else { return None };
        Some((Kind::Reclassify, vec![("It was", to.to_string()), ("Why", reason.clone())]))
    }
}

pub(super) struct ReclassifyForm;

impl FormLogic for ReclassifyForm {
    fn name(&self) -> &'static str {
        "reclassification"
    }

    fn heading(&self) -> &'static str {
        "Reclassify"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("reclassify", "reclassified")
    }

    fn is_irreversible(&self) -> bool {
        true
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![
            Field::choice("It was", choice_labels(Classification::ALL, Classification::as_str), 0),
            Field::text("Why", "").required(),
        ]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        one_command(IncidentCommand::Reclassify {
            to: parse_choice::<Classification>(filled.form, "It was")?,
            reason: filled.value("Why"),
        })
    }
}
