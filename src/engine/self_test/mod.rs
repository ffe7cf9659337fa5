//! Periodic self-tests: one program among all that share a store checks whether a person would be
//! reached, and declares an incident if not.

mod chain;
mod stand_in;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub use chain::{SelfTestOptions, SelfTestStep, run_self_test};
use chain::{envelope, integration, reclassify};
use stand_in::WithTestChannel;

use super::backoff::Backoff;
use super::parts::{Parts, settings_changed};
use super::settings::EngineSettings;
use crate::backend::{BackendError, Search, TestClaim};
use crate::model::queue::Sort;
use crate::model::signals::self_test::{
    SELF_TEST, SelfTestRule, TestChange, TestRecord, add_test_contact, test_levels, test_person,
};

/// The longest wait: a machine that was suspended is noticed after that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The shortest wait.
const MIN_WAIT: Duration = Duration::from_millis(200);
/// The minimum age of a test's incident that its program has abandoned.
const ABANDONED_AFTER: TimeDelta = TimeDelta::hours(2);

/// Adds the recipient and the channel of the self-test to the settings.
pub(super) fn extended(mut settings: EngineSettings) -> EngineSettings {
    if settings.signals.self_test.is_some() {
        let mut contacts = (*settings.contacts).clone();
        add_test_contact(&mut contacts);
        settings.contacts = Arc::new(contacts);
        settings.sender = Arc::new(WithTestChannel(settings.sender));
    }
    settings
}

/// Tests the chain from an alert to an acknowledgement when that is due.
pub(super) struct SelfTests<'a> {
    engine: &'a Parts,
}

impl<'a> SelfTests<'a> {
    pub(super) fn new(engine: &'a Parts) -> Self {
        Self { engine }
    }

    /// Runs until it is dropped. A test in progress is then tried again when the next one is due.
    pub(super) async fn run(self) -> Infallible {
        // A program that only views the store can't confirm that its servers reach somebody.
        if !self.engine.receives_alerts {
            return pending().await;
        }
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let current = settings.borrow_and_update().clone();
            let Some(rule) = &current.signals.self_test else {
                settings_changed(&mut settings).await;
                continue;
            };
            let wait = match self.turn(rule, &current).await {
                Ok(next) => {
                    backoff.reset();
                    wait_until(next, self.engine.clock.now())
                }
                Err(error) => backoff.wait_after(&error, "the self-test"),
            };
            tokio::select! {
                () = self.engine.clock.sleep(wait) => {}
                _ = settings.changed() => {}
            }
        }
    }

    /// Tests if this program has the turn. Returns when the next one is due.
    async fn turn(
        &self,
        rule: &SelfTestRule,
        settings: &EngineSettings,
    ) -> Result<DateTime<Utc>, BackendError> {
        let Parts { backend, ledger, clock, .. } = self.engine;
        let every = TimeDelta::try_seconds(rule.every_s).unwrap_or(TimeDelta::days(1));
        let now = clock.now();
        let turn = ledger.claim_test(&TestClaim { name: SELF_TEST.to_owned(), every, now }).await?;
        if !turn.is_claimed {
            return Ok(turn.next);
        }
        let mut record = turn.record.unwrap_or_else(|| TestRecord::new(SELF_TEST, now));
        record.began_at = now;
        self.end_abandoned(now).await?;
        let matrix = &settings.signals.matrix;
        let options = SelfTestOptions {
            key: format!("{SELF_TEST}:{}", Uuid::now_v7()),
            service: None,
            team: Some(SELF_TEST.to_owned()),
            levels: test_levels(matrix),
            call: None,
            acknowledges: test_person(),
            within: Duration::from_secs(rule.within_s.unsigned_abs()),
        };
        let mut report = |step: &SelfTestStep| {
            tracing::debug!(step.name, step.is_done, step.text, "a step of the self-test");
        };
        let failed = run_self_test(&**backend, &**clock, options, &mut report).await;
        let result = match failed {
            Ok(None) => Ok(()),
            Ok(Some(step)) => Err(format!("{}: {}", step.name, step.text)),
            Err(error) => Err(format!("the store: {error}")),
        };
        if let Err(reason) = &result {
            tracing::error!(reason, "the self-test has failed: it may be that nobody is reached");
        }
        let now = clock.now();
        let error = result.clone().err();
        if let Some(change) = record.note(result, (every, TimeDelta::zero()), now) {
            let error = error.filter(|_| change == TestChange::Fails);
            let alert = rule.alert(error.as_deref(), now, matrix);
            if let Err(error) = backend.ingest(&alert, &integration()).await {
                // The next turn tries it again.
                record.is_declared = change == TestChange::Succeeds;
                tracing::error!(%error, "the result of the self-test can't be declared");
            }
        }
        ledger.record_test(&record).await?;
        Ok(turn.next)
    }

    /// Reclassifies the incidents of tests that were not ended, as their programs were killed.
    async fn end_abandoned(&self, now: DateTime<Utc>) -> Result<(), BackendError> {
        let Parts { backend, .. } = self.engine;
        let Ok(filter) = format!("is:open label:{SELF_TEST}").parse() else { return Ok(()) };
        let search = Search { filter, me: None, sort: Sort::Newest, limit: 20, after: None, now };
        for row in backend.search(&search).await?.rows {
            if now - row.reported_at > ABANDONED_AFTER {
                let command = envelope(row.id, reclassify(), integration(), now);
                if let Err(error) = backend.execute(&command).await {
                    tracing::debug!(%error, "an old self-test can't be ended");
                }
            }
        }
        Ok(())
    }
}

/// Returns how long to wait for a turn.
pub(super) fn wait_until(next: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    let wait = next.signed_duration_since(now).to_std();
    wait.map_or(MIN_WAIT, |wait| (wait + Duration::from_millis(1)).clamp(MIN_WAIT, MAX_WAIT))
}
