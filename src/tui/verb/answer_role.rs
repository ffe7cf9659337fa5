//! Answer a request for a role: a list of the viewer's open requests.

use chrono::{DateTime, Utc};

use crate::model::command::{CommandKind, RoleRequest};
use crate::model::{IncidentCommand, Summary};

use crate::tui::action::Entry;
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::logic::{Opening, VerbLogic};
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::AnswerRole, &[]);

pub(super) struct AnswerRole;

impl VerbLogic for AnswerRole {
    fn kind(&self) -> CommandKind {
        CommandKind::AnswerRole
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Roles that you are asked for on {}", searchable: false }
    }

    fn items(&self, app: &App, targets: &[Target], _: DateTime<Utc>) -> Vec<Item> {
        let requests = targets.first().map(|target| own_requests(app, target)).unwrap_or_default();
        let mut items = Vec::new();
        for request in requests {
            let role = request.role;
            for (answer, done, accepted) in
                [("accept", "accepted", true), ("decline", "declined", false)]
            {
                let pick = Pick::Submit {
                    verb: format!("{answer} the role {role} of {{}}"),
                    done_phrase: format!("role {role} {done}"),
                    commands: vec![IncidentCommand::AnswerRole { role, accepted }],
                    irreversible: true,
                };
                let item = Item::new(format!("{answer}: {role}"), pick);
                let by = format!("asked by {}", request.by.name());
                items.push(item.about(by).value(format!("{answer} {role}")));
            }
        }
        items
    }

    fn empty_reason(&self, app: &App, targets: &[Target]) -> String {
        let is_read = |target: &Target| precheck::current_record(app, target.id).is_some();
        if targets.first().is_some_and(is_read) {
            "you are not asked for a role on it".into()
        } else {
            "its record is not read yet: answer-role alone reads it".into()
        }
    }

    /// The list shows which requests can be answered.
    fn probe(
        &self,
        _: &App,
        _: Option<&Summary>,
        _: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        None
    }
}

/// Returns the open requests to the viewer.
fn own_requests(app: &App, target: &Target) -> Vec<RoleRequest> {
    let record = precheck::current_record(app, target.id);
    let requests = record.into_iter().flat_map(|record| &record.role_requests);
    let me = &app.session.me.handle;
    requests.filter(|request| request.awaits(request.role, me)).cloned().collect()
}
