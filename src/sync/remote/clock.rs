//! Corrects the times of commands by the difference between the clocks of this machine and the
//! remote, so that no command is refused, and no time recorded wrongly, because a clock is wrong.

use std::sync::Arc;

use chrono::TimeDelta;

use super::Shared;
use super::entry::OutboxEntry;
use crate::backend::{BackendError, ClockOffset};
use crate::model::RejectionKind;

impl Shared {
    /// Decides by how much the times of commands are corrected, for those that were requested when
    /// nothing was known of the remote's clock. It is on the disk before they are sent: a command
    /// that is sent again has to be the same. Returns whether anything was decided.
    pub(super) async fn decide_clock_offsets(
        &self,
        due: &[Arc<OutboxEntry>],
    ) -> Result<bool, BackendError> {
        let undecided: Vec<_> =
            due.iter().filter(|entry| entry.clock_offset.is_none()).map(|entry| entry.id).collect();
        if undecided.is_empty() {
            return Ok(false);
        }
        // A remote whose clock can't be measured has this machine's.
        let measured = self.backend.clock_offset();
        let offset = measured.map(|clock| clock.correction()).unwrap_or_default();
        self.outbox.decide_clock_offset(&undecided, offset).await?;
        Ok(true)
    }

    /// Measures the remote's clock, if commands wait for that. An error of this request must not
    /// decide about a command, so every error is returned as a temporary one.
    pub(super) async fn measure_clock_for(
        &self,
        due: &[Arc<OutboxEntry>],
    ) -> Result<(), BackendError> {
        if due.iter().all(|entry| entry.clock_offset.is_some()) {
            return Ok(());
        }
        self.backend.measure_clock().await.map_err(|error| match error {
            error if error.is_temporary() => error,
            error => BackendError::unreachable(error),
        })
    }

    /// Corrects a command that was refused, if its times were corrected by a different offset than
    /// the one known now. Returns whether it should be sent again.
    pub(super) async fn correct_refused(
        &self,
        entry: &OutboxEntry,
        error: &BackendError,
    ) -> Result<bool, BackendError> {
        let BackendError::Rejected(why) = error else { return Ok(false) };
        let Some(clock) = self.backend.clock_offset() else { return Ok(false) };
        let (used, correction) = (entry.clock_offset.unwrap_or_default(), clock.correction());
        if why.kind() != RejectionKind::Invalid || is_near(used, correction, clock) {
            return Ok(false);
        }
        tracing::info!(command = %entry.id, "sent again with corrected times: {error}");
        self.outbox.replace_clock_offset(entry.id, correction).await?;
        Ok(true)
    }
}

/// Returns whether two corrections are equal within their precision.
fn is_near(one: TimeDelta, other: TimeDelta, clock: ClockOffset) -> bool {
    (one - other).abs() < clock.uncertainty.max(ClockOffset::LEAST_CORRECTED)
}
