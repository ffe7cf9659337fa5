//! Service level compliance: how many targets were met and missed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many service level targets were met and how many were missed. A target that is not met and
/// not yet due counts as neither.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Compliance {
    /// The number of targets that were met in time.
    #[serde(rename = "kept")]
    pub met: u64,
    /// The number of targets that were met too late, or that are past due and still unmet.
    pub missed: u64,
}

impl Compliance {
    /// Adds one target: whether it was met.
    pub(super) fn add(&mut self, met: bool) {
        if met {
            self.met += 1;
        } else {
            self.missed += 1;
        }
    }

    /// Returns the sum of several counts.
    pub(super) fn sum(counts: &[Self]) -> Self {
        counts.iter().fold(Self::default(), |sum, count| Self {
            met: sum.met + count.met,
            missed: sum.missed + count.missed,
        })
    }

    /// Returns whether no target was met or missed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Returns the number of targets, met or missed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.met + self.missed
    }

    /// Returns the share of met targets in percent; `None` where nothing was due.
    ///
    /// The share is rounded down, so that 100 means all.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        (self.met * 100).checked_div(self.count())
    }
}
