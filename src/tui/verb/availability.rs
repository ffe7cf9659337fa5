//! Whether verbs apply to incidents, and why not.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::checklist::{Answer, ClosingItem, InvestigationItem, Item};
use crate::model::review::Section;
use crate::model::status::{Category, Classification, ResolutionAction, Role};
use crate::model::{
    Incident, IncidentCommand, IncidentId, PersonRef, Priority, Status, Summary, escalation,
};

use crate::tui::action::{Action, Entry, TABLE};
use crate::tui::core::app::App;
use crate::tui::picker;
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

/// How many targets are checked for whether a verb applies to any.
pub(in crate::tui) const MAX_PRECHECKED: usize = 50;

/// Returns why an action can't be used now on these targets; `None` if it can, on one of them at
/// least.
pub(in crate::tui) fn disabled_reason(
    app: &App,
    entry: &Entry,
    targets: &[Target],
    now: DateTime<Utc>,
) -> Option<String> {
    if let Some(why) = entry.disabled_reason(app) {
        return Some(why);
    }
    if !entry.applies(app) {
        return Some(entry.reason_if_not(app));
    }
    entry.verb?;
    let mut first = None;
    for target in targets.iter().take(MAX_PRECHECKED) {
        let why = refusal(app, entry.action, target, now)?;
        first.get_or_insert(why);
    }
    match targets.len() {
        0 | 1 => first,
        2..=MAX_PRECHECKED => first.map(|why| format!("none of them: {why}")),
        _ => None,
    }
}

/// Stores which verbs the incident on the screen refuses. While the selection moves, nothing
/// changes: the keys line stays as it is while a key is held down.
pub(in crate::tui) fn refresh_disabled(app: &mut App) {
    if app.reading.moving {
        return;
    }
    // Only the record is checked: this happens with every message, and finding a row takes long if
    // there are many.
    let refused_actions = |incident: &Incident| {
        let row = &incident.summary;
        TABLE
            .iter()
            .filter(|entry| entry.verb.is_some() && entry.hint.is_some())
            .map(|entry| entry.action)
            .filter(|action| {
                let commands = probe(app, *action, Some(row), app.now);
                let refuses = |commands: Vec<IncidentCommand>| {
                    precheck::record_refusal(app, incident, &commands, app.now)
                };
                commands.and_then(refuses).is_some() || lacks_escalation(app, *action, row)
            })
            .collect()
    };
    let shown = app.reading.shown.as_ref().map(|shown| &shown.detail.incident);
    app.reading.disabled = shown.map(refused_actions).unwrap_or_default();
}

/// Returns whether the action is an escalation and no policy covers the incident.
pub(in crate::tui) fn lacks_escalation(app: &App, action: Action, row: &Summary) -> bool {
    action == Action::Escalate
        && app.directory.as_deref().is_some_and(|d| escalation::path(row, d).is_empty())
}

/// Returns why a verb does not apply to an incident, in a sentence for the person; `None` if it
/// does.
pub(in crate::tui) fn refusal(
    app: &App,
    action: Action,
    target: &Target,
    now: DateTime<Utc>,
) -> Option<String> {
    let row = app.row(target.id);
    let commands = probe(app, action, row, now)?;
    precheck::refusal(app, target.id, &commands, now).or_else(|| {
        let nobody_to_call = row.is_some_and(|row| lacks_escalation(app, action, row));
        nobody_to_call
            .then(|| picker::items::empty_reason(app, action, std::slice::from_ref(target)))
    })
}

/// Returns the commands of a verb with made-up contents, to check whether it applies.
pub(in crate::tui) fn probe(
    app: &App,
    action: Action,
    row: Option<&Summary>,
    now: DateTime<Utc>,
) -> Option<Vec<IncidentCommand>> {
    let text = || "x".to_owned();
    let answer_yes = |item| IncidentCommand::AnswerItem { item, answer: Answer::Yes };
    Some(match action {
        Action::Acknowledge => vec![IncidentCommand::Acknowledge],
        Action::Own => vec![IncidentCommand::Assign { to: Some(app.me.clone()) }],
        Action::Resolve => vec![IncidentCommand::Resolve {
            action: ResolutionAction::Other,
            detail: text(),
            validation: text(),
        }],
        Action::Reopen => vec![IncidentCommand::Reopen { reason: text() }],
        Action::Close => {
            let checklist = ClosingItem::ALL.iter().map(|item| answer_yes(Item::Closing(*item)));
            checklist.chain([IncidentCommand::Close]).collect()
        }
        Action::Checklist => vec![answer_yes(Item::Investigation(InvestigationItem::Reproduced))],
        Action::Reclassify => {
            vec![IncidentCommand::Reclassify { to: Classification::FalseAlarm, reason: text() }]
        }
        Action::Prioritize => {
            let row = row?;
            let priority = Priority::ALL.into_iter().find(|p| *p != row.priority)?;
            vec![IncidentCommand::OverridePriority { priority, reason: text() }]
        }
        Action::Move => {
            let status = row?.status;
            let next = Status::STAGES[1..5].iter().find(|stage| **stage > status);
            vec![IncidentCommand::MoveStatus { to: next.copied().unwrap_or(Status::Monitoring) }]
        }
        Action::Assign => vec![IncidentCommand::Assign { to: Some(PersonRef::new("x", "x")) }],
        Action::Category | Action::Categorize => {
            let category = row?.category;
            let other = Category::ALL.iter().find(|other| Some(**other) != category);
            vec![IncidentCommand::Categorize { category: other.copied() }]
        }
        Action::Services => vec![IncidentCommand::SetServices { services: vec![text()] }],
        Action::Team => vec![IncidentCommand::SetTeam { team: Some(text()) }],
        Action::Role => vec![IncidentCommand::GiveRole {
            role: Role::Resolver,
            person: PersonRef::new("x", "x"),
            given: true,
        }],
        Action::Update => {
            vec![IncidentCommand::UpdateStakeholders { message: text(), next_due: None }]
        }
        Action::Escalate => {
            vec![IncidentCommand::Escalate { level: 1, to: Vec::new(), reason: Some(text()) }]
        }
        Action::Snooze => vec![IncidentCommand::Snooze { until: now + TimeDelta::hours(1) }],
        Action::Merge => vec![IncidentCommand::Merge { into: IncidentId::new() }],
        Action::Review => {
            vec![IncidentCommand::WriteReview { section: Section::Summary, text: text() }]
        }
        _ => return None,
    })
}
