//! Undoing the last action, by sending its inverse commands.

use chrono::{DateTime, Utc};

use crate::model::checklist::Answer;
use crate::model::status::Classification;
use crate::model::text::sanitize;
use crate::model::{Envelope, EventId, Incident, IncidentCommand, PersonRef, Summary};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::update::show_toast;
use crate::tui::verb::plan::{Inverse, Plan, Step, Undo};
use crate::tui::verb::{precheck, send};

/// The text of a withdrawn note.
const WITHDRAWN: &str = "(withdrawn)";

/// The reason recorded when a declaration is undone.
const DECLARED_BY_MISTAKE: &str = "declared by mistake, taken back at once";

/// Returns the commands that undo a step, in order; `None` if that is not possible.
///
/// Call it before the step is sent: the commands lead back to the state that is known now.
pub(in crate::tui) fn inverse(
    app: &App,
    step: &Step,
    sent: &[Envelope],
) -> Option<Vec<IncidentCommand>> {
    if !step.prerequisites.is_empty() {
        return None;
    }
    if matches!(step.commands.first(), Some(IncidentCommand::Declare(_))) {
        let reason = DECLARED_BY_MISTAKE.into();
        return Some(vec![IncidentCommand::Reclassify { to: Classification::FalseAlarm, reason }]);
    }
    let row = app.row(step.target.id);
    let record = precheck::current_record(app, step.target.id);
    let row = row.or(record.map(|record| &record.summary))?;
    let mut inverses = Vec::with_capacity(step.commands.len());
    for (command, envelope) in step.commands.iter().zip(sent).rev() {
        inverses.push(inverse_of(app, command, envelope, row, record)?);
    }
    Some(inverses)
}

fn inverse_of(
    app: &App,
    command: &IncidentCommand,
    envelope: &Envelope,
    row: &Summary,
    record: Option<&Incident>,
) -> Option<IncidentCommand> {
    let usual = app.rules.matrix.priority(row.impact, row.urgency);
    match command {
        IncidentCommand::Acknowledge
        | IncidentCommand::MoveStatus { .. }
        | IncidentCommand::Resolve { .. }
        | IncidentCommand::Close => Some(IncidentCommand::UndoMove),
        IncidentCommand::Assign { .. } => {
            Some(IncidentCommand::Assign { to: row.assignee.clone() })
        }
        IncidentCommand::SetTeam { .. } => {
            Some(IncidentCommand::SetTeam { team: row.team.clone() })
        }
        IncidentCommand::GiveRole { role, person, given } => {
            Some(IncidentCommand::GiveRole { role: *role, person: person.clone(), given: !given })
        }
        IncidentCommand::Prioritize { .. } | IncidentCommand::OverridePriority { .. } => {
            match record.and_then(|record| record.override_reason.clone()) {
                Some(reason) => {
                    Some(IncidentCommand::OverridePriority { priority: row.priority, reason })
                }
                // The priority was overridden, and the reason is not loaded.
                None if row.priority != usual => None,
                None => {
                    Some(IncidentCommand::Prioritize { impact: row.impact, urgency: row.urgency })
                }
            }
        }
        IncidentCommand::Categorize { .. } => {
            Some(IncidentCommand::Categorize { category: row.category })
        }
        IncidentCommand::SetServices { .. } => {
            Some(IncidentCommand::SetServices { services: row.services.clone() })
        }
        IncidentCommand::Describe { title, symptoms, labels, runbook } => {
            let record = record?;
            Some(IncidentCommand::Describe {
                title: title.as_ref().map(|_| row.title.clone()),
                symptoms: symptoms.as_ref().map(|_| record.symptoms.clone()),
                labels: labels.as_ref().map(|_| record.labels.clone()),
                runbook: runbook.as_ref().map(|_| record.runbook.clone().unwrap_or_default()),
            })
        }
        IncidentCommand::AddNote { .. } => Some(IncidentCommand::CorrectNote {
            note: EventId::derived(envelope.id, 0),
            text: WITHDRAWN.into(),
        }),
        IncidentCommand::AnswerItem { item, .. } => {
            let before = record?.answered.iter().find(|a| a.item == *item);
            let answer = before.map_or(Answer::Open, |answered| answered.answer.clone());
            Some(IncidentCommand::AnswerItem { item: *item, answer })
        }
        IncidentCommand::Snooze { .. } => {
            Some(match row.snoozed_until.filter(|until| *until > app.now) {
                Some(until) => IncidentCommand::Snooze { until },
                None => IncidentCommand::Wake,
            })
        }
        IncidentCommand::Wake => Some(IncidentCommand::Snooze { until: row.snoozed_until? }),
        IncidentCommand::Pause { .. } => Some(IncidentCommand::Unpause),
        IncidentCommand::Unpause => {
            Some(IncidentCommand::Pause { reason: record?.paused_for.clone()? })
        }
        IncidentCommand::Link { link } => Some(IncidentCommand::Unlink { link: link.clone() }),
        IncidentCommand::Unlink { link } => Some(IncidentCommand::Link { link: link.clone() }),
        IncidentCommand::WriteReview { section, .. } => {
            let text = record?.review.sections.get(section).cloned().unwrap_or_default();
            Some(IncidentCommand::WriteReview { section: *section, text })
        }
        IncidentCommand::SetActionItem { item } => {
            let before = record?.review.actions.iter().find(|a| a.id == item.id)?;
            Some(IncidentCommand::SetActionItem { item: before.clone() })
        }
        IncidentCommand::Declare(_)
        | IncidentCommand::RepeatAlert { .. }
        | IncidentCommand::UndoMove
        | IncidentCommand::Escalate { .. }
        | IncidentCommand::CorrectNote { .. }
        | IncidentCommand::UpdateStakeholders { .. }
        | IncidentCommand::Reopen { .. }
        | IncidentCommand::Merge { .. }
        | IncidentCommand::Reclassify { .. }
        | IncidentCommand::PublishReview => None,
    }
}

