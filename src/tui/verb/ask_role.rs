//! Ask for a role: a list of roles and people, to ask one of them to join.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::status::Role;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::assign::nobody_listed;
use crate::tui::verb::logic::{Opening, VerbLogic};
use crate::tui::verb::people::by_proximity;
use crate::tui::verb::precheck::{self, single_row};
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::AskForRole, &[]);

pub(super) struct AskForRole;

impl VerbLogic for AskForRole {
    fn kind(&self) -> CommandKind {
        CommandKind::AskForRole
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Ask somebody to join {}", searchable: true }
    }

    /// Returns each person with each role that they do not have and were not asked for.
    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
        let record = targets.first().and_then(|target| precheck::current_record(app, target.id));
        let team = single_row(app, targets).and_then(|row| row.team.as_deref());
        let mut items = Vec::new();
        for person in by_proximity(directory, team, app) {
            for role in Role::ALL {
                let is_settled = record.is_some_and(|record| {
                    record.roles.iter().any(|(has, who)| has == role && who.handle == person.handle)
                        || record.role_requests.iter().any(|one| one.awaits(*role, &person.handle))
                });
                if is_settled {
                    continue;
                }
                let (name, handle) = (&person.name, &person.handle);
                let command = IncidentCommand::AskForRole { role: *role, person: person.clone() };
                let pick = Pick::Submit {
                    verb: format!("ask {name} to be {role} of {{}}"),
                    done_phrase: format!("{name} is asked to be {role}"),
                    commands: vec![command],
                    irreversible: true,
                };
                let item = Item::new(format!("{role}: {name}"), pick);
                items.push(item.about(format!("@{handle}")).value(format!("{role} {handle}")));
            }
        }
        items
    }

    fn empty_reason(&self, app: &App, _: &[Target]) -> String {
        nobody_listed(app)
    }
}
