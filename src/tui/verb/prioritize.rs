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
use crate::verbs::names::{TypedPriority, parse_priority};

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
            Item::new(priority.as_str(), levels_pick(app, impact, urgency))
                .about(format!("impact {impact} × urgency {urgency}"))
                .value(format!("{impact} {urgency}"))
        });
        Priority::ALL.into_iter().map(override_item).chain(matrix).collect()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        Ok(match parse_priority(typed.text)? {
            TypedPriority::Override(priority) => Pick::Form(Kind::Override { priority }),
            TypedPriority::Levels(impact, urgency) => levels_pick(typed.app, impact, urgency),
        })
    }
}

/// Returns the pick that sets impact and urgency.
fn levels_pick(app: &App, impact: Level, urgency: Level) -> Pick {
    let priority = app.session.rules.matrix.priority(impact, urgency);
    single_command(
        format!("set {priority} on"),
        format!("{priority}: {impact} × {urgency}"),
        IncidentCommand::Prioritize { impact, urgency },
    )
}

fn override_item(priority: Priority) -> Item {
    Item::new(priority.as_str(), Pick::Form(Kind::Override { priority }))
        .about("overrides the matrix, with a reason")
        .value(priority.as_str().to_lowercase())
}
