//! Claims notifications that are due and sends each in a task of its own, so that a channel that
//! hangs delays no other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};

use super::backoff::Backoff;
use super::parts::{Parts, stopped};
use super::plan::plan_all;
use super::send::SendTask;
use super::settings::EngineSettings;
use crate::backend::{BackendError, Claim, ClaimRequest, Claimed};

/// The longest wait for later work: it bounds the delay after which the suspension of a machine is
/// detected.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The longest wait if nothing is due. Changes of the store end it.
const IDLE_WAIT: Duration = Duration::from_mins(10);
/// The shortest wait, for due work that can't be claimed.
const MIN_WAIT: Duration = Duration::from_millis(100);
/// How often the claims of other processes are examined while there are any.
const EXAMINE_EVERY: TimeDelta = TimeDelta::seconds(2);
/// How long the outcomes of messages that are being sent may be recorded after the engine stops.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Sends the notifications of a store over the channels of the settings.
pub(super) struct Delivery<'a> {
    engine: &'a Parts,
    changes: &'a Notify,
    stopping: watch::Receiver<bool>,
    sends: JoinSet<()>,
    /// The channel of each task.
    channels: HashMap<Id, String>,
    /// When claims of processes that have ended are released next; `None` while no other process
    /// has any.
    release_at: Option<DateTime<Utc>>,
}

/// When the ledger must be read again, according to its answers.
#[derive(Default)]
struct Outlook {
    next: Option<DateTime<Utc>>,
    others_claim: bool,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(
        engine: &'a Parts,
        changes: &'a Notify,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let (sends, channels) = (JoinSet::new(), HashMap::new());
        Self { engine, changes, stopping, sends, channels, release_at: Some(engine.clock.now()) }
    }

    /// Runs until the engine stops. It stops only between two operations on the ledger, so that
    /// nothing is claimed and then forgotten.
    pub(super) async fn run(mut self) {
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        while !*self.stopping.borrow() {
            let current = settings.borrow_and_update().clone();
            let (wait, failed) = match self.turn(&current).await {
                Ok(wait) => {
                    backoff.reset();
                    (wait, false)
                }
                Err(error) => (backoff.wait_after(&error, "the delivery"), true),
            };
            tokio::select! {
                () = self.engine.clock.sleep(wait) => {}
                () = self.changes.notified(), if !failed => {}
                Some(ended) = self.sends.join_next_with_id() => self.note_end(ended),
                _ = settings.changed() => {}
                () = stopped(self.stopping.clone()) => {}
            }
        }
        self.drain().await;
    }

    /// Plans, releases and claims. Returns how long nothing has to be done.
    async fn turn(&mut self, settings: &EngineSettings) -> Result<Duration, BackendError> {
        let channels = settings.sender.channels();
        if channels.is_empty() {
            return Ok(IDLE_WAIT);
        }
        let settings = &self.engine.with_stored(settings).await?;
        if let Err(error) = plan_all(self.engine, settings).await {
            if error.is_temporary() {
                return Err(error);
            }
            // Notifications that are planned already are sent nevertheless.
            tracing::error!(%error, "notifications can't be planned");
        }
        let now = self.engine.clock.now();
        // A time that is further ahead is from before the clock was set back.
        if self.release_at.is_some_and(|at| at <= now || at > now + EXAMINE_EVERY) {
            let count = self.engine.ledger.release_dead(now).await?;
            if count > 0 {
                tracing::info!(count, "released claims of programs that have ended");
            }
            self.release_at = None;
        }
        let mut outlook = Outlook::default();
        for channel in channels {
            let busy: Vec<&str> = self.channels.values().map(String::as_str).collect();
            let limit = self.engine.decisions.claim_limit(&channel, &busy);
            // The end of a task wakes this loop.
            if limit > 0 {
                self.claim(channel, limit, settings, &mut outlook).await?;
            }
        }
        if outlook.others_claim {
            self.release_at.get_or_insert(now + EXAMINE_EVERY);
        }
        Ok(self.wait(&outlook))
    }

    async fn claim(
        &mut self,
        channel: String,
        limit: u32,
        settings: &EngineSettings,
        outlook: &mut Outlook,
    ) -> Result<(), BackendError> {
        let now = self.engine.clock.now();
        let request = ClaimRequest { now, channels: vec![channel], limit };
        let Claimed { claims, next, others_claim } = self.engine.ledger.claim(&request).await?;
        outlook.others_claim |= others_claim;
        // At the maximum number of tasks, due notifications wait for the end of one.
        if claims.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            outlook.next = outlook.next.into_iter().chain(next).min();
        }
        for claim in claims {
            self.start(claim, settings);
        }
        Ok(())
    }

    fn start(&mut self, claim: Claim, settings: &EngineSettings) {
        let channel = claim.notification.channel.clone();
        let send = SendTask {
            backend: Arc::clone(&self.engine.backend),
            ledger: Arc::clone(&self.engine.ledger),
            clock: Arc::clone(&self.engine.clock),
            settings: settings.clone(),
            stopping: self.stopping.clone(),
            claim,
        };
        let task = self.sends.spawn(send.run());
        self.channels.insert(task.id(), channel);
    }

    fn note_end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "an attempt to send has failed within the program");
                error.id()
            }
        };
        self.channels.remove(&id);
    }

    fn wait(&self, outlook: &Outlook) -> Duration {
        let now = self.engine.clock.now();
        let until = |at: DateTime<Utc>| {
            let wait = at.signed_duration_since(now).to_std();
            wait.map_or(MIN_WAIT, |wait| wait + Duration::from_millis(1))
        };
        let times = outlook.next.into_iter().chain(self.release_at);
        times.map(until).min().map_or(IDLE_WAIT, |wait| wait.min(MAX_WAIT))
    }

    /// Waits for the messages that are being sent, but not long.
    async fn drain(&mut self) {
        let all = async { while self.sends.join_next().await.is_some() {} };
        tokio::select! {
            () = all => {}
            () = self.engine.clock.sleep(DRAIN_LIMIT) => {
                tracing::warn!("the outcomes of messages are not recorded: they may arrive twice");
            }
        }
        self.sends.shutdown().await;
    }
}
