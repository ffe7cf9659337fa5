//! On-call schedules: who is called for a team, and when that changes.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rotation with exceptions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// The team it is for.
    pub team: String,
    /// Handles, in the order they take turns.
    pub rotation: Vec<String>,
    /// When the first turn of the first person starts.
    pub starts_at: DateTime<Utc>,
    /// Length of a turn in seconds, above 0.
    pub turn_s: i64,
    /// Times at which somebody else stands in; the last that fits counts.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// Somebody stands in for a while, [from, to).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Override {
    /// Handle of who stands in.
    pub person: String,
    /// From then.
    pub from: DateTime<Utc>,
    /// Until just before then.
    pub to: DateTime<Utc>,
}

impl Schedule {
    /// Returns the handle of the person on call at a time; `None` for an empty rotation.
    #[must_use]
    pub fn on_call(&self, at: DateTime<Utc>) -> Option<&str> {
        if let Some(stand_in) = self.overrides.iter().rev().find(|o| o.from <= at && at < o.to) {
            return Some(&stand_in.person);
        }
        let count = i64::try_from(self.rotation.len()).ok().filter(|n| *n > 0)?;
        let turn = (at - self.starts_at).num_seconds().div_euclid(self.turn_s.max(1));
        let index = usize::try_from(turn.rem_euclid(count)).ok()?;
        self.rotation.get(index).map(String::as_str)
    }

    /// Returns the end of the turn that runs at `at`. Overrides are ignored.
    #[must_use]
    pub fn turn_ends_at(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let turn_s = self.turn_s.max(1);
        let turn = (at - self.starts_at).num_seconds().div_euclid(turn_s);
        self.starts_at + TimeDelta::seconds((turn + 1).saturating_mul(turn_s))
    }
}
