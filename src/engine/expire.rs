//! Ends the alerts that were not reported again in time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::timed::{TimedWork, Turn};
use crate::backend::{BackendError, Ledger};

/// After a start, an alert that was last reported before it is not ended for this long: its sender
/// may have repeated it without success. Prometheus repeats about every minute.
const LISTENS: TimeDelta = TimeDelta::minutes(5);

/// The alerts of a store whose time has passed.
pub(super) struct Expiry;

impl TimedWork for Expiry {
    const PURPOSE: &'static str = "the end of alerts";
    const MIN_WAIT: Duration = Duration::from_millis(200);
    const PAUSE: Duration = Self::MIN_WAIT;
    const NEEDS_ALERTS: bool = true;

    async fn settle(
        &self,
        ledger: &dyn Ledger,
        turn: Turn,
    ) -> Result<Option<DateTime<Utc>>, BackendError> {
        let listens_until = turn.receives_since + LISTENS;
        let has_listened = turn.now >= listens_until;
        let since = if has_listened { DateTime::<Utc>::MIN_UTC } else { turn.receives_since };
        let expired = ledger.expire_alerts(turn.now, since).await?;
        if expired.count > 0 {
            tracing::info!(count = expired.count, "alerts were not reported again");
        }
        let listened = (!has_listened).then_some(listens_until);
        Ok(expired.next.into_iter().chain(listened).min())
    }

    /// A store that can't write this can't store a message either.
    fn loses_alerts(_: &BackendError) -> bool {
        true
    }
}
