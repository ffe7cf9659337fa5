//! Prioritize: the matrix of impact and urgency; as an argument, a level of each or a priority.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::priority::Level;
use crate::model::{IncidentCommand, Priority, Summary};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::Kind;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{Opening, Typed, VerbLogic, single_command};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::command(CommandKind::Prioritize, &["p"]).hint("priority").aliases(&["priority"]);

pub(super) struct Prioritize;

impl VerbLogic for Prioritize {
    fn kind(&self) -> CommandKind {
        CommandKind::Prioritize
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Matrix
    }

    /// Another priority can always be chosen by overriding the matrix.
    fn probe(
        &self,
        _: &App,
        row: Option<&Summary>,
        now: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        (CommandKind::OverridePriority.row().sample)(row, now).map(|command| vec![command])
    }

    /// Returns the priorities that override the matrix, and those that it gives.
    fn offers(&self, app: &App, _: &str, _: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let matrix = Level::ALL
            .into_iter()
            .flat_map(|impact| Level::ALL.into_iter().map(move |urgency| (impact, urgency)));
        let matrix = matrix.map(|(impact, urgency)| {
            let priority = app.session.rules.matrix.priority(impact, urgency);
            let command = IncidentCommand::Prioritize { impact, urgency };
            let pick = single_command(
                format!("set {priority} on"),
                format!("{priority}: {impact} × {urgency}"),
                command,
            );
            Item::new(priority.as_str(), pick)
                .about(format!("impact {impact} × urgency {urgency}"))
                .value(format!("{impact} {urgency}"))
        });
        Priority::ALL.into_iter().map(override_item).chain(matrix).collect()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let argument = typed.text;
        if let Ok(level) = argument.parse::<Level>() {
            return Err(ArgumentError::UrgencyMissing(level));
        }
        // `high` is a level of impact, so only numbers are priorities.
        let numbered = argument.ends_with(|ch: char| ch.is_ascii_digit());
        match argument.parse() {
            Ok(priority) if numbered => Ok(Pick::Form(Kind::Override { priority })),
            _ => Err(ArgumentError::NotAPriority(argument.to_owned())),
        }
    }
}

fn override_item(priority: Priority) -> Item {
    Item::new(priority.as_str(), Pick::Form(Kind::Override { priority }))
        .about("overrides the matrix, with a reason")
        .value(priority.as_str().to_lowercase())
}
