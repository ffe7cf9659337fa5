//! Queries on the noise of alerts, which a backend may count.

use chrono::{DateTime, Utc};

/// The maximum number of checks in one answer.
pub const MAX_NOISE_ROWS: u32 = 1000;

/// Selects the checks whose alerts are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoiseSearch {
    /// The time from which on alerts count that were last reported then.
    pub from: DateTime<Utc>,
    /// The time before which they were.
    pub to: DateTime<Utc>,
    /// The maximum number of checks.
    pub limit: u32,
}

/// A backend does not count the noise of alerts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this does not count alerts: ask where the incidents are stored, with a version that does")]
pub struct NoNoise;
