//! Taking back the last action: by the command that undoes it.

use chrono::{DateTime, Utc};

use crate::model::checklist::Answer;
use crate::model::{Ask, Envelope, EventId, Incident, Summary};

use super::super::app::App;
use super::super::message::Effect;
use super::super::plan::{Plan, Step, Undo};
use super::{known, send, tell};

/// What a withdrawn note says.
const WITHDRAWN: &str = "(withdrawn)";

/// What undoes a step, in order; `None` where that is not possible.
///
/// Asked before the step is sent: the state it leads back to is the one that is known now.
pub(super) fn inverse(app: &App, step: &Step, sent: &[Envelope]) -> Option<Vec<Ask>> {
    if !step.records.is_empty() {
        return None;
    }
    let row = app.row(step.target.id);
    let record = known::record(app, step.target.id);
    let row = row.or(record.map(|record| &record.summary))?;
    let mut inverses = Vec::with_capacity(step.asks.len());
    for (ask, envelope) in step.asks.iter().zip(sent).rev() {
        inverses.push(of(ask, envelope, row, record, app.now)?);
    }
    Some(inverses)
}

fn of(
    ask: &Ask,
    envelope: &Envelope,
    row: &Summary,
    record: Option<&Incident>,
    now: DateTime<Utc>,
) -> Option<Ask> {
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
        Ask::Snooze { .. } => Some(match row.snoozed_until.filter(|until| *until > now) {
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
    let Some(Undo { done, mut steps, .. }) = app.undo.take() else {
        return tell(app, "nothing to undo: an action can be taken back for 10 s", true);
    };
    // Who changed it meanwhile is not overruled.
    for step in &mut steps {
        step.refused = overruled(app, step);
    }
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
fn overruled(app: &App, step: &Step) -> Option<String> {
    let row = app.row(step.target.id)?;
    let owner = row.assignee.as_ref().filter(|owner| owner.handle != app.me.handle);
    let reassigned = step.asks.iter().any(|ask| matches!(ask, Ask::Assign { .. }));
    match owner {
        // Who assigned it to somebody else may still take that back.
        Some(owner) if reassigned && row.seq > step.target.seq + 1 => {
            Some(format!("{} owns it now", crate::model::text::shown(&owner.name)))
        }
        _ => None,
    }
}
