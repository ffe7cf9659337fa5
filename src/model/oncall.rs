//! On-call schedules: who is called for a team, and when that changes.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An on-call schedule: a rotation of people, with overrides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// The name of the team that the schedule is for.
    pub team: String,
    /// The handles of the people, in the order in which they take turns.
    pub rotation: Vec<String>,
    /// When the first turn of the first person starts.
    pub starts_at: DateTime<Utc>,
    /// The length of a turn in seconds, greater than 0.
    pub turn_s: i64,
    /// Spans in which somebody else is on call. If several contain a time, the last one counts.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// A span of time in which somebody stands in for the person whose turn it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Override {
    /// The handle of the person who stands in.
    pub person: String,
    /// The start of the span, which is part of it.
    pub from: DateTime<Utc>,
    /// The end of the span, which is not part of it.
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
