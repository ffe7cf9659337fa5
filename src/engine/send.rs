//! Sends one claimed notification and records the outcome.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;

use super::backoff::Backoff;
use super::clock::Clock;
use super::links::{Topic, add_links};
use super::message::{event_of, message_for};
use super::parts::stopped;
use super::settings::EngineSettings;
use crate::backend::{Backend, Claim, Ledger};
use crate::model::notification::AttemptOutcome;
use crate::model::notification::decision::AttemptResult;
use crate::model::text::sanitize;
use crate::outbound::{Receipt, SendError};

/// The longest time that one attempt may take. Channels have shorter limits of their own; that of a
/// command may be set to ten minutes.
const SEND_LIMIT: Duration = Duration::from_mins(11);
/// How long an attempt may continue after the engine was stopped.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// A claim, with all that is needed to send it.
pub(super) struct SendTask {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: EngineSettings,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) claim: Claim,
}

impl SendTask {
    /// Sends the message once, and records the outcome as often as the store needs.
    pub(super) async fn run(self) {
        let stop = async {
            stopped(self.stopping.clone()).await;
            self.clock.sleep(STOP_LIMIT).await;
        };
        let result = tokio::select! {
            biased;
            attempt = AssertUnwindSafe(self.attempt()).catch_unwind() => {
                let failed = "the channel has failed within the program";
                attempt.unwrap_or_else(|_| self.result(AttemptOutcome::Interrupted, failed))
            }
            () = self.clock.sleep(SEND_LIMIT) => {
                self.result(AttemptOutcome::Uncertain, "it did not end within 11 min")
            }
            () = stop => {
                self.result(AttemptOutcome::Interrupted, "the program that sent it was stopped")
            }
        };
        self.record(&result).await;
    }

    async fn attempt(&self) -> AttemptResult {
        let notification = &self.claim.notification;
        let person = self.settings.contacts.of_person(&notification.person.handle);
        let contact = person.and_then(|person| person.contact(&notification.contact));
        let Some(contact) = contact.filter(|contact| contact.channel == notification.channel)
        else {
            // Another program may have it, or it is being changed.
            let reason = format!(
                "the settings of the program have no contact {} of {} over {}",
                sanitize(&notification.contact),
                sanitize(&notification.person.handle),
                sanitize(&notification.channel)
            );
            return self.result(AttemptOutcome::Temporary, reason);
        };
        let event = event_of(&self.claim, &*self.backend).await;
        let mut message = message_for(&self.claim, event.as_ref(), &*self.backend).await;
        let (answers, now) = (&self.settings.answers, self.clock.now());
        let topic = Topic::read(&self.claim, event.as_ref(), &*self.backend, now).await;
        add_links(&mut message, (&self.claim, topic), answers, &*self.ledger, now).await;
        let sender = &self.settings.sender;
        match sender.send(&notification.channel, &contact.address, &message).await {
            Ok(Receipt { provider_id, answer }) => {
                AttemptResult { provider_id, ..self.result(AttemptOutcome::Accepted, answer) }
            }
            Err(SendError::Temporary { reason, retry_after }) => {
                AttemptResult { retry_after, ..self.result(AttemptOutcome::Temporary, reason) }
            }
            Err(SendError::Permanent { reason }) => self.result(AttemptOutcome::Permanent, reason),
            Err(SendError::Uncertain { reason }) => self.result(AttemptOutcome::Uncertain, reason),
        }
    }

    fn result(&self, outcome: AttemptOutcome, answer: impl Into<String>) -> AttemptResult {
        AttemptResult {
            ended_at: self.clock.now(),
            outcome,
            provider_id: None,
            answer: answer.into(),
            retry_after: None,
        }
    }

    /// Records the result, again and again until the store has it.
    async fn record(&self, result: &AttemptResult) {
        let mut backoff = Backoff::default();
        loop {
            match self.ledger.finish(&self.claim, result).await {
                Ok(true) => return,
                Ok(false) => {
                    let id = self.claim.notification.id;
                    tracing::warn!(%id, "the outcome of an attempt counts no more");
                    return;
                }
                Err(error) => {
                    let wait = backoff.wait_after(&error, "the outcome of an attempt");
                    self.clock.sleep(wait).await;
                }
            }
        }
    }
}
