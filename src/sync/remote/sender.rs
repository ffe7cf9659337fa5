//! Sends the outbox, and follows the sending of other processes.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, sleep};

use super::Shared;
use super::entry::{MAX_RATE_LIMIT, OutboxEntry};
use super::identity::TokenIdentity;
use super::lock::{self, FileLock};
use super::outbox::FailedAttempt;
use super::outbox_snapshot::OutboxSnapshot;
use crate::api::command::MAX_COMMANDS;
use crate::backend::{BackendError, Outcome};
use crate::model::Envelope;
use crate::sync::pace::backoff;

/// After this many failures in a row of commands sent one by one, the cause is the connection and
/// not the commands.
const MAX_FAILURES_IN_A_ROW: usize = 2;
/// The wait after a failure of the outbox itself.
const OUTBOX_RETRY_AFTER: Duration = Duration::from_secs(5);
/// The wait before the token's identity is verified again, if nothing can be sent without it.
const VERIFY_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(30);

/// Sends commands until it is aborted, whenever one is due and no other process is sending.
pub(super) async fn run_sender(shared: Arc<Shared>) {
    let mut reconnects = shared.reconnects.subscribe();
    let mut has_answers = false;
    let mut lock_timeout = shared.lock_timeout;
    let mut token_changes = shared.identity.token_changes();
    loop {
        let wait = match shared.send_due(&mut lock_timeout).await {
            Ok(Pass::Again) => {
                has_answers = true;
                continue;
            }
            Ok(Pass::Idle(until)) => until.map(|at| (at - Utc::now()).to_std().unwrap_or_default()),
            Err(error) => {
                tracing::warn!(%error, "sending");
                Some(OUTBOX_RETRY_AFTER)
            }
        };
        if std::mem::take(&mut has_answers)
            && let Err(error) = shared.outbox.prune().await
        {
            tracing::warn!(%error, "forgetting what was sent long ago");
        }
        tokio::select! {
            () = shared.wake_sender.notified() => {}
            () = TokenIdentity::wait_for_token_change(&mut token_changes) => {}
            () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            Ok(()) = reconnects.changed() => {
                // The remote can be reached again: nothing waits for its next attempt.
                if let Err(error) = shared.outbox.reschedule(Utc::now()).await {
                    tracing::warn!(%error, "sending");
                }
            }
        }
    }
}

/// The result of a pass over the outbox.
enum Pass {
    /// A command was answered: there may be more to send.
    Again,
    /// Nothing is due before that time; `None` if no command waits for a time.
    Idle(Option<DateTime<Utc>>),
}

/// Returns whether the remote has decided about a command. An invalid response decides nothing: it
/// may come from a proxy or from another version, and the command may have been carried out.
fn is_final(error: &BackendError) -> bool {
    matches!(
        error,
        BackendError::Rejected(_)
            | BackendError::Conflict(_)
            | BackendError::NotFound(_)
            | BackendError::NotAllowed(_)
    )
}

/// Returns the failed attempt of a command about something that the store lacks since it was put
/// back.
fn missing_since_put_back(entry: &OutboxEntry) -> FailedAttempt {
    let wait = TimeDelta::from_std(backoff(entry.attempts)).unwrap_or_default();
    FailedAttempt {
        id: entry.id,
        error: "the server was put back and does not have what this is about: it is tried again, \
                as somebody may send that again"
            .into(),
        next_attempt_at: Utc::now() + wait,
        not_before: None,
    }
}

impl Shared {
    /// Returns whether the outbox, as it was last read, needs work.
    fn has_work(&self) -> bool {
        let snapshot = self.outbox_snapshot.borrow();
        self.identity.has_changed()
            || !snapshot.due(Utc::now(), 1).is_empty()
            || self.needs_verification(&snapshot)
    }

