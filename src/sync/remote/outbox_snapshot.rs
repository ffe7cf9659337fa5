//! The snapshot of an outbox: its commands, and which of them can be sent. Pure.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entry::{EntryOrigin, EntryState, MAX_AHEAD, OutboxEntry, PendingChange};
use super::outbox_remote::OutboxRemote;
use crate::model::{CommandId, IncidentId};

/// The commands in the outbox, in the order in which they were requested. Immutable.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutboxSnapshot {
    /// All pending and refused commands, and the latest sent ones.
    pub entries: Vec<Arc<OutboxEntry>>,
    /// Handle of the person that the remote takes the holder of the token for now, if it has
    /// reported that.
    pub me: Option<String>,
    /// The known facts about the remote.
    pub remote: OutboxRemote,
}

/// How many commands of an outbox are pending, and how many were refused.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct OutboxCounts {
    pub pending: usize,
    pub refused: usize,
}

impl OutboxSnapshot {
    /// Iterates over the commands without an answer.
    pub fn pending(&self) -> impl Iterator<Item = &Arc<OutboxEntry>> {
        self.entries.iter().filter(|entry| entry.is_pending())
    }

    /// Iterates over the refused commands.
    pub fn refused(&self) -> impl Iterator<Item = &Arc<OutboxEntry>> {
        self.entries.iter().filter(|entry| entry.refusal().is_some())
    }

    /// Iterates over the sent commands, the latest first.
    pub fn sent(&self) -> impl Iterator<Item = &Arc<OutboxEntry>> {
        let mut sent: Vec<&Arc<OutboxEntry>> = self
            .entries
            .iter()
            .filter(|entry| matches!(entry.state, EntryState::Sent(_)))
            .collect();
        sent.sort_by_key(|entry| std::cmp::Reverse((entry.settled_revision, entry.position)));
        sent.into_iter()
    }

    /// Counts the pending and the refused commands.
    #[must_use]
    pub fn counts(&self) -> OutboxCounts {
        OutboxCounts { pending: self.pending().count(), refused: self.refused().count() }
    }

    /// Returns the command with an id.
    #[must_use]
    pub fn get(&self, id: CommandId) -> Option<&Arc<OutboxEntry>> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// Returns the refused command that blocks another one until it is sent or dropped: the
    /// declaration that the other one needs, or a command of the same batch that can't be read
    /// here.
    #[must_use]
    pub fn blocker_of(&self, entry: &OutboxEntry) -> Option<&Arc<OutboxEntry>> {
        if !entry.is_pending() {
            return None;
        }
        let needed_ids = entry.referenced_ids();
        self.refused().find(|refused| {
            let is_needed = refused.declares().is_some_and(|id| needed_ids.contains(&id.0));
            let is_unreadable = refused.envelope.is_none() && refused.batch == entry.batch;
            refused.position < entry.position && (is_needed || is_unreadable)
        })
    }

    /// Explains in a short phrase why a pending command is not sent with the current token to the
    /// current store; `None` if it may be.
    #[must_use]
    pub fn unsendable_reason(&self, entry: &OutboxEntry) -> Option<String> {
        if !entry.is_pending() {
            return None;
        }
        let EntryOrigin { token, store, is_approved, .. } = &entry.origin;
        let differs = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        if differs(store, &self.remote.store) {
            return Some("the server has another store now than the one it was meant for".into());
        }
        if *is_approved {
            return None;
        }
        let (other, me) = match (&entry.requester, &self.me) {
            (Some(other), Some(me)) => (other, me),
            (None, _) if differs(token, &self.remote.token) => {
                return Some(
                    "it was asked with another token, before the server had said whose that is: \
                     `redphone outbox approve` lets this one send it"
                        .into(),
                );
            }
            // An earlier version wrote it, without the token.
            (None, Some(me)) if token.is_none() && self.remote.token.is_some() => {
                let actor = entry.envelope.as_ref().and_then(|envelope| envelope.actor.person());
                (&actor?.handle, me)
            }
            _ => return None,
        };
        (other != me)
            .then(|| format!("asked by {other}, the token is {me}'s: it waits for one of {other}"))
    }

