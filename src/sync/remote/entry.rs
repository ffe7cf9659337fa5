//! A command on its way, and all of them together. Pure.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::command_text;
use crate::backend::{BackendError, Outcome};
use crate::model::command::Link;
use crate::model::{Command, CommandId, Envelope, IncidentCommand, IncidentId, RejectionKind};

/// A command that was accepted on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxEntry {
    /// Its place in the order in which commands were asked, from 1; people name it by that.
    pub position: u64,
    /// The command's id.
    pub id: CommandId,
    /// The first command of those that were asked together about one incident: what follows one of
    /// them that is refused is not sent.
    pub batch: CommandId,
    /// The command; `None` where another version of this program wrote it in a way that this one
    /// can't read.
    pub envelope: Option<Envelope>,
    /// The incident's number when it was asked, or `new`.
    pub label: String,
    /// The incident's title then.
    pub title: String,
    /// What became of it.
    pub state: EntryState,
    /// How often it could not be delivered.
    pub attempts: u32,
    /// Why, the last time.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The remote wants to be left alone until then.
    pub not_before: Option<DateTime<Utc>>,
    /// An earlier command about the same incident that was refused before this one was.
    pub blocked_by: Option<CommandId>,
    /// When it was answered.
    pub settled_at: Option<DateTime<Utc>>,
    /// Of those that were sent, the later one has the higher number, whatever the clock did.
    pub settled_revision: i64,
    /// The handle of whom the remote took the asker for; `None` where it had never said so.
    pub requester: Option<String>,
}

/// What became of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryState {
    /// It has no answer yet.
    Pending,
    /// It was carried out.
    Sent(Box<Outcome>),
    /// It was refused; a person decides what becomes of it.
    Refused(BackendError),
}

impl OutboxEntry {
    /// What is asked, where that can be read.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        self.envelope.as_ref().map(|envelope| &envelope.command)
    }

    /// When it was asked.
    #[must_use]
    pub fn requested_at(&self) -> DateTime<Utc> {
        // An id tells when it was made.
        let made = || {
            let (seconds, nanos) = self.id.0.get_timestamp()?.to_unix();
            DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
        };
        self.envelope.as_ref().map_or_else(|| made().unwrap_or_default(), |envelope| envelope.at)
    }

    /// The incident it is about, where it is about one.
    #[must_use]
    pub fn incident(&self) -> Option<IncidentId> {
        self.command().and_then(incident)
    }

    /// The incident it declares, where it does.
    #[must_use]
    pub fn declares(&self) -> Option<IncidentId> {
        match self.command()? {
            Command::Incident { incident, command: IncidentCommand::Declare(_) } => Some(*incident),
            _ => None,
        }
    }

    /// Whether it still waits for an answer.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(self.state, EntryState::Pending)
    }

    /// Why it was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&BackendError> {
        match &self.state {
            EntryState::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Why sending it again as it is would not help; `None` where it may.
    #[must_use]
    pub fn reason_not_to_retry(&self) -> Option<&'static str> {
        let refusal = self.refusal()?;
        if self.envelope.is_none() {
            return Some(
                "it can't be read here: drop it, or let the version send it that wrote it",
            );
        }
        match refusal {
            BackendError::Conflict(_) => Some("nothing is left to do: drop it"),
            BackendError::Rejected(why) if why.kind == RejectionKind::Invalid => {
                Some("it would be refused again as it is: edit it or drop it")
            }
            _ => None,
        }
    }

    /// The incident's number: the one it was given meanwhile, or the one that was known.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.state {
            EntryState::Sent(outcome) => outcome
                .row
                .as_ref()
                .map_or_else(|| self.label.clone(), crate::model::Summary::label),
            _ => self.label.clone(),
        }
    }

    /// In words, as in "acknowledge INC-12".
    #[must_use]
    pub fn phrase(&self) -> String {
        let label = self.label();
        match self.command() {
            Some(command) if self.incident().is_some() => {
                format!("{} {label}", command_text::verb(command))
            }
            Some(command) => command_text::verb(command).to_owned(),
            None if label.is_empty() => "a command".to_owned(),
            None => format!("a command on {label}"),
        }
    }

    /// What was written or chosen; empty where the phrase says it all.
    #[must_use]
    pub fn text(&self) -> String {
        self.command().map(command_text::text).unwrap_or_default()
    }

    /// What it is about, or needs to be there: it waits for earlier commands about any of them.
    fn referenced_ids(&self) -> Vec<Uuid> {
        self.command().map(referenced_ids).unwrap_or_default()
    }
}