    /// Returns whether sending needs the identity of the token, and that is not verified.
    fn needs_verification(&self, snapshot: &OutboxSnapshot) -> bool {
        let now = Utc::now();
        let is_due = |entry: &Arc<OutboxEntry>| entry.next_attempt_at.is_none_or(|at| at <= now);
        // Entries of an earlier version have no token.
        let is_unclear = |entry: &Arc<OutboxEntry>| {
            entry.requester.is_some()
                || entry.origin.store.is_some()
                || (entry.origin.token.is_none() && snapshot.remote.token.is_some())
        };
        !self.identity.is_verified()
            && (self.identity.has_changed()
                || snapshot.pending().any(|entry| is_unclear(entry) && is_due(entry)))
    }

    /// Acquires the lock to send. Its holder may have been suspended in the middle of a request, so
    /// this process does not wait for it forever. Both may then send the same command, which is
    /// carried out only once because of its id.
    async fn acquire_send_lock(&self, lock_timeout: &mut Duration) -> Option<FileLock> {
        match lock::acquire(&self.lock_file, *lock_timeout, || self.has_work()).await {
            Ok(None) if self.has_work() => {
                if !lock_timeout.is_zero() {
                    tracing::warn!("another process has the turn to send and does not: going on");
                }
                *lock_timeout = Duration::ZERO;
                None
            }
            Ok(lock) => {
                *lock_timeout = self.lock_timeout;
                lock
            }
            Err(error) => {
                tracing::warn!(%error, "no turn to send");
                None
            }
        }
    }

    /// Sends all due commands in one request, and records their results.
    async fn send_due(&self, lock_timeout: &mut Duration) -> Result<Pass, BackendError> {
        self.refresh_outbox().await?;
        if !self.has_work() {
            return Ok(Pass::Idle(self.outbox_snapshot.borrow().next_attempt()));
        }
        let _lock = self.acquire_send_lock(lock_timeout).await;
        // The previous holder of the lock may have sent the same.
        let mut snapshot = self.read_outbox().await?;
        let mut verify_error = None;
        if self.needs_verification(&snapshot) {
            verify_error = self.verify().await.err();
            if verify_error.is_none() && !self.identity.is_verified() {
                // The token was changed during the verification.
                return Ok(Pass::Again);
            }
            snapshot = self.read_outbox().await?;
        }
        let mut due = snapshot.due(Utc::now(), MAX_COMMANDS);
        if verify_error.is_none() {
            match self.hold_redacted(&due).await {
                Ok(false) => {}
                Ok(true) => due = self.read_outbox().await?.due(Utc::now(), MAX_COMMANDS),
                Err(error) => verify_error = Some(error),
            }
        }
        if verify_error.is_none() {
            verify_error = self.measure_clock_for(&due).await.err();
        }
        if verify_error.is_none() && self.decide_clock_offsets(&due).await? {
            due = self.read_outbox().await?.due(Utc::now(), MAX_COMMANDS);
        }
        // Commands enqueued meanwhile are for the next pass.
        due.retain(|entry| entry.clock_offset.is_some() || verify_error.is_some());
        let envelopes: Vec<_> = due
            .iter()
            .filter_map(|entry| entry.corrected_envelope())
            .map(Cow::into_owned)
            .collect();
        let results = match (&envelopes[..], verify_error) {
            ([], None) => return Ok(Pass::Idle(snapshot.next_attempt())),
            ([], Some(_)) => return Ok(Pass::Idle(Some(Utc::now() + VERIFY_AGAIN_AFTER))),
            (all, Some(error)) => vec![Err(error); all.len()],
            (all, None) => {
                let results = self.deliver(all).await;
                self.record_batch_reachability(&due, &results);
                results
            }
        };
        let mut failed = Vec::new();
        let mut has_answers = false;
        for (entry, result) in due.iter().zip(results) {
            match result {
                Ok(outcome) => {
                    self.record_outcome(entry, &outcome).await?;
                    has_answers = true;
                }
                // The declaration that it refers to may be sent again by somebody else.
                Err(BackendError::NotFound(_))
                    if self.identity.has_changed() || snapshot.is_of_earlier_generation(entry) =>
                {
                    failed.push(missing_since_put_back(entry));
                }
                Err(error) if is_final(&error) && self.correct_refused(entry, &error).await? => {
                    has_answers = true;
                }
                Err(error) if is_final(&error) => {
                    self.outbox.mark_refused(entry, &error, Utc::now()).await?;
                    has_answers = true;
                }
                Err(error) => {
                    let now = Utc::now();
                    let not_before = match &error {
                        BackendError::Limited { until } => {
                            Some((*until).clamp(now, now + MAX_RATE_LIMIT))
                        }
                        _ => None,
                    };
                    // The jitter keeps commands that were limited together from coming back
                    // together.
                    let wait = TimeDelta::from_std(backoff(entry.attempts)).unwrap_or_default();
                    failed.push(FailedAttempt {
                        id: entry.id,
                        error: error.to_string(),
                        next_attempt_at: not_before.unwrap_or(now) + wait,
                        not_before,
                    });
                }
            }
        }
        if !failed.is_empty() {
            self.outbox.mark_attempted(&failed).await?;
        }
        self.refresh_outbox().await?;
        let next = self.outbox_snapshot.borrow().next_attempt();
        Ok(if has_answers { Pass::Again } else { Pass::Idle(next) })
    }

