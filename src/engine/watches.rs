//! Watches other servers: a server that does not answer for a while is an incident, which ends when
//! it answers.

use std::convert::Infallible;
use std::future::pending;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::backoff::Backoff;
use super::parts::{Parts, settings_changed};
use super::self_test::wait_until;
use super::settings::EngineSettings;
use crate::backend::{BackendError, TestClaim};
use crate::model::Actor;
use crate::model::signals::{TestChange, TestRecord, WatchRule};

/// The name of the integration that declares incidents.
const ACTOR: &str = "watch";

/// Checks whether the servers of the settings are ready.
pub(super) struct Watches<'a> {
    engine: &'a Parts,
}

impl<'a> Watches<'a> {
    pub(super) fn new(engine: &'a Parts) -> Self {
        Self { engine }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(self) -> Infallible {
        // Panes start and stop, and would watch from anywhere.
        if !self.engine.receives_alerts {
            return pending().await;
        }
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let current = settings.borrow_and_update().clone();
            // A server that does not answer must not delay the others.
            let turns = current.signals.watches.iter().map(|rule| self.turn(rule, &current));
            let mut next: Option<DateTime<Utc>> = None;
            let mut failure = None;
            for turn in join_all(turns).await {
                match turn {
                    Ok(at) => next = Some(next.map_or(at, |next| next.min(at))),
                    Err(error) => failure = Some(error),
                }
            }
            let wait = match (failure, next) {
                (Some(error), _) => backoff.wait_after(&error, "the watch over other servers"),
                (None, Some(next)) => {
                    backoff.reset();
                    wait_until(next, self.engine.clock.now())
                }
                (None, None) => {
                    settings_changed(&mut settings).await;
                    continue;
                }
            };
            tokio::select! {
                () = self.engine.clock.sleep(wait) => {}
                _ = settings.changed() => {}
            }
        }
    }

    /// Checks a server if this program has the turn. Returns when the next one is due.
    async fn turn(
        &self,
        rule: &WatchRule,
        settings: &EngineSettings,
    ) -> Result<DateTime<Utc>, BackendError> {
        let Parts { backend, ledger, clock, .. } = self.engine;
        let seconds = |seconds| TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::minutes(1));
        let (every, grace) = (seconds(rule.every_s), seconds(rule.grace_s));
        let now = clock.now();
        let name = rule.record_name();
        let turn = ledger.claim_test(&TestClaim { name: name.clone(), every, now }).await?;
        if !turn.is_claimed {
            return Ok(turn.next);
        }
        let mut record = turn.record.unwrap_or_else(|| TestRecord::new(name, now));
        record.began_at = now;
        let result = settings.sender.probe(&rule.url).await.map_err(|error| error.to_string());
        let now = clock.now();
        let error = result.clone().err();
        if let Some(change) = record.note(result, (every, grace), now) {
            let is_failure = change == TestChange::Fails;
            if is_failure {
                tracing::warn!(name = rule.name, "a server that is watched does not answer");
            }
            let error = error.filter(|_| is_failure);
            let alert = rule.alert(error.as_deref(), now, &settings.signals.matrix);
            let actor = Actor::Integration(ACTOR.to_owned());
            if let Err(error) = backend.ingest(&alert, &actor).await {
                // The next turn tries it again.
                record.is_declared = !is_failure;
                tracing::error!(%error, "the silence of a server can't be declared");
            }
        }
        ledger.record_test(&record).await?;
        Ok(turn.next)
    }
}
