//! Adds commands to the outbox, waits for their answers, and edits its entries.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use chrono::Utc;
use tokio::time::{Instant, timeout_at};

use super::error::OutboxError;
use super::outbox::{Batch, Outbox};
use super::{EntryOrigin, EntryState, OutboxEntry, OutboxSnapshot, Remote, Shared};
use crate::backend::{BackendError, Outcome};
use crate::model::text::SafeText;
use crate::model::{Command, CommandId, Envelope, IncidentCommand};

/// How many outcomes of commands that were sent without the outbox are remembered.
const MAX_UNSTORED: usize = 1_000;

/// The result of a submitted command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Submission {
    /// The command was carried out.
    Done(Box<Outcome>),
    /// The command has no answer yet, for this reason. It stays in the outbox and is sent later.
    Queued(SafeText<'static>),
}

impl Remote {
    /// Adds commands to the outbox, to be sent in their order. They are on the disk when this
    /// returns. If the outbox can't be written, such as on a full disk, they are sent immediately
    /// instead, and their outcome can be read in the same way.
    ///
    /// # Errors
    /// If the outbox can't be used, or can't be written and the remote does not answer.
    pub async fn enqueue(&self, envelopes: Vec<Envelope>) -> Result<(), BackendError> {
        let batch = self.shared.label_batch(envelopes).await;
        match self.shared.outbox.enqueue(&batch).await {
            Ok(()) => self.shared.refresh_and_wake().await,
            Err(error) if Outbox::is_unwritable(&error) => {
                self.shared.send_without_outbox(batch, error).await
            }
            Err(error) => Err(error),
        }
    }

    /// Adds a command to the outbox and waits for its answer: not longer than the answer timeout,
    /// and not once the remote is known not to answer.
    ///
    /// # Errors
    /// The remote's refusal; when the outbox can't be written.
    pub async fn submit_and_wait(&self, envelope: &Envelope) -> Result<Submission, BackendError> {
        let id = envelope.id;
        let deadline = Instant::now() + self.shared.answer_timeout;
        let mut snapshots = self.watch_outbox();
        // A caller waits: earlier commands are tried now, whenever their next attempt was due.
        if let Err(error) = self.shared.outbox.reschedule(Utc::now()).await {
            tracing::warn!(%error, "the next attempts stay where they are");
        }
        self.enqueue(vec![envelope.clone()]).await?;
        loop {
            snapshots.mark_unchanged();
            // A command that was sent long ago may not be in the snapshot any more.
            let entry = self.shared.entry(id).await?;
            let Some(entry) = entry else {
                return Err(BackendError::not_found(OutboxError::Dropped));
            };
            match entry.state {
                EntryState::Sent(outcome) => return Ok(Submission::Done(outcome)),
                EntryState::Refused(error) => return Err(error),
                EntryState::Pending => {}
            }
            let snapshot = snapshots.borrow().clone();
            if let Some(blocker) = snapshot.blocker_of(&entry) {
                let why = if blocker.declares().is_some() {
                    format!("its declaration ({}) was refused", blocker.title)
                } else {
                    // The only other blocker is a command of the batch that this version can't read.
                    format!("what comes before it ({}) can't be read", blocker.phrase())
                };
                return Ok(Submission::Queued(why.into()));
            }
            if let Some(why) = snapshot.unsendable_reason(&entry) {
                return Ok(Submission::Queued(why.into()));
            }
            if let Some(error) = entry.last_error.clone().filter(|_| entry.attempts > 0) {
                return Ok(Submission::Queued(error.into()));
            }
            let earlier = snapshot.pending().find(|other| {
                other.position < entry.position
                    && other.last_error.is_some()
                    // Without a time for it, the next attempt is being made.
                    && other.next_attempt_at.is_some()
                    && snapshot.unsendable_reason(other).is_none()
                    && other.incident() == entry.incident()
            });
            if let Some(error) = earlier.and_then(|earlier| earlier.last_error.clone()) {
                return Ok(Submission::Queued(error.into()));
            }
            if timeout_at(deadline, snapshots.changed()).await.is_err() {
                return Ok(Submission::Queued("it has not answered yet".into()));
            }
        }
    }