/// The incident that a command is about.
pub(super) fn incident(command: &Command) -> Option<IncidentId> {
    match command {
        Command::Incident { incident, .. } => Some(*incident),
        Command::RecordChange(_) | Command::RecordProblem(_) => None,
    }
}

/// What a command is about, or needs to be there: it waits for earlier commands about any of them.
fn referenced_ids(command: &Command) -> Vec<Uuid> {
    match command {
        Command::RecordChange(change) => vec![change.id.0],
        Command::RecordProblem(problem) => vec![problem.id.0],
        Command::Incident { incident, command: ask } => {
            let other = match ask {
                IncidentCommand::Merge { into } => Some(into.0),
                IncidentCommand::Link { link: Link::Problem { id, .. } } => Some(id.0),
                IncidentCommand::Link { link: Link::Change { id, .. } } => Some(id.0),
                IncidentCommand::Link { link: Link::Incident { id, .. } }
                | IncidentCommand::Unlink { link: Link::Incident { id, .. } } => Some(id.0),
                _ => None,
            };
            std::iter::once(incident.0).chain(other).collect()
        }
    }
}

/// The commands that are known on this machine, in the order in which they were asked. Never changed
/// once made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutboxSnapshot {
    /// All that wait or were refused, and the last that were sent.
    pub entries: Vec<Arc<OutboxEntry>>,
    /// The handle of whom the remote takes the asker for now, where it has said so.
    pub me: Option<String>,
}

/// How many there are, for a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct OutboxCounts {
    /// Without an answer.
    pub pending: usize,
    /// Refused.
    pub refused: usize,
}

impl OutboxSnapshot {
    /// Those without an answer.
    pub fn pending(&self) -> impl Iterator<Item = &Arc<OutboxEntry>> {
        self.entries.iter().filter(|entry| entry.is_pending())
    }

    /// Those that were refused.
    pub fn refused(&self) -> impl Iterator<Item = &Arc<OutboxEntry>> {
        self.entries.iter().filter(|entry| entry.refusal().is_some())
    }

    /// Those that were sent, the last one first.
    pub fn sent(&self) -> impl Iterator<Item = &Arc<OutboxEntry>> {
        let mut sent: Vec<&Arc<OutboxEntry>> = self
            .entries
            .iter()
            .filter(|entry| matches!(entry.state, EntryState::Sent(_)))
            .collect();
        sent.sort_by_key(|entry| std::cmp::Reverse((entry.settled_revision, entry.position)));
        sent.into_iter()
    }

    /// How many wait, and how many were refused.
    #[must_use]
    pub fn counts(&self) -> OutboxCounts {
        OutboxCounts { pending: self.pending().count(), refused: self.refused().count() }
    }

    /// One command.
    #[must_use]
    pub fn get(&self, id: CommandId) -> Option<&Arc<OutboxEntry>> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The refused declaration that a command needs: it is held until that one is sent or dropped. So
    /// is what was asked together with one that can't be read here.
    #[must_use]
    pub fn blocker_of(&self, entry: &OutboxEntry) -> Option<&Arc<OutboxEntry>> {
        if !entry.is_pending() {
            return None;
        }
        let needs = entry.referenced_ids();
        self.refused().find(|refused| {
            let is_needed = refused.declares().is_some_and(|id| needs.contains(&id.0));
            let is_odd = refused.envelope.is_none() && refused.batch == entry.batch;
            refused.position < entry.position && (is_needed || is_odd)
        })
    }

    /// Why a command is held that somebody else has asked, in a few words: it is sent by a token of
    /// that person alone.
    #[must_use]
    pub fn other_requester_reason(&self, entry: &OutboxEntry) -> Option<String> {
        let (asked, me) = (entry.requester.as_ref()?, self.me.as_ref()?);
        (entry.is_pending() && asked != me)
            .then(|| format!("asked by {asked}, the token is {me}'s: it waits for one of {asked}"))
    }

    /// The commands that go with one that is dropped: those that need the incident it declares.
    #[must_use]
    pub fn dependents(&self, entry: &OutboxEntry) -> Vec<CommandId> {
        let Some(declared) = entry.declares() else { return Vec::new() };
        self.entries
            .iter()
            .filter(|other| {
                other.position != entry.position && !matches!(other.state, EntryState::Sent(_))
            })
            .filter(|other| other.referenced_ids().contains(&declared.0))
            .map(|other| other.id)
            .collect()
    }

