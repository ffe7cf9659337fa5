//! How long to wait after errors of the store.

use std::time::Duration;

use crate::backend::BackendError;

const FIRST_WAIT: Duration = Duration::from_millis(250);
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Counts errors that follow each other.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Resets the wait after a success.
    pub(super) fn reset(&mut self) {
        if self.failures > 0 {
            tracing::info!("the store answers again");
        }
        self.failures = 0;
    }

    /// Returns how long to wait after an error. The first one of several is logged.
    pub(super) fn wait_after(&mut self, error: &BackendError, purpose: &str) -> Duration {
        if self.failures == 0 {
            tracing::warn!(%error, "{purpose} waits for the store");
        }
        let wait = FIRST_WAIT * 2_u32.pow(self.failures.min(7));
        self.failures = self.failures.saturating_add(1);
        wait.min(MAX_WAIT)
    }
}
