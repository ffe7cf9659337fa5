//! Resolves incidents whose alerts were resolved for as long as the settings require.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::timed::{TimedWork, Turn};
use crate::backend::{BackendError, Ledger};

/// The incidents of a store that wait until they were stable for long enough.
///
/// Only a program that receives alerts resolves them: others do not know whether one has fired
/// again. Times during which the machine was suspended, or the store failed, are not known either.
pub(super) struct Soaks;

impl TimedWork for Soaks {
    const PURPOSE: &'static str = "the end of stable incidents";
    const MIN_WAIT: Duration = Duration::from_millis(500);
    const PAUSE: Duration = Self::MIN_WAIT;
    const NEEDS_ALERTS: bool = true;

    async fn settle(
        &self,
        ledger: &dyn Ledger,
        turn: Turn,
    ) -> Result<Option<DateTime<Utc>>, BackendError> {
        let settled = ledger.settle_soaks(turn.now, turn.receives_since).await?;
        if settled.count > 0 {
            tracing::info!(count = settled.count, "incidents were stable and are resolved");
        }
        Ok(settled.next)
    }
}
