//! Role: a list of roles and people, to give a role or to withdraw it.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::{Item, people};
use crate::tui::verb::assign::nobody_listed;
use crate::tui::verb::logic::{Opening, VerbLogic};
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
        people::roles(app, targets)
    }

    fn empty_reason(&self, app: &App, _: &[Target]) -> String {
        nobody_listed(app)
    }
}
