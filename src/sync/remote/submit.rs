//! What is handed over to the outbox, and what is asked of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::time::{Instant, timeout_at};

use super::outbox::Batch;
use super::{EntryState, OutboxSnapshot, Remote, Shared};
use crate::backend::{BackendError, Outcome};
use crate::model::text::sanitize;
use crate::model::{Command, CommandId, Envelope, IncidentCommand};

/// What became of a command that was handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Submission {
    /// It was carried out.
    Done(Box<Outcome>),
    /// It has no answer yet, and why, as far as that is known: it stays in the outbox and is sent.
    Queued(String),
}

impl Remote {
    /// Takes commands in, to be sent in their order. When this returns they are on the disk.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn enqueue(&self, envelopes: Vec<Envelope>) -> Result<(), BackendError> {
        let chain = self.shared.label_batch(envelopes).await;
        self.shared.outbox.enqueue(&chain).await?;
        self.shared.refresh_and_wake().await
    }

    /// Takes a command in and waits for its answer, but not longer than the remote's patience, nor
    /// when it is known that the remote does not answer.
    ///
    /// # Errors
    /// As the remote refuses it; when the outbox can't be written.
    pub async fn submit_and_wait(&self, envelope: &Envelope) -> Result<Submission, BackendError> {
        let id = envelope.id;
        let deadline = Instant::now() + self.shared.answer_timeout;
        let mut changed = self.watch_outbox();
        self.enqueue(vec![envelope.clone()]).await?;
        loop {
            changed.mark_unchanged();
            // One that was sent long ago may not be listed any more.
            let entry = self.shared.outbox.get(id).await?;
            let Some(entry) = entry else {
                return Err(BackendError::NotFound("it was dropped from the outbox".into()));
            };
            match entry.state {
                EntryState::Sent(outcome) => return Ok(Submission::Done(outcome)),
                EntryState::Refused(error) => return Err(error),
                EntryState::Pending => {}
            }
            let listing = changed.borrow().clone();
            if let Some(declared) = listing.blocker_of(&entry) {
                return Ok(Submission::Queued(format!(
                    "its declaration ({}) was refused",
                    sanitize(&declared.title)
                )));
            }
            if let Some(why) = listing.other_requester_reason(&entry) {
                return Ok(Submission::Queued(why));
            }
            if let Some(said) = entry.last_error.clone().filter(|_| entry.attempts > 0) {
                return Ok(Submission::Queued(said));
            }
            let first = listing.pending().find(|other| {
                other.position < entry.position
                    && other.last_error.is_some()
                    && listing.other_requester_reason(other).is_none()
                    && other.incident() == entry.incident()
            });
            if let Some(said) = first.and_then(|first| first.last_error.clone()) {
                return Ok(Submission::Queued(said));
            }
            if timeout_at(deadline, changed.changed()).await.is_err() {
                return Ok(Submission::Queued("it has not answered yet".into()));
            }
        }
    }

    /// Sends what waits now, whatever time its next try was set for.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn send_now(&self) -> Result<(), BackendError> {
        self.shared.outbox.reschedule_all().await?;
        self.shared.refresh_and_wake().await
    }

    /// Sends a refused command again as it is.
    ///
    /// # Errors
    /// When there is no such refused command, or when that would not help; when the outbox can't be
    /// written.
    pub async fn retry(&self, id: CommandId) -> Result<(), BackendError> {
        let Some(entry) = self.shared.outbox.get(id).await? else { return Err(no_such_command()) };
        if entry.refusal().is_none() {
            return Err(BackendError::NotFound("it was not refused".into()));
        }
        if let Some(why) = entry.reason_not_to_retry() {
            return Err(BackendError::NotAllowed(why.into()));
        }
        self.shared.outbox.retry(id).await?;
        self.shared.refresh_and_wake().await
    }

    /// Puts commands in the place of one that was refused: what waits for it waits for the first of
    /// them.
    ///
    /// # Errors
    /// A conflict where it was sent again or dropped meanwhile, by another process that shows it too;
    /// when the outbox can't be written.
    pub async fn replace(
        &self,
        old: CommandId,
        envelopes: Vec<Envelope>,
    ) -> Result<(), BackendError> {
        let chain = self.shared.label_batch(envelopes).await;
        self.shared.outbox.replace(old, &chain).await?;
        self.shared.refresh_and_wake().await
    }

    /// Takes a command out that was not sent, and with a declaration what needs it. Says how many.
    ///
    /// One that is pending may have arrived without its answer: then the remote has it all the same.
    ///
    /// # Errors
    /// When there is none; when the outbox can't be written.
    pub async fn drop_entry(&self, id: CommandId) -> Result<usize, BackendError> {
        let listing = self.shared.outbox.snapshot().await?;
        let Some(entry) = listing.get(id) else { return Err(no_such_command()) };
        if matches!(entry.state, EntryState::Sent(_)) {
            return Err(BackendError::NotAllowed("it was sent: nothing is left to drop".into()));
        }
        let mut ids = listing.dependents(entry);
        ids.push(id);
        self.shared.outbox.remove(&ids).await?;
        self.shared.refresh_and_wake().await?;
        Ok(ids.len())
    }

    /// Waits until nothing can be sent any more: all is answered, or waits for its next try, or is
    /// held. Gives what is left then.
    pub async fn wait_until_settled(&self, patience: Duration) -> Arc<OutboxSnapshot> {
        let deadline = Instant::now() + patience;
        let mut changed = self.watch_outbox();
        loop {
            let listing = changed.borrow_and_update().clone();
            let now = Utc::now();
            if listing.due(now, 1).is_empty() {
                return listing;
            }
            if timeout_at(deadline, changed.changed()).await.is_err() {
                return listing;
            }
        }
    }
}

fn no_such_command() -> BackendError {
    BackendError::NotFound("there is no such command in the outbox".into())
}

impl Shared {
    /// Commands with the incident's name for people.
    async fn label_batch(&self, envelopes: Vec<Envelope>) -> Batch {
        let about = envelopes.iter().find_map(|envelope| match &envelope.command {
            Command::Incident { incident, command: ask } => Some((*incident, ask)),
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
                    let listing = self.outbox_snapshot.borrow().clone();
                    let declared = listing.entries.iter().find(|e| e.declares() == Some(id));
                    declared.map_or_else(
                        || (id.to_string(), String::new()),
                        |declared| (declared.label(), declared.title.clone()),
                    )
                }
            }
        };
        Batch { envelopes, label, title, requester: self.identity.handle() }
    }
}
