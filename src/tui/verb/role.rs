//! Role: a list of roles and people, to give a role or to withdraw it.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::status::Role;
use crate::model::{IncidentCommand, PersonRef};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::assign::nobody_listed;
use crate::tui::verb::logic::{Opening, VerbLogic};
use crate::tui::verb::people::by_proximity;
use crate::tui::verb::precheck::{self, single_row};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::GiveRole, &["L"]);

pub(super) struct GiveRole;

impl VerbLogic for GiveRole {
    fn kind(&self) -> CommandKind {
        CommandKind::GiveRole
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Roles of {}", searchable: true }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        roles(app, targets)
    }

    fn empty_reason(&self, app: &App, _: &[Target]) -> String {
        nobody_listed(app)
    }
}

/// Returns every role with every person. Those who have a role come first, to give it up, because
/// the list is long.
fn roles(app: &App, targets: &[Target]) -> Vec<Item> {
    let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
    let record = targets.first().and_then(|target| precheck::current_record(app, target.id));
    let has = |role: Role, person: &PersonRef| {
        record.is_some_and(|r| {
            r.roles.iter().any(|(has, who)| *has == role && who.handle == person.handle)
        })
    };
    let team = single_row(app, targets).and_then(|row| row.team.as_deref());
    let mut items = Vec::new();
    for person in by_proximity(directory, team, app) {
        for role in Role::ALL {
            let given = !has(*role, &person);
            let name = &person.name;
            let (verb, done_phrase, text) = if given {
                let text = format!("{role}: {name}");
                (format!("make {name} {role} of {{}}"), format!("{role} is {name}"), text)
            } else {
                let text = format!("no longer {role}: {name}");
                (
                    format!("take {role} from {name} on {{}}"),
                    format!("{role} no longer {name}"),
                    text,
                )
            };
            let commands =
                vec![IncidentCommand::GiveRole { role: *role, person: person.clone(), given }];
            let item =
                Item::new(text, Pick::Submit { verb, done_phrase, commands, irreversible: false });
            let handle = &person.handle;
            let no = if given { "" } else { "no " };
            let item = item.about(format!("@{handle}")).value(format!("{no}{role} {handle}"));
            if given { items.push(item) } else { items.insert(0, item) }
        }
    }
    items
}
