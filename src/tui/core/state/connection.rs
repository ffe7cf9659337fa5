//! How the backend answers.

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::{BackendError, Capabilities};
use crate::sync::{ConnectionState, GRACE, LONG_POLL_TIMEOUT};

use crate::tui::core::freshness::{Freshness, max_poll_silence};

/// State of the connection to the backend, and facts about the backend.
#[derive(Debug)]
pub struct Connection {
    /// State of the connection to the backend.
    pub state: ConnectionState,
    /// The backend's name and capabilities; `None` until it has answered.
    pub capabilities: Option<Capabilities>,
    /// When the backend last answered, in this run or an earlier one.
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether the clock has jumped since the last answer: until the next one, the rows count as
    /// stale.
    pub clock_jumped: bool,
    /// The backend's time minus this machine's, if they differ notably.
    pub clock_offset: Option<TimeDelta>,
    /// The correction of this machine's times to those of the backend's clock.
    pub clock_correction: TimeDelta,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            state: ConnectionState::Loading,
            capabilities: None,
            answered_at: None,
            clock_jumped: false,
            clock_offset: None,
            clock_correction: TimeDelta::zero(),
        }
    }
}

impl Connection {
    /// Returns whether the last request failed because the backend did not answer.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(&self.state, ConnectionState::Failing { error: BackendError::Unreachable(_), .. })
    }

    /// Returns how fresh the rows are at `now`.
    #[must_use]
    pub fn freshness(&self, now: DateTime<Utc>) -> Freshness {
        match &self.state {
            ConnectionState::Loading => Freshness::Loading,
            ConnectionState::Live { at } => {
                let silent = now - *at;
                if self.clock_jumped || silent > max_live_silence() {
                    Freshness::Stale(silent)
                } else {
                    Freshness::Live
                }
            }
            ConnectionState::Polling { at, every } => {
                let silent = now - *at;
                if self.clock_jumped || silent > max_poll_silence(*every) {
                    Freshness::Stale(silent)
                } else {
                    Freshness::Polling(*every)
                }
            }
            ConnectionState::Failing { since, error, retry_at } => Freshness::Failing {
                since: *since,
                message: error.to_string(),
                retry_in: *retry_at - now,
            },
        }
    }

    /// Returns when the display of [`Self::freshness`] next changes without an update; `None` if it
    /// does not.
    #[must_use]
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let stale_at = match &self.state {
            ConnectionState::Loading => return None,
            ConnectionState::Failing { .. } => return Some(now + TimeDelta::seconds(1)),
            ConnectionState::Live { at } => *at + max_live_silence(),
            ConnectionState::Polling { at, every } => *at + max_poll_silence(*every),
        };
        let due = if stale_at > now { stale_at } else { now + TimeDelta::seconds(5) };
        Some(due + TimeDelta::milliseconds(1))
    }
}

/// Returns how long a backend that reports changes without requests may be silent.
fn max_live_silence() -> TimeDelta {
    TimeDelta::from_std(LONG_POLL_TIMEOUT + GRACE).unwrap_or(TimeDelta::seconds(30))
}