/// Undoes the last action. Commands are sent in order, so the action itself may still be pending.
pub(in crate::tui) fn undo(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(Undo { done_phrase, steps, .. }) = app.undo.take() else {
        return show_toast(app, "nothing to undo: an action can be taken back for 10 s", true);
    };
    // What somebody else has changed in the meantime is not overwritten.
    let steps = steps
        .into_iter()
        .map(|inverse| Step { refused: overruled(app, &inverse), ..inverse.step })
        .collect();
    let plan = Plan { verb: "undo".into(), done_phrase: "undone".into(), steps };
    if plan.possible().next().is_none() {
        let why = plan.refused().next().map(|(target, why)| format!("{}: {why}", target.label));
        return show_toast(app, why.unwrap_or_else(|| "nothing to undo".into()), true);
    }
    let mut effects = send::carry_out(app, &plan, true, None, at);
    effects.extend(show_toast(app, format!("undone: {done_phrase}"), false));
    effects
}

/// Returns why undoing would overwrite what somebody else has done since.
fn overruled(app: &App, inverse: &Inverse) -> Option<String> {
    let target = &inverse.step.target;
    let row = app.row(target.id)?;
    let on_its_way = app.pending.iter().any(|pending| pending.incident == target.id);
    // Not even the viewer's own change has arrived.
    if on_its_way || row.seq <= target.seq {
        return None;
    }
    let record = precheck::current_record(app, target.id);
    let overwritten = inverse.undoes.iter().find(|command| !still_holds(command, row, record))?;
    Some(match (overwritten, &row.assignee) {
        (IncidentCommand::Assign { .. }, Some(owner)) => {
            format!("{} owns it now", sanitize(&owner.name))
        }
        (IncidentCommand::Assign { .. }, None) => "nobody owns it now".into(),
        _ => "somebody has changed that since".into(),
    })
}

/// Returns whether the effect of a command still stands, as far as that can be told.
fn still_holds(command: &IncidentCommand, row: &Summary, record: Option<&Incident>) -> bool {
    let handle = |person: &Option<PersonRef>| person.as_ref().map(|person| person.handle.clone());
    match command {
        IncidentCommand::Assign { to } => handle(&row.assignee) == handle(to),
        IncidentCommand::SetTeam { team } => row.team == *team,
        IncidentCommand::Prioritize { impact, urgency } => {
            (row.impact, row.urgency) == (*impact, *urgency)
        }
        IncidentCommand::OverridePriority { priority, .. } => row.priority == *priority,
        IncidentCommand::Categorize { category } => row.category == *category,
        IncidentCommand::SetServices { services } => row.services == *services,
        IncidentCommand::Snooze { until } => row.snoozed_until == Some(*until),
        IncidentCommand::Wake => row.snoozed_until.is_none(),
        IncidentCommand::Describe { title, symptoms, labels, runbook } => {
            let same = |set: &Option<String>, current: &str| {
                set.as_ref().is_none_or(|set| set.trim() == current.trim())
            };
            same(title, &row.title)
                && record.is_none_or(|record| {
                    same(symptoms, &record.symptoms)
                        && labels.as_ref().is_none_or(|labels| record.labels == *labels)
                        && same(runbook, record.runbook.as_deref().unwrap_or_default())
                })
        }
        IncidentCommand::WriteReview { section, text } => record.is_none_or(|record| {
            let current = record.review.sections.get(section).map_or("", String::as_str);
            current.trim() == text.trim()
        }),
        IncidentCommand::AnswerItem { item, answer } => record.is_none_or(|record| {
            let current = record.answered.iter().find(|answered| answered.item == *item);
            current.map_or(Answer::Open, |answered| answered.answer.clone()) == *answer
        }),
        _ => true,
    }
}
