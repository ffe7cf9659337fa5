//! Ends the alerts that were not reported again in time.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::backoff::Backoff;
use super::parts::Parts;

/// The longest wait for an alert that ends later: a machine that was suspended is noticed after that
/// time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The longest wait if no alert ends by itself. Changes of the store end it.
const IDLE_WAIT: Duration = Duration::from_mins(10);
/// The shortest wait, for alerts that are due and can't be ended yet, and between changes: there may be
/// many of them in a storm.
const MIN_WAIT: Duration = Duration::from_millis(200);

/// Ends the alerts of a store whose time has passed.
pub(super) struct Expiry<'a> {
    engine: &'a Parts,
    /// Woken by every change of the store.
    changes: &'a Notify,
}

impl<'a> Expiry<'a> {
    pub(super) fn new(engine: &'a Parts, changes: &'a Notify) -> Self {
        Self { engine, changes }
    }

    /// Runs until it is dropped. What it has not ended by then, another engine does.
    pub(super) async fn run(self) -> Infallible {
        let mut backoff = Backoff::default();
        loop {
            let now = self.engine.clock.now();
            let wait = match self.engine.ledger.expire_alerts(now).await {
                Ok(expired) => {
                    backoff.reset();
                    if expired.count > 0 {
                        tracing::info!(count = expired.count, "alerts were not reported again");
                    }
                    wait_until(expired.next, self.engine.clock.now())
                }
                Err(error) => {
                    let wait = backoff.wait_after(&error, "the end of alerts");
                    self.engine.clock.sleep(wait).await;
                    continue;
                }
            };
            tokio::select! {
                () = self.engine.clock.sleep(wait) => {}
                () = self.changes.notified() => self.engine.clock.sleep(MIN_WAIT).await,
            }
        }
    }
}

/// Returns how long to wait for the next alert that ends.
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
    #[case(0, MIN_WAIT)]
    #[case(2_000, Duration::from_millis(2_001))]
    #[case(3_600_000, MAX_WAIT)]
    fn next_end_bounds_the_wait(#[case] in_ms: i64, #[case] expected: Duration) {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(wait_until(Some(now + TimeDelta::milliseconds(in_ms)), now), expected);
        assert_eq!(wait_until(None, now), IDLE_WAIT);
    }
}
