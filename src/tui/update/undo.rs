//! Taking back the last action: by the command that undoes it.

use chrono::{DateTime, Utc};

use crate::model::checklist::Answer;
use crate::model::status::Classification;
use crate::model::text::shown;
use crate::model::{Ask, Envelope, EventId, Incident, PersonRef, Summary};

use super::super::app::App;
use super::super::message::Effect;
use super::super::plan::{Inverse, Plan, Step, Undo};
use super::{precheck, send, tell};

/// What a withdrawn note says.
const WITHDRAWN: &str = "(withdrawn)";

/// Why a declaration that was taken back was no incident.
const DECLARED_BY_MISTAKE: &str = "declared by mistake, taken back at once";

/// What undoes a step, in order; `None` where that is not possible.
///
/// Asked before the step is sent: the state it leads back to is the one that is known now.
pub(super) fn inverse(app: &App, step: &Step, sent: &[Envelope]) -> Option<Vec<Ask>> {
    if !step.records.is_empty() {
        return None;
    }
    if matches!(step.asks.first(), Some(Ask::Declare(_))) {
        let reason = DECLARED_BY_MISTAKE.into();
        return Some(vec![Ask::Reclassify { to: Classification::FalseAlarm, reason }]);
    }
    let row = app.row(step.target.id);
    let record = precheck::record(app, step.target.id);
    let row = row.or(record.map(|record| &record.summary))?;
    let mut inverses = Vec::with_capacity(step.asks.len());
    for (ask, envelope) in step.asks.iter().zip(sent).rev() {
        inverses.push(of(app, ask, envelope, row, record)?);
    }
    Some(inverses)
}

fn of(
    app: &App,
    ask: &Ask,
    envelope: &Envelope,
    row: &Summary,
    record: Option<&Incident>,
) -> Option<Ask> {
    let usual = app.rules.matrix.priority(row.impact, row.urgency);
    match ask {
        Ask::Acknowledge | Ask::MoveStatus { .. } | Ask::Resolve { .. } | Ask::Close => {
            Some(Ask::TakeBack)
        }
        Ask::Assign { .. } => Some(Ask::Assign { to: row.assignee.clone() }),
        Ask::SetTeam { .. } => Some(Ask::SetTeam { team: row.team.clone() }),
        Ask::GiveRole { role, person, given } => {
            Some(Ask::GiveRole { role: *role, person: person.clone(), given: !given })
        }
        Ask::Prioritize { .. } | Ask::OverridePriority { .. } => {
            match record.and_then(|record| record.override_reason.clone()) {
                Some(reason) => Some(Ask::OverridePriority { priority: row.priority, reason }),
                // It was set by hand, and nobody here knows why.
                None if row.priority != usual => None,
                None => Some(Ask::Prioritize { impact: row.impact, urgency: row.urgency }),
            }
        }
        Ask::Categorize { .. } => Some(Ask::Categorize { category: row.category }),
        Ask::SetServices { .. } => Some(Ask::SetServices { services: row.services.clone() }),
        Ask::Describe { title, symptoms, labels, runbook } => {
            let record = record?;
            Some(Ask::Describe {
                title: title.as_ref().map(|_| row.title.clone()),
                symptoms: symptoms.as_ref().map(|_| record.symptoms.clone()),
                labels: labels.as_ref().map(|_| record.labels.clone()),
                runbook: runbook.as_ref().map(|_| record.runbook.clone().unwrap_or_default()),
            })
        }
        Ask::AddNote { .. } => Some(Ask::CorrectNote {
            note: EventId::derived(envelope.id, 0),
            text: WITHDRAWN.into(),
        }),
        Ask::AnswerItem { item, .. } => {
            let before = record?.answered.iter().find(|a| a.item == *item);
            let answer = before.map_or(Answer::Open, |answered| answered.answer.clone());
            Some(Ask::AnswerItem { item: *item, answer })
        }
        Ask::Snooze { .. } => Some(match row.snoozed_until.filter(|until| *until > app.now) {
            Some(until) => Ask::Snooze { until },
            None => Ask::Wake,
        }),
        Ask::Wake => Some(Ask::Snooze { until: row.snoozed_until? }),
        Ask::Pause { .. } => Some(Ask::Unpause),
        Ask::Unpause => Some(Ask::Pause { reason: record?.paused_for.clone()? }),
        Ask::Link { link } => Some(Ask::Unlink { link: link.clone() }),
        Ask::Unlink { link } => Some(Ask::Link { link: link.clone() }),
        Ask::WriteReview { section, .. } => {
            let text = record?.review.sections.get(section).cloned().unwrap_or_default();
            Some(Ask::WriteReview { section: *section, text })
        }
        Ask::SetActionItem { item } => {
            let before = record?.review.actions.iter().find(|a| a.id == item.id)?;
            Some(Ask::SetActionItem { item: before.clone() })
        }
        Ask::Declare(_)
        | Ask::RepeatAlert { .. }
        | Ask::TakeBack
        | Ask::Escalate { .. }
        | Ask::CorrectNote { .. }
        | Ask::UpdateStakeholders { .. }
        | Ask::Reopen { .. }
        | Ask::Merge { .. }
        | Ask::Reclassify { .. }
        | Ask::PublishReview => None,
    }
}