    /// Returns whether a pending command is not sent until a person acts: sends or drops the
    /// refused command that blocks it, or uses a token of its requester.
    #[must_use]
    pub fn is_blocked(&self, entry: &OutboxEntry) -> bool {
        self.blocker_of(entry).is_some() || self.unsendable_reason(entry).is_some()
    }

    /// Returns whether a command was requested in an earlier generation of the store, so that the
    /// incident it is about may be missing until its declaration is sent again.
    #[must_use]
    pub fn is_of_earlier_generation(&self, entry: &OutboxEntry) -> bool {
        let (then, now) = (&entry.origin.generation, &self.remote.generation);
        entry.origin.earlier_number.is_some() || (then.is_some() && now.is_some() && then != now)
    }

    /// Returns the commands that are dropped together with one: those that need the incident that
    /// it declares.
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

    /// Groups the pending changes by incident, each group in order. A merge changes two incidents.
    #[must_use]
    pub fn pending_by_incident(&self) -> HashMap<IncidentId, Vec<PendingChange<'_>>> {
        let mut groups: HashMap<IncidentId, Vec<PendingChange<'_>>> = HashMap::new();
        for entry in self.pending() {
            let Some((id, envelope)) = entry.incident().zip(entry.corrected_envelope()) else {
                continue;
            };
            groups.entry(id).or_default().push(PendingChange::Command(envelope.clone()));
            if let Some(into) = entry.merges_into().filter(|into| *into != id) {
                let (number, title) = (entry.label.parse().ok(), entry.title.as_str());
                let merge = PendingChange::Merge { envelope, from: (id, number, title) };
                groups.entry(into).or_default().push(merge);
            }
        }
        groups
    }

    /// Returns whether a command that changes an incident is pending.
    #[must_use]
    pub fn has_pending(&self, id: IncidentId) -> bool {
        self.pending().any(|entry| entry.changed_incidents().any(|changed| changed == id))
    }

    /// Iterates over the commands that could be sent, in order: only the first of those about the
    /// same object, and none that is blocked. A command of another requester delays only its own
    /// batch, and commands that need the incident that it declares.
    fn sendable(&self) -> impl Iterator<Item = &Arc<OutboxEntry>> {
        let mut busy_ids: HashSet<Uuid> = HashSet::new();
        self.pending().filter(move |entry| {
            let is_mine = self.unsendable_reason(entry).is_none();
            if !is_mine && entry.declares().is_none() {
                busy_ids.insert(entry.batch.0);
                return false;
            }
            let ids = entry.referenced_ids();
            let is_first =
                is_mine && !ids.iter().chain([&entry.batch.0]).any(|id| busy_ids.contains(id));
            busy_ids.extend(ids);
            busy_ids.insert(entry.batch.0);
            is_first && self.blocker_of(entry).is_none()
        })
    }

    /// Returns the next commands to send, at most `limit`: those that could be sent, and do not
    /// wait for their next attempt.
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>, limit: usize) -> Vec<Arc<OutboxEntry>> {
        let counts = |at: &DateTime<Utc>| *at <= now + MAX_AHEAD;
        let not_before = self.pending().filter_map(|entry| entry.not_before.filter(counts)).max();
        let is_due = |entry: &&Arc<OutboxEntry>| {
            entry.next_attempt_at.filter(counts).max(not_before).is_none_or(|at| at <= now)
        };
        self.sendable().filter(is_due).take(limit).cloned().collect()
    }

    /// Returns when the next attempt is due. A command that also waits for others has no time of
    /// its own: it is due when they are done.
    #[must_use]
    pub fn next_attempt(&self) -> Option<DateTime<Utc>> {
        // Until when the remote accepts no attempts: that holds for every command.
        let not_before = self.pending().filter_map(|entry| entry.not_before).max();
        self.sendable().filter_map(|entry| entry.next_attempt_at.max(not_before)).min()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::backend::BackendError;
    use crate::model::{Actor, Command, Envelope, IncidentCommand, PersonRef};

    fn entry(
        position: u64,
        incident: IncidentId,
        next_attempt_at: Option<DateTime<Utc>>,
    ) -> Arc<OutboxEntry> {
        let id = CommandId::new();
        let envelope = Envelope {
            id,
            at: DateTime::UNIX_EPOCH,
            actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
            command: Command::incident(incident, IncidentCommand::AddNote { text: "a".into() }),
            expected_seq: None,
        };
        Arc::new(OutboxEntry {
            position,
            id,
            batch: id,
            envelope: Some(envelope),
            label: String::new(),
            title: String::new(),
            state: EntryState::Pending,
            attempts: 0,
            last_error: None,
            next_attempt_at,
            not_before: None,
            blocked_by: None,
            settled_at: None,
            settled_revision: 0,
            requester: None,
            clock_offset: None,
            unreadable: String::new(),
            origin: EntryOrigin::default(),
        })
    }

    #[test]
    fn blocked_and_foreign_commands_wait_for_somebody() {
        let (one, other) = (IncidentId::new(), IncidentId::new());
        let free = entry(3, other, None);
        let mut unreadable = OutboxEntry::clone(&entry(1, one, None));
        unreadable.envelope = None;
        unreadable.state = EntryState::Refused(BackendError::NotAllowed("by a newer one".into()));
        let mut blocked = OutboxEntry::clone(&entry(2, one, None));
        blocked.batch = unreadable.batch;
        let mut foreign = OutboxEntry::clone(&entry(4, other, None));
        foreign.requester = Some("tomo".into());
        let entries = [unreadable, blocked].map(Arc::new).into_iter();
        let entries = entries.chain([free, Arc::new(foreign)]).collect();
        let snapshot =
            OutboxSnapshot { me: Some("ines".into()), entries, ..OutboxSnapshot::default() };
        let held: Vec<u64> = snapshot
            .pending()
            .filter(|entry| snapshot.is_blocked(entry))
            .map(|entry| entry.position)
            .collect();
        assert_eq!(held, [2, 4]);
    }

    /// A sender that sleeps until the next attempt finds a command to send then, and does not spin.
    #[test]
    fn command_is_due_at_the_next_attempt() {
        let start = DateTime::UNIX_EPOCH;
        let after = |minutes| Some(start + TimeDelta::minutes(minutes));
        let (one, other) = (IncidentId::new(), IncidentId::new());
        // The second command about an incident was due long before the first one.
        let snapshot = OutboxSnapshot {
            me: None,
            remote: OutboxRemote::default(),
            entries: vec![
                entry(1, one, after(20)),
                entry(2, one, after(-5)),
                entry(3, other, after(7)),
                entry(4, other, after(1)),
            ],
        };
        assert!(snapshot.due(start, 9).is_empty());
        let mut now = start;
        let mut passes = 0;
        while snapshot.due(now, 9).is_empty() {
            passes += 1;
            assert!(passes < 3, "it turns in a circle at {now}");
            now = now.max(snapshot.next_attempt().unwrap());
        }
        assert_eq!((now, passes), (start + TimeDelta::minutes(7), 1));
    }

    #[test]
    fn clock_that_was_set_back_holds_nothing_up() {
        let start = DateTime::UNIX_EPOCH;
        let hours = |hours| Some(start + TimeDelta::hours(hours));
        let postponed = |at| {
            let mut postponed = OutboxEntry::clone(&entry(1, IncidentId::new(), None));
            postponed.not_before = at;
            Arc::new(postponed)
        };
        let due = |first: Arc<OutboxEntry>| {
            let entries = vec![first, entry(2, IncidentId::new(), hours(48))];
            let remote = OutboxRemote::default();
            let snapshot = OutboxSnapshot { me: None, remote, entries };
            snapshot.due(start, 9).iter().map(|entry| entry.position).collect::<Vec<_>>()
        };
        assert_eq!(due(postponed(hours(48))), [1, 2]);
        // A delay that the remote asks for holds for every command.
        assert!(due(postponed(hours(1))).is_empty());
    }
}
