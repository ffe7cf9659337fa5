//! Category: the category alone, as an argument in the command palette.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::status::Category as Value;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::form::Kind;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{Opening, Typed, VerbLogic, single_command};
use crate::tui::verb::names::UNKNOWN;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Categorize, &[]).requires_argument();

pub(super) struct Category;

impl VerbLogic for Category {
    fn kind(&self) -> CommandKind {
        CommandKind::Categorize
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(Kind::Categorize)
    }

    fn offers(&self, _: &App, _: &str, _: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let categories = Value::ALL.iter().map(|category| Some(*category));
        categories
            .chain([None])
            .map(|category| {
                let word = category.map_or(UNKNOWN, Value::as_str);
                let command = IncidentCommand::Categorize { category };
                let pick = single_command(
                    format!("set category {word} on"),
                    format!("category {word}"),
                    command,
                );
                Item::new(word, pick).value(word)
            })
            .collect()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        typed.unknown("there is no category")
    }
}
