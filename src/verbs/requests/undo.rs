//! Undo: what the requester did last on an incident is undone.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::{Before, CommandKind};
use crate::model::text::sanitize;
use crate::model::{CommandId, Event, EventBody, Incident, IncidentCommand};
use crate::verbs::error::{FieldError, INCIDENT, Problem};
use crate::verbs::request::Request;
use crate::verbs::row::VerbRow;
use crate::verbs::situation::{Needs, Plan, Situation, previous_command_id};

/// Undo your last change of the incident, unless somebody has replaced it.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct UndoLast {}

impl Request for UndoLast {
    const ROW: VerbRow = VerbRow::new(
        "undo",
        "Undo your last change of an incident, unless somebody has replaced it",
        &[
            CommandKind::UndoMove,
            CommandKind::Assign,
            CommandKind::SetTeam,
            CommandKind::GiveRole,
            CommandKind::Prioritize,
            CommandKind::OverridePriority,
            CommandKind::Categorize,
            CommandKind::SetServices,
            CommandKind::Describe,
            CommandKind::CorrectNote,
            CommandKind::AnswerItem,
            CommandKind::Snooze,
            CommandKind::Wake,
            CommandKind::Pause,
            CommandKind::Unpause,
            CommandKind::Link,
            CommandKind::Unlink,
            CommandKind::WriteReview,
            CommandKind::SetActionItem,
            CommandKind::SetExpectedRecovery,
            CommandKind::Fold,
            CommandKind::MarkNoise,
            CommandKind::SetImpactBegan,
            CommandKind::SetAffected,
            CommandKind::AddReporter,
            CommandKind::RemoveReporter,
            CommandKind::InvolveTeam,
            CommandKind::SubmitReview,
        ],
        "INC-12",
        "{}",
    )
    .about("A move along the lifecycle can be undone for a few minutes.")
    .done("last change undone");

    fn needs(&self) -> Needs {
        Needs::Timeline
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        undo_last(situation).map_err(|problem| FieldError::new(INCIDENT, problem))
    }
}

fn undo_last(situation: &Situation<'_>) -> Result<Plan, Problem> {
    let record = situation.record.ok_or(Problem::NotRead("the incident"))?;
    let events = situation.events;
    let is_own = |event: &&Event| event.actor == *situation.actor && !is_void(event, events);
    let last = events.iter().rev().find(is_own);
    let Some(last) = last else {
        return Err(Problem::NothingToUndo { incident: record.summary.label() });
    };
    let mut plan = Plan::default();
    for command in commands_of_request(last, situation) {
        let inverse = inverse_of(command, record, situation)?;
        plan.commands.push(inverse);
        plan.undoes.push(command);
    }
    Ok(plan)
}

/// Returns the commands of the request that led to an event, the last one first: those before it have the
/// ids before that of the event's command. A declaration is none of them: what was said with it can be
/// undone, it itself can't.
fn commands_of_request(last: &Event, situation: &Situation<'_>) -> Vec<CommandId> {
    let events = situation.events;
    let is_part = |event: &Event, command: CommandId| {
        event.command == command
            && event.actor == *situation.actor
            && !is_void(event, events)
            && !matches!(event.body, EventBody::Declared { .. } | EventBody::AlertRepeated { .. })
    };
    let mut commands = vec![last.command];
    let mut previous = previous_command_id(last.command);
    while events.iter().any(|event| is_part(event, previous)) {
        commands.push(previous);
        previous = previous_command_id(previous);
    }
    commands
}