    /// Sends the pending commands now, whenever their next attempt was due.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn send_now(&self) -> Result<(), BackendError> {
        self.shared.outbox.reschedule_all().await?;
        self.shared.refresh_and_wake().await
    }

    /// Sends a refused command again unchanged.
    ///
    /// # Errors
    /// If there is no such refused command, or that would not help; if the outbox can't be written.
    pub async fn retry(&self, id: CommandId) -> Result<(), BackendError> {
        let Some(entry) = self.shared.outbox.get(id).await? else { return Err(no_such_command()) };
        if entry.refusal().is_none() {
            return Err(BackendError::not_found(OutboxError::NotRefused));
        }
        if let Some(why) = entry.reason_not_to_retry() {
            return Err(BackendError::not_allowed(OutboxError::NoUseToRetry(why)));
        }
        self.shared.outbox.retry(id).await?;
        self.shared.refresh_and_wake().await
    }

    /// Replaces a refused command by others. Commands that wait for it then wait for the first of
    /// them.
    ///
    /// # Errors
    /// A conflict if another process that shows the command too has sent it again or dropped it
    /// meanwhile; when the outbox can't be written.
    pub async fn replace(
        &self,
        old: CommandId,
        envelopes: Vec<Envelope>,
    ) -> Result<(), BackendError> {
        let batch = self.shared.label_batch(envelopes).await;
        self.shared.outbox.replace(old, &batch).await?;
        self.shared.refresh_and_wake().await
    }

    /// Removes a command that was not sent, and with a declaration the commands that need it.
    /// Returns how many were removed.
    ///
    /// A pending command may have arrived without its answer: then the remote has it nevertheless.
    ///
    /// # Errors
    /// If there is no such command, or it was sent; if the outbox can't be written.
    pub async fn drop_entry(&self, id: CommandId) -> Result<usize, BackendError> {
        let snapshot = self.shared.outbox.snapshot().await?;
        let Some(entry) = snapshot.get(id) else { return Err(no_such_command()) };
        if matches!(entry.state, EntryState::Sent(_)) {
            return Err(BackendError::not_allowed(OutboxError::AlreadySent));
        }
        let mut ids = snapshot.dependents(entry);
        ids.push(id);
        self.shared.outbox.remove(&ids).await?;
        self.shared.refresh_and_wake().await?;
        Ok(ids.len())
    }

    /// Waits until nothing can be sent any more: every command is answered, waits for its next
    /// attempt, or is blocked. Returns the outbox at that time, or after `timeout`.
    pub async fn wait_until_settled(&self, timeout: Duration) -> Arc<OutboxSnapshot> {
        let deadline = Instant::now() + timeout;
        let mut snapshots = self.watch_outbox();
        loop {
            let snapshot = snapshots.borrow_and_update().clone();
            let now = Utc::now();
            if snapshot.due(now, 1).is_empty() {
                return snapshot;
            }
            if timeout_at(deadline, snapshots.changed()).await.is_err() {
                return snapshot;
            }
        }
    }
}

fn no_such_command() -> BackendError {
    BackendError::not_found(OutboxError::NoSuchCommand)
}

impl Shared {
    /// Creates a batch of commands, labelled with the incident's number and title for people.
    async fn label_batch(&self, envelopes: Vec<Envelope>) -> Batch {
        let about = envelopes.iter().find_map(|envelope| match &envelope.command {
            Command::Incident { incident, command, .. } => Some((*incident, command)),
            _ => None,
        });
        let (label, title) = match about {
            None => (String::new(), String::new()),
            Some((_, IncidentCommand::Declare(declaration))) => {
                ("new".into(), declaration.title.clone())
            }
            Some((id, _)) => {
                if let Some(row) = self.cache.row(id).await {
                    (row.label(), row.title)
                } else {
                    let snapshot = self.outbox_snapshot.borrow().clone();
                    let declared = snapshot.entries.iter().find(|e| e.declares() == Some(id));
                    declared.map_or_else(
                        || (id.to_string(), String::new()),
                        |declared| (declared.label(), declared.title.clone()),
                    )
                }
            }
        };
        let token = self.backend.token_id();
        let clock_offset = self.backend.clock_offset().map(|clock| clock.correction());
        let requester = self.identity.handle();
        Batch { envelopes, label, title, requester, clock_offset, token }
    }

    /// Sends commands immediately, because the outbox can't be written. If the remote does not
    /// answer either, the commands are not accepted.
    async fn send_without_outbox(
        &self,
        batch: Batch,
        storage_error: BackendError,
    ) -> Result<(), BackendError> {
        tracing::warn!(error = %storage_error, "sent without the outbox");
        let mut envelopes = batch.envelopes.clone();
        for envelope in &mut envelopes {
            envelope.correct_clock(batch.clock_offset.unwrap_or_default());
        }
        let results = self.backend.execute_all(&envelopes).await;
        let mut entries = Vec::with_capacity(results.len());
        for (envelope, result) in batch.envelopes.iter().zip(results) {
            self.record_reachability(&result);
            let state = match result {
                Ok(outcome) => {
                    if let Some(row) = &outcome.row {
                        self.cache.put_rows(std::slice::from_ref(row), Utc::now()).await;
                    }
                    EntryState::Sent(Box::new(outcome))
                }
                Err(error) if error.is_temporary() => {
                    let why = format!("{storage_error}, and so it is not kept: {error}");
                    EntryState::Refused(BackendError::Unreachable(why.into()))
                }
                Err(error) => EntryState::Refused(error),
            };
            entries.push(OutboxEntry {
                position: 0,
                id: envelope.id,
                batch: envelope.id,
                envelope: Some(envelope.clone()),
                label: batch.label.clone(),
                title: batch.title.clone(),
                state,
                attempts: 0,
                last_error: None,
                next_attempt_at: None,
                not_before: None,
                blocked_by: None,
                settled_at: Some(Utc::now()),
                settled_revision: 0,
                requester: batch.requester.clone(),
                clock_offset: batch.clock_offset,
                unreadable: String::new(),
                origin: EntryOrigin::default(),
            });
        }
        let mut unstored = self.unstored.lock().unwrap_or_else(PoisonError::into_inner);
        unstored.extend(entries);
        let surplus = unstored.len().saturating_sub(MAX_UNSTORED);
        unstored.drain(..surplus);
        Ok(())
    }
}
