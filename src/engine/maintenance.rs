//! Mutes incidents when a maintenance window begins, and releases them when it ends.
//!
//! Incidents that are declared during a window are muted by the store that declares them, and the
//! effects of a change of a window are part of that change. This part handles windows that begin or
//! end by time, also those that did so while no program ran.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::timed::{TimedWork, Turn};
use crate::backend::{BackendError, Ledger};

/// The maintenance windows of a store. A change of the directory may have changed one.
pub(super) struct Maintenance;

impl TimedWork for Maintenance {
    const PURPOSE: &'static str = "maintenance windows";
    const MIN_WAIT: Duration = Duration::from_millis(100);
    const PAUSE: Duration = Duration::ZERO;
    const NEEDS_ALERTS: bool = false;

    async fn settle(
        &self,
        ledger: &dyn Ledger,
        turn: Turn,
    ) -> Result<Option<DateTime<Utc>>, BackendError> {
        let settled = ledger.settle_maintenance(turn.now).await?;
        let (muted, released) = (settled.muted, settled.released);
        if muted + released > 0 {
            tracing::info!(muted, released, "maintenance began or ended");
        }
        Ok(settled.next)
    }
}
