//! Mutes incidents when a maintenance window begins, and releases them when it ends.
//!
//! Incidents that are declared during a window are muted by the store that declares them, and what
//! follows from a change of a window is done with that change. What remains is what time alone brings,
//! and what was to be done while no program ran.

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::backoff::Backoff;
use super::parts::Parts;

/// The longest wait for a window that begins or ends later: a machine that was suspended is noticed after
/// that time.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// The longest wait if none does. A change of the directory ends it.
const IDLE_WAIT: Duration = Duration::from_mins(10);
/// The shortest wait, for what another program does at the same time.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// Follows the maintenance windows of a store.
pub(super) struct Maintenance<'a> {
    engine: &'a Parts,
    /// Woken when a window may have changed.
    changes: &'a Notify,
}

impl<'a> Maintenance<'a> {
    pub(super) fn new(engine: &'a Parts, changes: &'a Notify) -> Self {
        Self { engine, changes }
    }

    /// Runs until it is dropped. What it has not done by then, another engine does.
    pub(super) async fn run(self) -> Infallible {
        let clock = &self.engine.clock;
        let mut backoff = Backoff::default();
        loop {
            let wait = match self.engine.ledger.settle_maintenance(clock.now()).await {
                Ok(settled) => {
                    backoff.reset();
                    if settled.muted + settled.released > 0 {
                        let (muted, released) = (settled.muted, settled.released);
                        tracing::info!(muted, released, "maintenance began or ended");
                    }
                    wait_until(settled.next, clock.now())
                }
                Err(error) => backoff.wait_after(&error, "maintenance windows"),
            };
            tokio::select! {
                () = clock.sleep(wait) => {}
                () = self.changes.notified() => {}
            }
        }
    }
}

/// Returns how long to wait for the next window that begins or ends.
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
    fn next_boundary_bounds_the_wait(#[case] in_ms: i64, #[case] expected: Duration) {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(wait_until(Some(now + TimeDelta::milliseconds(in_ms)), now), expected);
        assert_eq!(wait_until(None, now), IDLE_WAIT);
    }
}
