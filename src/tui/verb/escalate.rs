//! Escalate: a list of the policy's levels; with several incidents, the next level of each.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::{Summary, escalation};

use crate::tui::action::{Action, Entry};
use crate::tui::core::app::App;
use crate::tui::picker::{Item, people};
use crate::tui::verb::logic::{Opening, VerbLogic};
use crate::tui::verb::plan::{Plan, Step};
use crate::tui::verb::planning;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Escalate, &["e"]).hint("escalate");

pub(super) struct Escalate;

impl VerbLogic for Escalate {
    fn kind(&self) -> CommandKind {
        CommandKind::Escalate
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Opening {
        if targets.len() > 1 {
            escalate_each(app, targets, at)
        } else {
            Opening::List { heading: "Escalate {}", searchable: false }
        }
    }

    fn items(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
        people::levels(app, targets, at)
    }

    fn empty_reason(&self, app: &App, targets: &[Target]) -> String {
        if targets.len() > 1 {
            "levels are those of one incident: with no level, the next of each is called".into()
        } else {
            no_policy(app)
        }
    }

    /// Without a policy nobody can be called.
    fn is_impossible(&self, app: &App, row: &Summary) -> bool {
        app.fetched.directory.as_deref().is_some_and(|d| escalation::path(row, d).is_empty())
    }
}

/// Calls the next escalation level of each incident: every incident has its own policy.
fn escalate_each(app: &App, targets: &[Target], at: DateTime<Utc>) -> Opening {
    let step = |target: &Target| match people::next_level(app, target) {
        Ok(command) => planning::step(app, target, Vec::new(), vec![command], at),
        Err(why) => Step {
            target: target.clone(),
            prerequisites: Vec::new(),
            commands: Vec::new(),
            refused: Some(why.unwrap_or_else(|| no_policy(app))),
        },
    };
    let steps: Vec<Step> = targets.iter().map(step).collect();
    let plan =
        Plan { verb: "call the next level for".into(), done_phrase: "escalated".into(), steps };
    if plan.possible().next().is_none()
        && let Some((target, why)) = plan.refused().next()
    {
        return Opening::Explain(format!("none of them: {}: {why}", target.label));
    }
    Opening::Send { plan, irreversible: true }
}

fn no_policy(app: &App) -> String {
    let key = app.ui.keymap.keys(Action::Categorize).first();
    let key = key.map(|key| format!(" ({key})")).unwrap_or_default();
    format!(
        "there is no escalation policy for its team: set the team{key}, or a policy in the settings"
    )
}
