//! Prechecks: whether a command would be refused, as far as that is known before it is sent.

use chrono::{DateTime, Utc};

use crate::model::decide::{Context, decide};
use crate::model::time::format_ago;
use crate::model::{
    Actor, Command, CommandId, Envelope, Incident, IncidentCommand, IncidentId, text,
};

use crate::tui::core::app::App;
use crate::tui::verb::target::Target;

/// Returns the complete record, if it was read and is not older than its row.
pub(in crate::tui) fn current_record(app: &App, id: IncidentId) -> Option<&Incident> {
    let row = app.row(id);
    app.reading
        .shown
        .iter()
        .chain(&app.reading.cache)
        .find(|shown| shown.id == id)
        .map(|shown| &shown.detail.incident)
        .filter(|incident| row.is_none_or(|row| row.seq <= incident.summary.seq))
}

/// Returns why commands can't be executed one after another, in a sentence for the person. The
/// model decides where the complete record is known; otherwise the row is checked as far as it
/// goes.
pub(in crate::tui) fn refusal(
    app: &App,
    id: IncidentId,
    commands: &[IncidentCommand],
    now: DateTime<Utc>,
) -> Option<String> {
    match current_record(app, id) {
        Some(record) => record_refusal(app, record, commands, now),
        None => commands.iter().find_map(|command| row_refusal(app, id, command, now)),
    }
}

/// Returns why the model refuses commands on a record, executed one after another.
pub(in crate::tui) fn record_refusal(
    app: &App,
    record: &Incident,
    commands: &[IncidentCommand],
    now: DateTime<Utc>,
) -> Option<String> {
    let id = record.summary.id;
    let mut incident = record.clone();
    for command in commands {
        let envelope = Envelope {
            id: CommandId::new(),
            at: now,
            actor: Actor::Person(app.me.clone()),
            command: Command::Incident { incident: id, command: command.clone() },
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
    command: &IncidentCommand,
    now: DateTime<Utc>,
) -> Option<String> {
    let row = app.row(id)?;
    let at_any_time = matches!(
        command,
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
    match (command, row.acknowledged_at, &row.assignee) {
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

pub(in crate::tui) fn single_row<'a>(
    app: &'a App,
    targets: &[Target],
) -> Option<&'a crate::model::Summary> {
    match targets {
        [one] => app.row(one.id).or_else(|| current_record(app, one.id).map(|r| &r.summary)),
        _ => None,
    }
}
