//! Ends the alerts that were not reported again in time.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
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

/// After a start, an alert that was last reported before it is not ended for this long: its sender may have
/// repeated it in vain. Prometheus repeats about every minute.
const LISTENS: TimeDelta = TimeDelta::minutes(5);

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
        if !self.engine.receives_alerts {
            return pending().await;
        }
        let clock = &self.engine.clock;
        let mut backoff = Backoff::default();
        // Since when reports have not been lost, as far as is known here.
        let mut receives_since = clock.now();
        loop {
            let now = clock.now();
            let has_listened = now >= receives_since + LISTENS;
            let since = if has_listened { DateTime::<Utc>::MIN_UTC } else { receives_since };
            let wait = match self.engine.ledger.expire_alerts(now, since).await {
                Ok(expired) => {
                    backoff.reset();
                    if expired.count > 0 {
                        tracing::info!(count = expired.count, "alerts were not reported again");
                    }
                    let listened = (!has_listened).then_some(receives_since + LISTENS);
                    wait_until(expired.next.into_iter().chain(listened).min(), clock.now())
                }
                Err(error) => {
                    let wait = backoff.wait_after(&error, "the end of alerts");
                    clock.sleep(wait).await;
                    // What can't be written here can't be stored from a message either.
                    receives_since = clock.now();
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

/// Returns how long to wait for the next alert that ends.
fn wait_until(next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    let Some(next) = next else { return IDLE_WAIT };
    let wait = next.signed_duration_since(now).to_std();
    // A wait that is cut to milliseconds would be too short.
    wait.map_or(MIN_WAIT, |wait| (wait + Duration::from_millis(1)).clamp(MIN_WAIT, MAX_WAIT))
}

#[cfg(test)]
mod tests {
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
