//! What is sent, and when; and what other processes have sent.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, sleep};

use super::Shared;
use super::entry::{Entry, Listing};
use super::identity::Asker;
use super::lock::{self, Turn};
use super::outbox::Tried;
use crate::api::command::MAX_COMMANDS;
use crate::backend::{BackendError, Outcome};
use crate::model::Envelope;
use crate::sync::pace::backoff;

/// So many commands in a row that fail alone, and it is not because of them.
const CLOSED: usize = 2;
/// After a failure of the outbox itself it is looked at again.
const AGAIN: Duration = Duration::from_secs(5);
/// Where all is held by a doubt whose the token is, that is asked again after this.
const IN_DOUBT: TimeDelta = TimeDelta::seconds(30);
/// The longest time a remote may ask not to be asked again.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// Sends for as long as it lives, whenever something is due and it is the turn of this process.
pub(super) async fn send(shared: Arc<Shared>) {
    let mut reached = shared.reached.subscribe();
    let mut answered = false;
    let mut patience = shared.turn_patience;
    let mut tokens = shared.asker.tokens();
    loop {
        let wait = match shared.pass(&mut patience).await {
            Ok(Pass::Again) => {
                answered = true;
                continue;
            }
            Ok(Pass::Idle(until)) => until.map(|at| (at - Utc::now()).to_std().unwrap_or_default()),
            Err(error) => {
                tracing::warn!(%error, "sending");
                Some(AGAIN)
            }
        };
        if std::mem::take(&mut answered)
            && let Err(error) = shared.outbox.prune().await
        {
            tracing::warn!(%error, "forgetting what was sent long ago");
        }
        tokio::select! {
            () = shared.nudge.notified() => {}
            () = Asker::changed(&mut tokens) => {}
            () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            Ok(()) = reached.changed() => {
                // The way is open again: nobody waits for the next try.
                if let Err(error) = shared.outbox.hurry(Utc::now()).await {
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
        let listing = self.listing.borrow();
        !listing.due(Utc::now(), 1).is_empty() || self.is_in_doubt(&listing)
    }

    /// Whether it has to be known whose the token is, and is not.
    fn is_in_doubt(&self, listing: &Listing) -> bool {
        let now = Utc::now();
        let is_due = |entry: &Arc<Entry>| entry.next_at.is_none_or(|at| at <= now);
        !self.asker.is_sure()
            && listing.pending().any(|entry| entry.person.is_some() && is_due(entry))
    }

    /// The turn to send. Whoever has it may have been stopped in the middle of a request: after a
    /// while it is not waited for any more. Both may send the same then, and what has an id happens
    /// once.
    async fn turn(&self, patience: &mut Duration) -> Option<Turn> {
        match lock::take(&self.turn, *patience, || self.has_work()).await {
            Ok(None) if self.has_work() => {
                if !patience.is_zero() {
                    tracing::warn!("another process has the turn to send and does not: going on");
                }
                *patience = Duration::ZERO;
                None
            }
            Ok(turn) => {
                *patience = self.turn_patience;
                turn
            }
            Err(error) => {
                tracing::warn!(%error, "no turn to send");
                None
            }
        }
    }

    /// Sends what is due, all at once, and writes down what became of each.
    async fn pass(&self, patience: &mut Duration) -> Result<Pass, BackendError> {
        self.look().await?;
        if !self.has_work() {
            return Ok(Pass::Idle(self.listing.borrow().next_try()));
        }
        let _turn = self.turn(patience).await;
        // Whoever had it before may have sent the same.
        let mut listing = self.listed().await?;
        let mut unsure = None;
        if self.is_in_doubt(&listing) {
            unsure = self.make_sure().await.err();
            if unsure.is_none() && !self.asker.is_sure() {
                // The token was changed in that moment.
                return Ok(Pass::Again);
            }
            listing = self.listed().await?;
        }
        let due = listing.due(Utc::now(), MAX_COMMANDS);
        let envelopes: Vec<_> = due.iter().filter_map(|entry| entry.envelope.clone()).collect();
        let results = match (&envelopes[..], unsure) {
            ([], None) => return Ok(Pass::Idle(listing.next_try())),
            ([], Some(_)) => return Ok(Pass::Idle(Some(Utc::now() + IN_DOUBT))),
            (all, Some(error)) => vec![Err(error); all.len()],
            (all, None) => {
                let results = self.deliver(all).await;
                self.heard_of(&due, &results);
                results
            }
        };
        let mut tried = Vec::new();
        let mut answered = false;
        for (entry, result) in due.iter().zip(results) {
            match result {
                Ok(outcome) => {
                    self.carried_out(entry, &outcome).await?;
                    answered = true;
                }
                Err(error) if is_final(&error) => {
                    self.outbox.refused(entry, &error, Utc::now()).await?;
                    answered = true;
                }
                Err(error) => {
                    let now = Utc::now();
                    let not_before = match &error {
                        BackendError::Limited { until } => Some((*until).clamp(now, now + LONGEST)),
                        _ => None,
                    };
                    // All that is limited at once does not come back at once.
                    let wait = TimeDelta::from_std(backoff(entry.tries)).unwrap_or_default();
                    tried.push(Tried {
                        id: entry.id,
                        said: error.to_string(),
                        next_at: not_before.unwrap_or(now) + wait,
                        not_before,
                    });
                }
            }
        }
        if !tried.is_empty() {
            self.outbox.tried(&tried).await?;
        }
        self.look().await?;
        let next = self.listing.borrow().next_try();
        Ok(if answered { Pass::Again } else { Pass::Idle(next) })
    }

    /// Sends commands together. Where they fail as a whole one of them may be the reason, and each is
    /// sent alone; unless it is the way that is closed.
    async fn deliver(&self, all: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        if let [one] = all {
            return vec![self.far.execute(one).await];
        }
        let mut results = self.far.execute_all(all).await;
        let has_failed = |result: &Result<Outcome, BackendError>| {
            matches!(result, Err(BackendError::Unreachable(_) | BackendError::Broken(_)))
        };
        if !results.iter().all(has_failed) {
            return results;
        }
        let mut in_a_row = 0;
        for (envelope, result) in all.iter().zip(&mut results) {
            *result = self.far.execute(envelope).await;
            in_a_row = if has_failed(result) { in_a_row + 1 } else { 0 };
            if in_a_row == CLOSED || matches!(result, Err(BackendError::Limited { .. })) {
                break;
            }
        }
        results
    }

    /// What commands tell about the way to the remote. One that fails again and again tells nothing:
    /// that something else reaches the remote must not be what it is sent again for.
    fn heard_of(&self, due: &[Arc<Entry>], results: &[Result<Outcome, BackendError>]) {
        let decided = |result: &Result<Outcome, BackendError>| match result {
            Ok(_) => true,
            Err(error) => is_final(error),
        };
        if results.iter().any(decided) {
            self.heard(&Ok(()));
        } else if due.iter().any(|entry| entry.tries == 0)
            && let Some(failed) =
                results.iter().find(|result| matches!(result, Err(BackendError::Unreachable(_))))
        {
            self.heard(failed);
        }
    }

    /// A command was carried out. What it led to is kept before it counts as sent, so that nothing
    /// is shown as if it had not happened.
    async fn carried_out(&self, entry: &Entry, outcome: &Outcome) -> Result<(), BackendError> {
        let now = Utc::now();
        if let Some(row) = &outcome.row {
            self.cache.learn(std::slice::from_ref(row), now).await;
        }
        if let (Some(declared), Some(is_now)) = (entry.declares(), outcome.incident) {
            if is_now != declared {
                self.outbox.retarget(declared, is_now).await?;
            }
            if let Some(row) = &outcome.row {
                self.outbox.name(declared, &row.label()).await?;
            }
        }
        self.outbox.sent(entry.id, outcome, now).await
    }
}

/// Looks at the outbox whenever it was written to, by whichever process.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut signal = shared.bell.listen();
    let mut known = None;
    loop {
        signal.mark_seen();
        match shared.outbox.revision().await {
            Ok(revision) if known == Some(revision) => {}
            Ok(revision) => {
                known = Some(revision);
                match shared.look().await {
                    Ok(()) => shared.nudge.notify_one(),
                    Err(error) => tracing::warn!(%error, "looking at the outbox"),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "looking at the outbox");
                sleep(AGAIN).await;
            }
        }
        signal.wait(Instant::now() + Duration::from_hours(1)).await;
    }
}
