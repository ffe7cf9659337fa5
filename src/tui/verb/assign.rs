//! Assign: a list of people, on call first.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, Summary};

use crate::tui::action::{Action, Entry};
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::logic::{Opening, Typed, VerbLogic, single_command};
use crate::tui::verb::people::{by_proximity, describe_person};
use crate::tui::verb::precheck::single_row;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Assign, &["s"]).aliases(&[
    "hand over",
    "give to",
    "reassign",
    "owner",
]);

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
        people_items(app, targets)
    }

    fn empty_reason(&self, app: &App, _: &[Target]) -> String {
        nobody_listed(app)
    }

    fn overruled_reason(&self, row: &Summary) -> String {
        match &row.assignee {
            Some(owner) => format!("{} owns it now", owner.name),
            None => "nobody owns it now".into(),
        }
    }

    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        if typed.text.eq_ignore_ascii_case("me") {
            let me = &typed.app.session.me;
            let name = &me.name;
            let command = IncidentCommand::Assign { to: Some(me.clone()) };
            let (verb, done) = (format!("assign {{}} to {name}"), format!("assigned to {name}"));
            return Ok(single_command(verb, done, command));
        }
        if typed.values().is_empty() {
            return Err(ArgumentError::NothingToChoose(nobody_listed(typed.app)));
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

/// Returns the people to assign to: on call for the incident's team first, then the other members
/// of the team, then everybody else.
fn people_items(app: &App, targets: &[Target]) -> Vec<Item> {
    let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
    let row = single_row(app, targets);
    let team = row.and_then(|row| row.team.as_deref());
    let owner = row.and_then(|row| row.assignee.as_ref());
    let mut items = Vec::new();
    for person in by_proximity(directory, team, app) {
        let mut about = describe_person(directory, &person, app.backend_now());
        if person.handle == app.session.me.handle {
            about = format!("you · {about}");
        }
        let owns = owner.is_some_and(|owner| owner.handle == person.handle);
        let (name, handle) = (person.name.clone(), person.handle.clone());
        let pick = Pick::Submit {
            verb: format!("assign {{}} to {name}"),
            done_phrase: format!("assigned to {name}"),
            commands: vec![IncidentCommand::Assign { to: Some(person) }],
            irreversible: false,
        };
        let item = Item::new(name, pick).about(about).value(handle);
        items.push(item.disabled_reason(owns.then(|| "owns it".into())));
    }
    if owner.is_some() || targets.len() > 1 {
        let pick = Pick::Submit {
            verb: "make {} unowned".into(),
            done_phrase: "unowned again".into(),
            commands: vec![IncidentCommand::Assign { to: None }],
            irreversible: false,
        };
        items.push(Item::new("nobody", pick).about("makes it unowned").value("nobody"));
    }
    items
}