    /// Sends commands together. If all of them fail, one may be to blame, and each is sent alone,
    /// unless the connection turns out to be to blame.
    async fn deliver(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        if let [one] = envelopes {
            return vec![self.backend.execute(one).await];
        }
        let mut results = self.backend.execute_all(envelopes).await;
        let has_failed = |result: &Result<Outcome, BackendError>| {
            matches!(result, Err(BackendError::Unreachable(_) | BackendError::Broken(_)))
        };
        if !results.iter().all(has_failed) {
            return results;
        }
        let mut in_a_row = 0;
        for (envelope, result) in envelopes.iter().zip(&mut results) {
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

    /// Records from the results of commands whether the remote can be reached. A command that fails
    /// repeatedly shows nothing: otherwise the success of another request would make it due again.
    fn record_batch_reachability(
        &self,
        due: &[Arc<OutboxEntry>],
        results: &[Result<Outcome, BackendError>],
    ) {
        let is_decided = |result: &Result<Outcome, BackendError>| match result {
            Ok(_) => true,
            Err(error) => is_final(error),
        };
        if results.iter().any(is_decided) {
            self.record_reachability(&Ok(()));
        } else if due.iter().any(|entry| entry.attempts == 0)
            && let Some(failed) =
                results.iter().find(|result| matches!(result, Err(BackendError::Unreachable(_))))
        {
            self.record_reachability(failed);
        }
    }

    /// Records that a command was carried out. What it led to is cached before it counts as sent,
    /// so that nothing is shown as if it had not happened.
    async fn record_outcome(
        &self,
        entry: &OutboxEntry,
        outcome: &Outcome,
    ) -> Result<(), BackendError> {
        let now = Utc::now();
        if let Some(row) = &outcome.row {
            self.cache.put_rows(std::slice::from_ref(row), now).await;
        }
        if let (Some(declared), Some(counted_in)) = (entry.declares(), outcome.incident) {
            if counted_in != declared {
                self.outbox.redirect(declared, counted_in).await?;
            }
            if let Some(row) = &outcome.row {
                self.outbox.set_label(declared, &row.label()).await?;
            }
        }
        self.remember_mark().await;
        // Before it counts as sent, so that its waiter gets the result.
        self.remove_from_outbox(&outcome.events).await;
        self.outbox.mark_sent(entry.id, outcome, now).await
    }
}

/// Reads the outbox whenever any process has written it.
pub(super) async fn follow_outbox(shared: Arc<Shared>) {
    let mut listener = shared.watcher.listen();
    let mut known_revision = None;
    loop {
        listener.mark_seen();
        match shared.outbox.revision().await {
            Ok(revision) if known_revision == Some(revision) => {}
            Ok(revision) => {
                known_revision = Some(revision);
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
        listener.wait(Instant::now() + Duration::from_hours(1)).await;
    }
}
