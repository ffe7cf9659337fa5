//! What is known of an incident, and whether something may happen to it.

use chrono::{DateTime, Utc};

use crate::model::decide::{Context, decide};
use crate::model::time::format_ago;
use crate::model::{
    Actor, Command, CommandId, Envelope, Incident, IncidentCommand, IncidentId, text,
};

use super::super::app::App;

/// The whole record, where it was read and is not older than its row.
pub(super) fn current_record(app: &App, id: IncidentId) -> Option<&Incident> {
    let row = app.row(id);
    app.reading
        .shown
        .iter()
        .chain(&app.reading.cache)
        .find(|shown| shown.id == id)
        .map(|shown| &shown.detail.incident)
        .filter(|incident| row.is_none_or(|row| row.seq <= incident.summary.seq))
}

/// Why asks can't happen one after another, in a person's words. The model is asked where the whole
/// record is known, else what the row can tell is told.
pub(super) fn refusal(
    app: &App,
    id: IncidentId,
    asks: &[IncidentCommand],
    now: DateTime<Utc>,
) -> Option<String> {
    match current_record(app, id) {
        Some(known) => record_refusal(app, known, asks, now),
        None => asks.iter().find_map(|ask| row_refusal(app, id, ask, now)),
    }
}

/// Why a record refuses asks one after another.
pub(super) fn record_refusal(
    app: &App,
    known: &Incident,
    asks: &[IncidentCommand],
    now: DateTime<Utc>,
) -> Option<String> {
    let id = known.summary.id;
    let mut incident = known.clone();
    for ask in asks {
        let envelope = Envelope {
            id: CommandId::new(),
            at: now,
            actor: Actor::Person(app.me.clone()),
            command: Command::Incident { incident: id, command: ask.clone() },
        };
        match decide(Some(&incident), &envelope, Context { now, rules: &app.rules }) {
            Ok(events) => events.iter().for_each(|event| incident.apply(event)),
            Err(rejection) => return Some(rejection.message),
        }
    }
    None
}

fn row_refusal(
    app: &App,
    id: IncidentId,
    ask: &IncidentCommand,
    now: DateTime<Utc>,
) -> Option<String> {
    let row = app.row(id)?;
    let at_any_time = matches!(
        ask,
        IncidentCommand::AddNote { .. }
            | IncidentCommand::CorrectNote { .. }
            | IncidentCommand::Link { .. }
            | IncidentCommand::Unlink { .. }
            | IncidentCommand::Reopen { .. }
            | IncidentCommand::Close
            | IncidentCommand::AnswerItem { .. }
            | IncidentCommand::Describe { .. }
            | IncidentCommand::UpdateStakeholders { .. }
            | IncidentCommand::WriteReview { .. }
            | IncidentCommand::SetActionItem { .. }
            | IncidentCommand::PublishReview
            | IncidentCommand::UndoMove
    );
    if !row.status.is_open() && !at_any_time {
        return Some(format!("already {}", row.status));
    }
    match (ask, row.acknowledged_at, &row.assignee) {
        (IncidentCommand::Acknowledge, Some(when), _) => {
            Some(format!("already acknowledged {}", format_ago(when, now)))
        }
        (IncidentCommand::Assign { to: Some(to) }, _, Some(owner)) if to.handle == owner.handle => {
            Some(format!("already owned by {}", text::sanitize(&owner.name)))
        }
        (IncidentCommand::Assign { to: None }, _, None) => Some("already unowned".into()),
        (IncidentCommand::MoveStatus { to }, ..) if *to <= row.status => {
            Some(format!("it is {}: stages only move forward", row.status))
        }
        (IncidentCommand::Close, ..) if row.status.is_open() => {
            Some("resolve it before closing it".into())
        }
        (IncidentCommand::Reopen { .. }, ..) if row.status.is_open() => {
            Some(format!("it is {}: it needs no reopening", row.status))
        }
        (IncidentCommand::Merge { into }, ..) if *into == id => {
            Some("an incident can't be merged into itself".into())
        }
        _ => None,
    }
}
