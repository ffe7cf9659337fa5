//! Declares incidents for error budgets that are used too fast.

use std::convert::Infallible;
use std::time::Duration;

use super::backoff::Backoff;
use super::parts::Parts;
use super::timed::wait_until;

/// The shortest wait. While no budget exists, the settings may add one.
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
                    wait_until(settled.next, clock.now(), MIN_WAIT)
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
