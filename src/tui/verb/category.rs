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
use crate::tui::verb::target::Target;
use crate::verbs::names::{UNKNOWN, parse_category};

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
                Item::new(word, set_category(category)).value(word)
            })
            .collect()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        parse_category(typed.text).map(set_category).map_err(ArgumentError::from)
    }
}

fn set_category(category: Option<Value>) -> Pick {
    let word = category.map_or(UNKNOWN, Value::as_str);
    let command = IncidentCommand::Categorize { category };
    single_command(format!("set category {word} on"), format!("category {word}"), command)
}
