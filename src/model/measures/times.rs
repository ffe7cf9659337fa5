//! Mean, median and 90th percentile of exact durations.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A mean over fewer durations than this is marked as thin.
pub const MIN_SAMPLE: u64 = 5;

/// Statistics of durations, in milliseconds. All are 0 if there are no durations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Times {
    /// The arithmetic mean, rounded to the nearest millisecond.
    pub mean_ms: i64,
    /// The median; for an even number of durations, the mean of the two in the middle.
    pub median_ms: i64,
    /// The 90th percentile by nearest rank: the least duration that at least 90 % do not exceed.
    pub p90_ms: i64,
    /// The number of durations.
    pub count: u64,
}

impl Times {
    /// Computes the statistics of durations in milliseconds. Sorts `durations` in ascending order.
    #[must_use]
    pub fn from_durations(durations: &mut [i64]) -> Self {
        durations.sort_unstable();
        let count = durations.len();
        if count == 0 {
            return Self::default();
        }
        let sum: i128 = durations.iter().map(|d| i128::from(*d)).sum();
        let n = count as i128;
        let mean = (2 * sum + n).div_euclid(2 * n);
        let median = i64::midpoint(durations[(count - 1) / 2], durations[count / 2]);
        let rank = (count * 9).div_ceil(10);
        Self {
            mean_ms: i64::try_from(mean).unwrap_or(i64::MAX),
            median_ms: median,
            p90_ms: durations[rank - 1],
            count: count as u64,
        }
    }

    /// Computes the statistics of durations in milliseconds as [`from_durations`](Self::from_durations)
    /// does, without sorting all of them. Changes their order.
    #[must_use]
    pub fn from_unsorted(durations: &mut [i64]) -> Self {
        let count = durations.len();
        if count == 0 {
            return Self::default();
        }
        let sum: i128 = durations.iter().map(|d| i128::from(*d)).sum();
        let n = count as i128;
        let mean = (2 * sum + n).div_euclid(2 * n);
        let rank = (count * 9).div_ceil(10) - 1;
        durations.select_nth_unstable(rank);
        let p90 = durations[rank];
        // The middle is never above the 90th percentile.
        let middle = count / 2;
        if middle < rank {
            durations[..rank].select_nth_unstable(middle);
        }
        let upper = durations[middle];
        let lower = match count % 2 {
            0 => durations[..middle].iter().copied().max().unwrap_or(upper),
            _ => upper,
        };
        Self {
            mean_ms: i64::try_from(mean).unwrap_or(i64::MAX),
            median_ms: i64::midpoint(lower, upper),
            p90_ms: p90,
            count: count as u64,
        }
    }

    /// Returns the mean; `None` without any duration.
    #[must_use]
    pub fn mean(&self) -> Option<TimeDelta> {
        (self.count > 0).then(|| TimeDelta::milliseconds(self.mean_ms))
    }

    /// Returns whether the mean rests on too few durations to be trusted.
    #[must_use]
    pub fn is_thin(&self) -> bool {
        self.count < MIN_SAMPLE
    }

    /// Returns the change of the mean against an earlier one, in whole percent.
    ///
    /// `None` where either has no mean, or the earlier mean is 0.
    #[must_use]
    pub fn change_percent(&self, before: &Self) -> Option<i64> {
        if self.count == 0 || before.count == 0 || before.mean_ms == 0 {
            return None;
        }
        let (change, base) =
            (i128::from(self.mean_ms - before.mean_ms), i128::from(before.mean_ms));
        // Rounds to the nearest percent, halves away from zero.
        let rounded = (change.abs() * 200 + base) / (base * 2) * change.signum();
        i64::try_from(rounded).ok()
    }
}
