//! Merge: a list of the open incidents to continue in.

use chrono::{DateTime, Utc};

use crate::model::IncidentNumber;
use crate::model::command::CommandKind;
use crate::model::id::InvalidNumber;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick, links};
use crate::tui::verb::logic::{Opening, Typed, VerbLogic};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Merge, &["m"]);

pub(super) struct Merge;

impl VerbLogic for Merge {
    fn kind(&self) -> CommandKind {
        CommandKind::Merge
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Merge {} into", searchable: true }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        links::merge_targets(app, targets)
    }

    fn empty_reason(&self, _: &App, _: &[Target]) -> String {
        "there is no other open incident to merge into".into()
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, String> {
        let number: IncidentNumber =
            typed.text.parse().map_err(|error: InvalidNumber| error.to_string())?;
        let value = number.0.to_string();
        let item = typed.offers.iter().find(|item| item.value.as_deref() == Some(&value));
        item.map(|item| item.pick.clone())
            .ok_or_else(|| format!("{number} is no other open incident: choose one from the list"))
    }
}
