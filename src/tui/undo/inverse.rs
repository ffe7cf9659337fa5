//! The inverse of commands, by which they are undone.

use crate::model::checklist::Answer;
use crate::model::status::Classification;
use crate::model::{Envelope, EventId, Incident, IncidentCommand, Summary};

use crate::tui::core::app::App;
use crate::tui::verb::plan::Step;
use crate::tui::verb::precheck;

/// The text of a withdrawn note.
pub(in crate::tui) const WITHDRAWN: &str = "(withdrawn)";

/// The reason recorded when a declaration is undone.
pub(in crate::tui) const DECLARED_BY_MISTAKE: &str = "declared by mistake, taken back at once";

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

pub(in crate::tui) fn inverse_of(
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