/// Returns the command that undoes one, if nobody has replaced what it did.
fn inverse_of(
    command: CommandId,
    record: &Incident,
    situation: &Situation<'_>,
) -> Result<IncidentCommand, Problem> {
    let events = situation.events;
    let led_to = |event: &&Event| event.command == command;
    let undone: Vec<&Event> = events.iter().filter(led_to).collect();
    let not_undoable = || {
        let label = undone.last().map(|event| sanitize(event.body.label()).to_string());
        let (incident, label) = (record.summary.label(), label.unwrap_or_default());
        Problem::NotUndoable { incident, label }
    };
    let [undone] = undone[..] else { return Err(not_undoable()) };
    let before = events.iter().take_while(|event| event.id != undone.id).cloned();
    let before: Vec<Event> = before.collect();
    let done = command_of(&undone.body).ok_or_else(not_undoable)?;
    let was = Incident::fold(&before).ok().flatten().ok_or_else(not_undoable)?;
    let (rules, now) = (situation.rules, situation.now);
    let was = Before { row: &was.summary, record: Some(&was), rules, now };
    let inverse = done.inverse(command, Some(&was)).ok_or_else(not_undoable)?;
    // Whether a move can be undone is decided by its own rules, which say more.
    if inverse != IncidentCommand::UndoMove && !done.still_holds(&record.summary, Some(record)) {
        return Err(Problem::ChangedSince);
    }
    Ok(inverse)
}

/// Whether an event undoes another one, or was undone itself.
fn is_void(event: &Event, events: &[Event]) -> bool {
    let undoes = |other: &Event| {
        other.seq > event.seq
            && other.undo.as_ref().is_some_and(|undo| undo.command == event.command)
    };
    event.undo.is_some()
        || matches!(event.body, EventBody::MoveUndone { .. })
        || events.iter().any(undoes)
}

/// Returns the command that leads to an event; `None` if there is none that can be undone.
fn command_of(body: &EventBody) -> Option<IncidentCommand> {
    use IncidentCommand as C;
    Some(match body.clone() {
        EventBody::Acknowledged => C::Acknowledge,
        EventBody::StatusMoved { to } => C::MoveStatus { to },
        EventBody::Resolved { action, detail, validation, .. } => {
            C::Resolve { action, detail, validation }
        }
        EventBody::Closed => C::Close,
        EventBody::Assigned { to } => C::Assign { to },
        EventBody::TeamSet { team, .. } => C::SetTeam { team },
        EventBody::RoleGiven { role, person, given } => C::GiveRole { role, person, given },
        EventBody::Prioritized { impact, urgency, override_reason: None, .. } => {
            C::Prioritize { impact, urgency }
        }
        EventBody::Prioritized { priority, override_reason: Some(reason), .. } => {
            C::OverridePriority { priority, reason }
        }
        EventBody::Categorized { category } => C::Categorize { category },
        EventBody::ServicesSet { services } => C::SetServices { services },
        EventBody::Described { title, symptoms, labels, runbook } => {
            C::Describe { title, symptoms, labels, runbook }
        }
        EventBody::NoteAdded { text } => C::AddNote { text },
        EventBody::ItemAnswered { item, answer } => C::AnswerItem { item, answer },
        EventBody::Snoozed { until } => C::Snooze { until },
        EventBody::Woken => C::Wake,
        EventBody::Paused { reason } => C::Pause { reason },
        EventBody::Unpaused => C::Unpause,
        EventBody::Linked { link } => C::Link { link },
        EventBody::Unlinked { link } => C::Unlink { link },
        EventBody::ReviewWritten { section, text } => C::WriteReview { section, text },
        EventBody::ActionItemSet { item } => C::SetActionItem { item },
        EventBody::ExpectedRecoverySet { expected_at: at } => C::SetExpectedRecovery { at },
        EventBody::Folded { under, .. } => C::Fold { under },
        EventBody::NoiseMarked { reason } => C::MarkNoise { reason },
        EventBody::ImpactBeganSet { began_at: at } => C::SetImpactBegan { at },
        EventBody::AffectedSet { affected } => C::SetAffected { affected },
        EventBody::ReporterAdded { reporter } => C::AddReporter { reporter },
        EventBody::ReporterRemoved { reporter } => C::RemoveReporter { reporter },
        EventBody::TeamInvolved { team, involved } => C::InvolveTeam { team, involved },
        EventBody::ReviewSubmitted { returned } => C::SubmitReview { returned },
        _ => return None,
    })
}
