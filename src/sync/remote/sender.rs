//! What is sent, and when; and what other processes have sent.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, sleep};

use super::Shared;
use super::entry::{OutboxEntry, OutboxSnapshot};
use super::identity::TokenIdentity;
use super::lock::{self, FileLock};
use super::outbox::FailedAttempt;
use crate::api::command::MAX_COMMANDS;
use crate::backend::{BackendError, Outcome};
use crate::model::Envelope;
use crate::sync::pace::backoff;

/// So many commands in a row that fail alone, and it is not because of them.
const MAX_FAILURES_IN_A_ROW: usize = 2;
/// After a failure of the outbox itself it is looked at again.
const OUTBOX_RETRY_AFTER: Duration = Duration::from_secs(5);
/// Where all is held by a doubt whose the token is, that is asked again after this.
const VERIFY_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(30);
/// The longest time a remote may ask not to be asked again.
const MAX_RATE_LIMIT: TimeDelta = TimeDelta::hours(1);

/// Sends for as long as it lives, whenever something is due and it is the turn of this process.
pub(super) async fn run_sender(shared: Arc<Shared>) {
    let mut reached = shared.reconnects.subscribe();
    let mut answered = false;
    let mut patience = shared.lock_timeout;
    let mut tokens = shared.identity.token_changes();
    loop {
        let wait = match shared.send_due(&mut patience).await {
            Ok(Pass::Again) => {
                answered = true;
                continue;
            }
            Ok(Pass::Idle(until)) => until.map(|at| (at - Utc::now()).to_std().unwrap_or_default()),
            Err(error) => {
                tracing::warn!(%error, "sending");
                Some(OUTBOX_RETRY_AFTER)
            }
        };
        if std::mem::take(&mut answered)
            && let Err(error) = shared.outbox.prune().await
        {
            tracing::warn!(%error, "forgetting what was sent long ago");
        }
        tokio::select! {
            () = shared.wake_sender.notified() => {}
            () = TokenIdentity::wait_for_token_change(&mut tokens) => {}
            () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            Ok(()) = reached.changed() => {
                // The way is open again: nobody waits for the next try.
                if let Err(error) = shared.outbox.reschedule(Utc::now()).await {
                    tracing::warn!(%error, "sending");
                }
            }
        }
    }
}

/// What a pass led to.
enum Pass {
    /// Something was answered: there may be more.
    Again,
    /// Nothing is left to be sent before then.
    Idle(Option<DateTime<Utc>>),
}

/// Whether the remote has decided about a command. An answer that makes no sense decides nothing: it
/// may be of something in between, or of another version, and the command may have been carried out.
fn is_final(error: &BackendError) -> bool {
    matches!(
        error,
        BackendError::Rejected(_)
            | BackendError::Conflict(_)
            | BackendError::NotFound(_)
            | BackendError::NotAllowed(_)
    )
}

impl Shared {
    /// Whether there is something to be done about what is on its way, as far as that was read.
    fn has_work(&self) -> bool {
        let listing = self.outbox_snapshot.borrow();
        !listing.due(Utc::now(), 1).is_empty() || self.needs_verification(&listing)
    }

    /// Whether it has to be known whose the token is, and is not.
    fn needs_verification(&self, listing: &OutboxSnapshot) -> bool {
        let now = Utc::now();
        let is_due = |entry: &Arc<OutboxEntry>| entry.next_attempt_at.is_none_or(|at| at <= now);
        !self.identity.is_verified()
            && listing.pending().any(|entry| entry.requester.is_some() && is_due(entry))
    }

    /// The turn to send. Whoever has it may have been stopped in the middle of a request: after a
    /// while it is not waited for any more. Both may send the same then, and what has an id happens
    /// once.
    async fn acquire_send_lock(&self, patience: &mut Duration) -> Option<FileLock> {
        match lock::acquire(&self.lock_file, *patience, || self.has_work()).await {
            Ok(None) if self.has_work() => {
                if !patience.is_zero() {
                    tracing::warn!("another process has the turn to send and does not: going on");
                }
                *patience = Duration::ZERO;
                None
            }
            Ok(turn) => {
                *patience = self.lock_timeout;
                turn
            }
            Err(error) => {
                tracing::warn!(%error, "no turn to send");
                None
            }
        }
    }

