//! Resolves incidents whose alerts were resolved for as long as the settings ask.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::backoff::Backoff;
use super::parts::Parts;

/// The longest wait for an incident that is due later: a machine that was suspended is noticed after that
/// time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The longest wait if none waits. Changes of the store end it.
const IDLE_WAIT: Duration = Duration::from_mins(10);
/// The shortest wait, also between changes: there may be many of them in a storm.
const MIN_WAIT: Duration = Duration::from_millis(500);

/// Follows the incidents of a store that wait until they were stable for long enough.
///
/// Only a program that receives alerts does this: elsewhere nobody knows whether one has fired again. What
/// happened while the machine was suspended, or while the store failed, is not known either.
pub(super) struct Soaks<'a> {
    engine: &'a Parts,
    /// Woken by every change of the store.
    changes: &'a Notify,
}

impl<'a> Soaks<'a> {
    pub(super) fn new(engine: &'a Parts, changes: &'a Notify) -> Self {
        Self { engine, changes }
    }

    /// Runs until it is dropped. What it has not resolved by then, another engine does.
    pub(super) async fn run(self) -> Infallible {
        if !self.engine.receives_alerts {
            return pending().await;
        }
        let clock = &self.engine.clock;
        let mut backoff = Backoff::default();
        let mut receives_since = clock.now();
        loop {
            let now = clock.now();
            let wait = match self.engine.ledger.settle_soaks(now, receives_since).await {
                Ok(settled) => {
                    backoff.reset();
                    if settled.count > 0 {
                        tracing::info!(
                            count = settled.count,
                            "incidents were stable and are resolved"
                        );
                    }
                    wait_until(settled.next, clock.now())
                }
                Err(error) => {
                    let wait = backoff.wait_after(&error, "the end of stable incidents");
                    clock.sleep(wait).await;
                    if error.is_temporary() {
                        receives_since = clock.now();
                    }
                    continue;
                }
            };
            tokio::select! {
                () = clock.sleep(wait) => {}
                () = self.changes.notified() => clock.sleep(MIN_WAIT).await,
            }
            // The machine was suspended, or its clock was set.
            let passed = (clock.now() - now).to_std().unwrap_or(Duration::MAX);
            if passed > wait + MAX_WAIT {
                receives_since = clock.now();
            }
        }
    }
}

/// Returns how long to wait for the next incident that is due.
fn wait_until(next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    let Some(next) = next else { return IDLE_WAIT };
    let wait = next.signed_duration_since(now).to_std();
    // A wait that is cut to milliseconds would be too short.
    wait.map_or(MIN_WAIT, |wait| (wait + Duration::from_millis(1)).clamp(MIN_WAIT, MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(-5_000, MIN_WAIT)]
    #[case(2_000, Duration::from_millis(2_001))]
    #[case(3_600_000, MAX_WAIT)]
    fn next_end_bounds_the_wait(#[case] in_ms: i64, #[case] expected: Duration) {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(wait_until(Some(now + TimeDelta::milliseconds(in_ms)), now), expected);
        assert_eq!(wait_until(None, now), IDLE_WAIT);
    }
}
