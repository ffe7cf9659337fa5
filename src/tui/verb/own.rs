//! Own: assign the incident to the viewer, by one key.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{IncidentCommand, Summary};

use crate::tui::action::{Action, Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::verb::logic::{Opening, VerbLogic};
use crate::tui::verb::planning;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry =
    Entry::verb(Action::Own, "own", &["o"], "own it: assign it to me", CommandKind::Assign)
        .hint("own")
        .aliases(&["mine", "take"])
        .primary(&[(Phase::Triggered, 1)]);

pub(super) struct Own;

impl VerbLogic for Own {
    fn kind(&self) -> CommandKind {
        CommandKind::Assign
    }

    /// Reports from whom an incident was taken over.
    fn opening(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Opening {
        let previous_owner = match targets {
            [one] => app.row(one.id).and_then(|row| row.assignee.clone()),
            _ => None,
        };
        let done_phrase = match previous_owner.filter(|owner| owner.handle != app.session.me.handle)
        {
            Some(owner) => format!("taken over from {}", owner.name),
            None => "owned by you".into(),
        };
        let commands = [IncidentCommand::Assign { to: Some(app.session.me.clone()) }];
        let plan = planning::plan(app, targets, "own", done_phrase, &commands, at);
        Opening::Send { plan, irreversible: false }
    }

    fn probe(
        &self,
        app: &App,
        _: Option<&Summary>,
        _: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        Some(vec![IncidentCommand::Assign { to: Some(app.session.me.clone()) }])
    }
}
