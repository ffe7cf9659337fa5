//! Assign: a list of people, on call first.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::text::sanitize;

use crate::tui::action::{Action, Entry};
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick, people};
use crate::tui::verb::logic::{Opening, Typed, VerbLogic, single_command};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Assign, &["s"]);

pub(super) struct Assign;

impl VerbLogic for Assign {
    fn kind(&self) -> CommandKind {
        CommandKind::Assign
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Assign {}", searchable: true }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        people::people(app, targets)
    }

    fn empty_reason(&self, app: &App, _: &[Target]) -> String {
        nobody_listed(app)
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, String> {
        if typed.text.eq_ignore_ascii_case("me") {
            let me = &typed.app.session.me;
            let name = sanitize(&me.name);
            let command = IncidentCommand::Assign { to: Some(me.clone()) };
            let (verb, done) = (format!("assign {{}} to {name}"), format!("assigned to {name}"));
            return Ok(single_command(verb, done, command));
        }
        if typed.values().is_empty() {
            return Err(nobody_listed(typed.app));
        }
        typed.unknown("nobody is called")
    }
}

/// Returns why no person can be chosen.
pub(super) fn nobody_listed(app: &App) -> String {
    let own = app.ui.keymap.hint(Action::Own, "assigns it to you");
    let own = own.map(|hint| format!(": {hint}")).unwrap_or_default();
    format!("nobody is in the directory{own}")
}
