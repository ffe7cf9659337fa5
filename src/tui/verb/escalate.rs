//! Escalate: a list of the policy's levels; with several incidents, the next level of each.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::escalation::Reached;
use crate::model::{IncidentCommand, PersonRef, Summary, escalation};

use crate::tui::action::{Action, Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::escalation_progress::Progress;
use crate::tui::verb::logic::{Opening, VerbLogic};
use crate::tui::verb::plan::{Plan, Step};
use crate::tui::verb::planning;
use crate::tui::verb::precheck::single_row;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::Escalate, &["e"])
    .hint("escalate")
    .primary(&[(Phase::Triggered, 2)]);

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
        levels(app, targets, at)
    }

    fn remark(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Option<String> {
        let (row, directory) = (single_row(app, targets)?, app.fetched.directory.as_deref()?);
        Some(Progress::new(app, row, directory, app.backend_time(at)).round_text())
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
    let step = |target: &Target| match next_level(app, target) {
        Ok(command) => planning::step(app, target, Vec::new(), vec![command], at),
        Err(why) => Step {
            refused: Some(why.unwrap_or_else(|| no_policy(app))),
            ..Step::new(target.clone(), Vec::new())
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

/// Returns the command that calls the next level of an incident's policy.
///
/// # Errors
/// The reason why there is none; `None` if the incident has no policy.
fn next_level(app: &App, target: &Target) -> Result<IncidentCommand, Option<String>> {
    let (Some(row), Some(directory)) =
        (single_row(app, std::slice::from_ref(target)), app.fetched.directory.as_deref())
    else {
        return Err(None);
    };
    let path = escalation::path(row, directory);
    let last = path.iter().map(|step| step.level).max().ok_or(None)?;
    let level = row.escalation.saturating_add(1);
    let Some(next) = path.into_iter().find(|step| step.level == level) else {
        return Err(Some(format!("the last level of its policy, {last}, was called already")));
    };
    // The person on call now is called, if the level was due before.
    let at = next.due.max(app.backend_now());
    let reached = escalation::reached_at(&next, row, directory, at);
    let to: Vec<PersonRef> = reached.iter().filter_map(Reached::person).cloned().collect();
    if to.is_empty() {
        return Err(Some(format!("level {level} reaches nobody now")));
    }
    let reason = Some("called by hand".into());
    Ok(IncidentCommand::Escalate {
        level,
        to,
        reason,
        automatic: None,
        all_must_acknowledge: next.all_must_acknowledge,
    })
}

/// Returns the levels of the incident's policy, in the present round.
fn levels(app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
    let (Some(row), Some(directory)) = (single_row(app, targets), app.fetched.directory.as_deref())
    else {
        return Vec::new();
    };
    let progress = Progress::new(app, row, directory, app.backend_time(at));
    let item = |step: &escalation::Step| {
        let reached = progress.reached(step);
        let people: Vec<PersonRef> = reached.iter().filter_map(Reached::person).cloned().collect();
        let names: Vec<&str> = people.iter().map(|p| p.name.as_str()).collect();
        let names = if names.is_empty() { "nobody".into() } else { names.join(", ") };
        let level = step.level;
        let nobody = people.is_empty().then(|| nobody_reason(&reached));
        let pick = Pick::Submit {
            verb: format!("call level {level} ({names}) for"),
            done_phrase: format!("escalated to level {level}"),
            commands: vec![IncidentCommand::Escalate {
                level,
                to: people,
                reason: Some("called by hand".into()),
                automatic: None,
                all_must_acknowledge: step.all_must_acknowledge,
            }],
            irreversible: true,
        };
        let key = char::from_digit(u32::from(level), 10).unwrap_or('0');
        Item::new(format!("level {level}  {names}"), pick)
            .key(key)
            .about(progress.step_text(step))
            .value(level.to_string())
            .disabled_reason(nobody)
    };
    progress.round_steps().map(item).collect()
}

/// Returns the reason why a level reaches nobody.
fn nobody_reason(reached: &[Reached]) -> String {
    let reasons = reached.iter().filter_map(|reached| match reached {
        Reached::Person(_) => None,
        Reached::Nobody { reason, .. } => Some(reason.to_string()),
    });
    let reasons: Vec<String> = reasons.collect();
    if reasons.is_empty() {
        return "it reaches nobody now".to_owned();
    }
    format!("it reaches nobody now: {}", reasons.join(", "))
}