/// Takes back the last action. Commands are sent in order: it may still be on its way.
pub(super) fn undo(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(Undo { done, steps, .. }) = app.undo.take() else {
        return tell(app, "nothing to undo: an action can be taken back for 10 s", true);
    };
    // Who changed it meanwhile is not overruled.
    let steps = steps
        .into_iter()
        .map(|inverse| Step { refused: overruled(app, &inverse), ..inverse.step })
        .collect();
    let plan = Plan { verb: "undo".into(), done: "undone".into(), steps };
    if plan.possible().next().is_none() {
        let why = plan.refused().next().map(|(target, why)| format!("{}: {why}", target.label));
        return tell(app, why.unwrap_or_else(|| "nothing to undo".into()), true);
    }
    let mut effects = send::carry_out(app, &plan, true, None, at);
    effects.extend(tell(app, format!("undone: {done}"), false));
    effects
}

/// Why taking back would undo what somebody else has done since.
fn overruled(app: &App, inverse: &Inverse) -> Option<String> {
    let target = &inverse.step.target;
    let row = app.row(target.id)?;
    let on_its_way = app.pending.iter().any(|pending| pending.incident == target.id);
    // Not even what was done here has arrived.
    if on_its_way || row.seq <= target.seq {
        return None;
    }
    let record = precheck::record(app, target.id);
    let gone = inverse.done.iter().find(|ask| !stands(ask, row, record))?;
    Some(match (gone, &row.assignee) {
        (Ask::Assign { .. }, Some(owner)) => format!("{} owns it now", shown(&owner.name)),
        (Ask::Assign { .. }, None) => "nobody owns it now".into(),
        _ => "somebody has changed that since".into(),
    })
}

/// Whether what was asked is still so, as far as that can be told.
fn stands(ask: &Ask, row: &Summary, record: Option<&Incident>) -> bool {
    let handle = |person: &Option<PersonRef>| person.as_ref().map(|person| person.handle.clone());
    match ask {
        Ask::Assign { to } => handle(&row.assignee) == handle(to),
        Ask::SetTeam { team } => row.team == *team,
        Ask::Prioritize { impact, urgency } => (row.impact, row.urgency) == (*impact, *urgency),
        Ask::OverridePriority { priority, .. } => row.priority == *priority,
        Ask::Categorize { category } => row.category == *category,
        Ask::SetServices { services } => row.services == *services,
        Ask::Snooze { until } => row.snoozed_until == Some(*until),
        Ask::Wake => row.snoozed_until.is_none(),
        Ask::Describe { title, symptoms, labels, runbook } => {
            let same = |set: &Option<String>, there: &str| {
                set.as_ref().is_none_or(|set| set.trim() == there.trim())
            };
            same(title, &row.title)
                && record.is_none_or(|record| {
                    same(symptoms, &record.symptoms)
                        && labels.as_ref().is_none_or(|labels| record.labels == *labels)
                        && same(runbook, record.runbook.as_deref().unwrap_or_default())
                })
        }
        Ask::WriteReview { section, text } => record.is_none_or(|record| {
            let there = record.review.sections.get(section).map_or("", String::as_str);
            there.trim() == text.trim()
        }),
        Ask::AnswerItem { item, answer } => record.is_none_or(|record| {
            let there = record.answered.iter().find(|answered| answered.item == *item);
            there.map_or(Answer::Open, |answered| answered.answer.clone()) == *answer
        }),
        _ => true,
    }
}
