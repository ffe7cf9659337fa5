//! Work that the store does at times that it determines: one loop for all parts of an engine that
//! trigger due work, and wait for the next due time.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::backoff::Backoff;
use super::parts::Parts;
use crate::backend::{BackendError, Ledger};

/// The longest wait for later work: it bounds the delay after which the suspension of a machine is
/// detected.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The longest wait if nothing is due. Changes of the store end it.
const IDLE_WAIT: Duration = Duration::from_mins(10);

/// When a part works.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// The time.
    pub(super) now: DateTime<Utc>,
    /// Since when alerts that arrive in this process were stored without a gap, as far as known:
    /// since the start, the last suspension or the last failure of the store.
    pub(super) receives_since: DateTime<Utc>,
}

/// Work of a part that is done by the store.
pub(super) trait TimedWork {
    /// The description of the work in the log while it waits for the store after an error.
    const PURPOSE: &'static str;
    /// The shortest wait, for due work that can't be done yet.
    const MIN_WAIT: Duration;
    /// The pause after a change of the store: there may be many of them in a storm.
    const PAUSE: Duration;
    /// Whether only a program that receives alerts does it. Others do not know which alerts have
    /// arrived.
    const NEEDS_ALERTS: bool;

    /// Does due work. Returns the next due time; `None` if there is none.
    async fn settle(
        &self,
        ledger: &dyn Ledger,
        turn: Turn,
    ) -> Result<Option<DateTime<Utc>>, BackendError>;

    /// Returns whether alerts may have been lost when the store failed in this way.
    fn loses_alerts(error: &BackendError) -> bool {
        error.is_temporary()
    }
}

/// Does timed work until it is dropped. Another engine does the work that remains. `changes` wakes
/// it when the next due time may have changed.
pub(super) async fn run<W: TimedWork>(work: &W, engine: &Parts, changes: &Notify) -> Infallible {
    if W::NEEDS_ALERTS && !engine.receives_alerts {
        return pending().await;
    }
    let clock = &engine.clock;
    let mut backoff = Backoff::default();
    let mut receives_since = clock.now();
    loop {
        let now = clock.now();
        let wait = match work.settle(&*engine.ledger, Turn { now, receives_since }).await {
            Ok(next) => {
                backoff.reset();
                wait_until(next, clock.now(), W::MIN_WAIT)
            }
            Err(error) => {
                clock.sleep(backoff.wait_after(&error, W::PURPOSE)).await;
                if W::loses_alerts(&error) {
                    receives_since = clock.now();
                }
                continue;
            }
        };
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = changes.notified() => {
                if !W::PAUSE.is_zero() {
                    clock.sleep(W::PAUSE).await;
                }
            }
        }
        // The machine was suspended, or its clock was set.
        let passed = (clock.now() - now).to_std().unwrap_or(Duration::MAX);
        if passed > wait + MAX_WAIT {
            receives_since = clock.now();
        }
    }
}

/// Returns how long to wait for the next due time: at least `min`, and not so long that a
/// suspension of the machine is detected late.
pub(super) fn wait_until(
    next: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    min: Duration,
) -> Duration {
    let Some(next) = next else { return IDLE_WAIT };
    let wait = next.signed_duration_since(now).to_std();
    // A wait that is cut to milliseconds would be too short.
    wait.map_or(min, |wait| (wait + Duration::from_millis(1)).clamp(min, MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rstest::rstest;

    use super::*;

    const MIN: Duration = Duration::from_millis(200);

    #[rstest]
    #[case(-5_000, MIN)]
    #[case(0, MIN)]
    #[case(2_000, Duration::from_millis(2_001))]
    #[case(3_600_000, MAX_WAIT)]
    fn next_time_bounds_the_wait(#[case] in_ms: i64, #[case] expected: Duration) {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(wait_until(Some(now + TimeDelta::milliseconds(in_ms)), now, MIN), expected);
        assert_eq!(wait_until(None, now, MIN), IDLE_WAIT);
    }
}
