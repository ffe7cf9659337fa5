//! Exact undo: the parts of the record that a command restores when it undoes another one.
//!
//! The plain events of an inverse command lead back to what people see: a status, an assignee, a
//! priority. The undone command changed more than that, such as a pause that its resolution ended,
//! a snooze, or who had set the status before, and when. The store, which has the timeline,
//! compares the record before the undone command, after it and now, and adds the difference to the
//! inverse's last event. The record is then as it was before, except for changes that other people
//! made meanwhile.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::command::{Command, IncidentCommand};
use super::event::{Event, EventBody, Undo};
use super::id::CommandId;
use super::incident::{FIELDS_OF_THE_LOG, Incident};
use super::{Envelope, Rules};

/// A snooze ends with any event, so it is restored only if nothing has happened since.
const SNOOZE: &str = "snoozed_until";

/// Returns whether a command undoes another one, so that [`complete`] needs the timeline.
#[must_use]
pub fn is_undo(command: &Command) -> bool {
    match command {
        Command::Incident { undoes, command, .. } => {
            undoes.is_some() || *command == IncidentCommand::UndoMove
        }
        Command::RecordChange(_) | Command::RecordProblem(_) => false,
    }
}

/// Completes the events of a command that undoes another one: the record becomes as it was before
/// that one, except for changes that other people made meanwhile.
///
/// `timeline` has all events of the incident, `events` those of the command, which are not part of
/// it yet. Nothing is added if the undone command cannot be determined, is another person's, is too
/// old, or is not one that these events undo.
pub fn complete(events: &mut [Event], timeline: &[Event], envelope: &Envelope, rules: &Rules) {
    let Some(undo) = restoration(events, timeline, envelope, rules) else { return };
    if let Some(last) = events.last_mut() {
        last.undo = Some(undo);
    }
}

fn restoration(
    events: &[Event],
    timeline: &[Event],
    envelope: &Envelope,
    rules: &Rules,
) -> Option<Undo> {
    let command = undone_command(timeline, &envelope.command)?;
    let first = timeline.iter().position(|event| event.command == command)?;
    let count = timeline[first..].iter().take_while(|event| event.command == command).count();
    let (undone, since) = timeline[first..].split_at(count);
    let is_own = undone.iter().all(|event| event.actor == envelope.actor);
    let is_recent =
        undone.iter().all(|event| envelope.at - event.at <= TimeDelta::seconds(rules.undo_move_s));
    let is_inverse =
        undone.iter().zip(events).all(|(undone, event)| is_undone_by(&undone.body, &event.body));
    if !is_own || !is_recent || !is_inverse {
        return None;
    }
    let mut record = Incident::fold(&timeline[..first]).ok()??;
    let before = record.fields()?;
    for event in undone {
        record.apply(event);
    }
    let after = record.fields()?;
    for event in since {
        record.apply(event);
    }
    let now = record.fields()?;
    for event in events {
        record.apply(event);
    }
    let plain = record.fields()?;
    let is_untouched = since.iter().all(|event| is_void(event, since));
    let mut restored = Map::new();
    let mut names: Vec<&String> = before.keys().chain(after.keys()).chain(plain.keys()).collect();
    names.extend(now.keys());
    names.sort_unstable();
    names.dedup();
    for name in names {
        let [before, after, now, plain] =
            [&before, &after, &now, &plain].map(|record| record.get(name).unwrap_or(&Value::Null));
        let target = if name == SNOOZE && !is_untouched {
            plain
        } else if before == after {
            now
        } else if now == after {
            before
        } else {
            plain
        };
        if target != plain && !FIELDS_OF_THE_LOG.contains(&name.as_str()) {
            restored.insert(name.clone(), target.clone());
        }
    }
    Some(Undo { command, fields: restored })
}

/// Returns the command that is undone: the one that is named, or else the last move.
fn undone_command(timeline: &[Event], command: &Command) -> Option<CommandId> {
    let Command::Incident { undoes, command, .. } = command else { return None };
    if undoes.is_some() {
        return *undoes;
    }
    if *command != IncidentCommand::UndoMove {
        return None;
    }
    let mut moves = timeline.iter().rev().filter(|event| event.body.reaches_stage());
    moves.find(|event| !is_void(event, timeline)).map(|event| event.command)
}

/// Whether an event undoes another one, or was undone itself.
fn is_void(event: &Event, timeline: &[Event]) -> bool {
    event.undo.is_some()
        || timeline.iter().any(|other| {
            other.seq > event.seq
                && other.undo.as_ref().is_some_and(|undo| undo.command == event.command)
        })
}

/// Whether an event is the kind that undoes another one.
fn is_undone_by(undone: &EventBody, event: &EventBody) -> bool {
    use EventBody as E;
    match (undone, event) {
        (E::Acknowledged | E::StatusMoved { .. } | E::Resolved { .. } | E::Closed, event) => {
            matches!(event, E::MoveUndone { .. })
        }
        (E::NoteAdded { .. }, E::NoteCorrected { .. })
        | (E::Snoozed { .. }, E::Woken | E::Snoozed { .. })
        | (E::Woken, E::Snoozed { .. })
        | (E::Paused { .. }, E::Unpaused)
        | (E::Unpaused, E::Paused { .. })
        | (E::Linked { .. }, E::Unlinked { .. })
        | (E::Unlinked { .. }, E::Linked { .. })
        | (E::Assigned { .. }, E::Assigned { .. })
        | (E::TeamSet { .. }, E::TeamSet { .. })
        | (E::Folded { .. }, E::Folded { .. })
        | (E::NoiseMarked { .. }, E::NoiseMarked { .. })
        | (E::ImpactBeganSet { .. }, E::ImpactBeganSet { .. })
        | (E::AffectedSet { .. }, E::AffectedSet { .. })
        | (E::ReporterAdded { .. }, E::ReporterRemoved { .. })
        | (E::ReporterRemoved { .. }, E::ReporterAdded { .. })
        | (E::TeamInvolved { .. }, E::TeamInvolved { .. })
        | (E::RoleGiven { .. }, E::RoleGiven { .. })
        | (E::ExpectedRecoverySet { .. }, E::ExpectedRecoverySet { .. })
        | (E::Prioritized { .. }, E::Prioritized { .. })
        | (E::Categorized { .. }, E::Categorized { .. })
        | (E::ServicesSet { .. }, E::ServicesSet { .. })
        | (E::Described { .. }, E::Described { .. })
        | (E::ItemAnswered { .. }, E::ItemAnswered { .. })
        | (E::ReviewWritten { .. }, E::ReviewWritten { .. })
        | (E::ReviewSubmitted { .. }, E::ReviewSubmitted { .. })
        | (E::ActionItemSet { .. }, E::ActionItemSet { .. }) => true,
        _ => false,
    }
}
