//! Declares incidents for error budgets that are used too fast.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::backoff::Backoff;
use super::parts::Parts;

/// The longest wait while budgets are watched.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The longest wait while none is: the settings may come to have one.
const IDLE_WAIT: Duration = Duration::from_mins(10);
/// The shortest wait.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// Watches the error budgets of a store.
pub(super) struct Budgets<'a> {
    engine: &'a Parts,
}

impl<'a> Budgets<'a> {
    pub(super) fn new(engine: &'a Parts) -> Self {
        Self { engine }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(self) -> Infallible {
        let clock = &self.engine.clock;
        let mut settings = self.engine.settings.subscribe();
        let mut backoff = Backoff::default();
        loop {
            settings.borrow_and_update();
            let wait = match self.engine.ledger.settle_budgets(clock.now()).await {
                Ok(settled) => {
                    backoff.reset();
                    wait_until(settled.next, clock.now())
                }
                Err(error) => backoff.wait_after(&error, "the watch over error budgets"),
            };
            tokio::select! {
                () = clock.sleep(wait) => {}
                // The rules of the store change together with these.
                Ok(()) = settings.changed() => {}
            }
        }
    }
}

/// Returns how long to wait until budgets are looked at again.
fn wait_until(next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    let Some(next) = next else { return IDLE_WAIT };
    let wait = next.signed_duration_since(now).to_std();
    wait.map_or(MIN_WAIT, |wait| wait.clamp(MIN_WAIT, MAX_WAIT))
}