    /// The pending commands about each incident, in order, with merges also at the incident that
    /// goes on.
    #[must_use]
    pub fn pending_by_incident(&self) -> HashMap<IncidentId, Vec<&Envelope>> {
        let mut by: HashMap<IncidentId, Vec<&Envelope>> = HashMap::new();
        for entry in self.pending() {
            if let (Some(id), Some(envelope)) = (entry.incident(), &entry.envelope) {
                by.entry(id).or_default().push(envelope);
            }
        }
        by
    }

    /// Whether a command about an incident waits.
    #[must_use]
    pub fn has_pending(&self, id: IncidentId) -> bool {
        self.pending().any(|entry| entry.incident() == Some(id))
    }

    /// Those that could be sent, in order: of those that are about the same thing only the first, and
    /// nothing that is held. What somebody else has asked keeps nothing from being sent but what needs
    /// the incident that it declares.
    fn sendable(&self) -> impl Iterator<Item = &Arc<OutboxEntry>> {
        let mut busy: HashSet<Uuid> = HashSet::new();
        self.pending().filter(move |entry| {
            let is_mine = self.other_requester_reason(entry).is_none();
            if !is_mine && entry.declares().is_none() {
                busy.insert(entry.batch.0);
                return false;
            }
            let about = entry.referenced_ids();
            let is_free =
                is_mine && !about.iter().chain([&entry.batch.0]).any(|one| busy.contains(one));
            busy.extend(about);
            busy.insert(entry.batch.0);
            is_free && self.blocker_of(entry).is_none()
        })
    }

    /// What is sent next, at most `most`: what is free, and does not wait for its next try.
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>, most: usize) -> Vec<Arc<OutboxEntry>> {
        let not_before = self.not_before();
        let is_time = |entry: &&Arc<OutboxEntry>| {
            entry.next_attempt_at.max(not_before).is_none_or(|at| at <= now)
        };
        self.sendable().filter(is_time).take(most).cloned().collect()
    }

    /// When the next try comes. One that waits for others besides has no time of its own: when they
    /// are through, it is due.
    #[must_use]
    pub fn next_attempt(&self) -> Option<DateTime<Utc>> {
        let not_before = self.not_before();
        self.sendable().filter_map(|entry| entry.next_attempt_at.max(not_before)).min()
    }

    /// Until when the remote wants to be left alone: that holds for whatever would be sent to it.
    fn not_before(&self) -> Option<DateTime<Utc>> {
        self.pending().filter_map(|entry| entry.not_before).max()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::{Actor, PersonRef};

    fn entry(place: u64, incident: IncidentId, next_at: Option<DateTime<Utc>>) -> Arc<OutboxEntry> {
        let id = CommandId::new();
        let envelope = Envelope {
            id,
            at: DateTime::UNIX_EPOCH,
            actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
            command: Command::Incident {
                incident,
                command: IncidentCommand::AddNote { text: "a".into() },
            },
        };
        Arc::new(OutboxEntry {
            position: place,
            id,
            batch: id,
            envelope: Some(envelope),
            label: String::new(),
            title: String::new(),
            state: EntryState::Pending,
            attempts: 0,
            last_error: None,
            next_attempt_at: next_at,
            not_before: None,
            blocked_by: None,
            settled_at: None,
            settled_revision: 0,
            requester: None,
        })
    }

    /// Whoever sleeps until the next try finds something to be sent then, and does not turn in a
    /// circle.
    #[test]
    fn at_the_time_of_the_next_try_something_is_due() {
        let start = DateTime::UNIX_EPOCH;
        let after = |minutes| Some(start + TimeDelta::minutes(minutes));
        let (one, other) = (IncidentId::new(), IncidentId::new());
        // What follows on one incident was to be tried long before what comes first on it.
        let listing = OutboxSnapshot {
            me: None,
            entries: vec![
                entry(1, one, after(20)),
                entry(2, one, after(-5)),
                entry(3, other, after(7)),
                entry(4, other, after(1)),
            ],
        };
        assert!(listing.due(start, 9).is_empty());
        let mut now = start;
        let mut passes = 0;
        while listing.due(now, 9).is_empty() {
            passes += 1;
            assert!(passes < 3, "it turns in a circle at {now}");
            now = now.max(listing.next_attempt().unwrap());
        }
        assert_eq!((now, passes), (start + TimeDelta::minutes(7), 1));
    }
}
