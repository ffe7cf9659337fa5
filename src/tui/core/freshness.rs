//! How up to date the rows on the screen are.

use chrono::{DateTime, TimeDelta, Utc};

use crate::sync::GRACE;

/// How up to date the rows on the screen are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing has been read yet.
    Loading,
    /// The rows are up to date: changes arrive as they happen.
    Live,
    /// The rows are as of the last poll; the backend is polled at this interval.
    Polling(std::time::Duration),
    /// The backend has neither answered nor failed for this long.
    Stale(TimeDelta),
    /// Requests to the backend fail.
    Failing {
        /// Time of the first failure in a row.
        since: DateTime<Utc>,
        /// Text of the last error.
        message: String,
        /// Time until the next attempt.
        retry_in: TimeDelta,
    },
}

/// Returns how long a backend that is polled at this interval may be silent before it counts as
/// stale.
pub(in crate::tui) fn max_poll_silence(every: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(every.mul_f64(1.2) + GRACE).unwrap_or(TimeDelta::seconds(60))
}