    /// Sends what is due, all at once, and writes down what became of each.
    async fn send_due(&self, patience: &mut Duration) -> Result<Pass, BackendError> {
        self.refresh_outbox().await?;
        if !self.has_work() {
            return Ok(Pass::Idle(self.outbox_snapshot.borrow().next_attempt()));
        }
        let _turn = self.acquire_send_lock(patience).await;
        // Whoever had it before may have sent the same.
        let mut listing = self.read_outbox().await?;
        let mut unsure = None;
        if self.needs_verification(&listing) {
            unsure = self.verify().await.err();
            if unsure.is_none() && !self.identity.is_verified() {
                // The token was changed in that moment.
                return Ok(Pass::Again);
            }
            listing = self.read_outbox().await?;
        }
        let due = listing.due(Utc::now(), MAX_COMMANDS);
        let envelopes: Vec<_> = due.iter().filter_map(|entry| entry.envelope.clone()).collect();
        let results = match (&envelopes[..], unsure) {
            ([], None) => return Ok(Pass::Idle(listing.next_attempt())),
            ([], Some(_)) => return Ok(Pass::Idle(Some(Utc::now() + VERIFY_AGAIN_AFTER))),
            (all, Some(error)) => vec![Err(error); all.len()],
            (all, None) => {
                let results = self.deliver(all).await;
                self.record_batch_reachability(&due, &results);
                results
            }
        };
        let mut tried = Vec::new();
        let mut answered = false;
        for (entry, result) in due.iter().zip(results) {
            match result {
                Ok(outcome) => {
                    self.record_outcome(entry, &outcome).await?;
                    answered = true;
                }
                Err(error) if is_final(&error) => {
                    self.outbox.mark_refused(entry, &error, Utc::now()).await?;
                    answered = true;
                }
                Err(error) => {
                    let now = Utc::now();
                    let not_before = match &error {
                        BackendError::Limited { until } => {
                            Some((*until).clamp(now, now + MAX_RATE_LIMIT))
                        }
                        _ => None,
                    };
                    // All that is limited at once does not come back at once.
                    let wait = TimeDelta::from_std(backoff(entry.attempts)).unwrap_or_default();
                    tried.push(FailedAttempt {
                        id: entry.id,
                        error: error.to_string(),
                        next_attempt_at: not_before.unwrap_or(now) + wait,
                        not_before,
                    });
                }
            }
        }
        if !tried.is_empty() {
            self.outbox.mark_attempted(&tried).await?;
        }
        self.refresh_outbox().await?;
        let next = self.outbox_snapshot.borrow().next_attempt();
        Ok(if answered { Pass::Again } else { Pass::Idle(next) })
    }

    /// Sends commands together. Where they fail as a whole one of them may be the reason, and each is
    /// sent alone; unless it is the way that is closed.
    async fn deliver(&self, all: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        if let [one] = all {
            return vec![self.backend.execute(one).await];
        }
        let mut results = self.backend.execute_all(all).await;
        let has_failed = |result: &Result<Outcome, BackendError>| {
            matches!(result, Err(BackendError::Unreachable(_) | BackendError::Broken(_)))
        };
        if !results.iter().all(has_failed) {
            return results;
        }
        let mut in_a_row = 0;
        for (envelope, result) in all.iter().zip(&mut results) {
            *result = self.backend.execute(envelope).await;
            in_a_row = if has_failed(result) { in_a_row + 1 } else { 0 };
            if in_a_row == MAX_FAILURES_IN_A_ROW
                || matches!(result, Err(BackendError::Limited { .. }))
            {
                break;
            }
        }
        results
    }

    /// What commands tell about the way to the remote. One that fails again and again tells nothing:
    /// that something else reaches the remote must not be what it is sent again for.
    fn record_batch_reachability(
        &self,
        due: &[Arc<OutboxEntry>],
        results: &[Result<Outcome, BackendError>],
    ) {
        let decided = |result: &Result<Outcome, BackendError>| match result {
            Ok(_) => true,
            Err(error) => is_final(error),
        };
        if results.iter().any(decided) {
            self.record_reachability(&Ok(()));
        } else if due.iter().any(|entry| entry.attempts == 0)
            && let Some(failed) =
                results.iter().find(|result| matches!(result, Err(BackendError::Unreachable(_))))
        {
            self.record_reachability(failed);
        }
    }

    /// A command was carried out. What it led to is kept before it counts as sent, so that nothing
    /// is shown as if it had not happened.
    async fn record_outcome(
        &self,
        entry: &OutboxEntry,
        outcome: &Outcome,
    ) -> Result<(), BackendError> {
        let now = Utc::now();
        if let Some(row) = &outcome.row {
            self.cache.put_rows(std::slice::from_ref(row), now).await;
        }
        if let (Some(declared), Some(is_now)) = (entry.declares(), outcome.incident) {
            if is_now != declared {
                self.outbox.redirect(declared, is_now).await?;
            }
            if let Some(row) = &outcome.row {
                self.outbox.set_label(declared, &row.label()).await?;
            }
        }
        self.outbox.mark_sent(entry.id, outcome, now).await
    }
}

/// Looks at the outbox whenever it was written to, by whichever process.
pub(super) async fn follow_outbox(shared: Arc<Shared>) {
    let mut signal = shared.watcher.listen();
    let mut known = None;
    loop {
        signal.mark_seen();
        match shared.outbox.revision().await {
            Ok(revision) if known == Some(revision) => {}
            Ok(revision) => {
                known = Some(revision);
                match shared.refresh_outbox().await {
                    Ok(()) => shared.wake_sender.notify_one(),
                    Err(error) => tracing::warn!(%error, "looking at the outbox"),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "looking at the outbox");
                sleep(OUTBOX_RETRY_AFTER).await;
            }
        }
        signal.wait(Instant::now() + Duration::from_hours(1)).await;
    }
}
