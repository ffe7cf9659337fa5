//! Service levels: how soon an incident must be acknowledged, resolved and reported on.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::priority::Priority;
use super::summary::Summary;

/// The service level of one priority. All durations are in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceLevel {
    /// Acknowledge within this many seconds of the report.
    pub acknowledge_s: i64,
    /// Resolve within this many seconds of the report.
    pub resolve_s: i64,
    /// Update stakeholders at least this often, in seconds; `None` where no updates are due.
    pub update_every_s: Option<i64>,
}

/// The service levels of P1 to P4, in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceLevels(pub [ServiceLevel; 4]);

impl Default for ServiceLevels {
    fn default() -> Self {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        let level = |acknowledge_s, resolve_s, update_every_s| ServiceLevel {
            acknowledge_s,
            resolve_s,
            update_every_s,
        };
        Self([
            level(5 * MINUTE, HOUR, Some(30 * MINUTE)),
            level(15 * MINUTE, 4 * HOUR, Some(HOUR)),
            level(HOUR, DAY, Some(DAY)),
            level(8 * HOUR, 5 * DAY, None),
        ])
    }
}

impl ServiceLevels {
    /// Returns the service level of a priority.
    #[must_use]
    pub fn for_priority(&self, priority: Priority) -> ServiceLevel {
        self.0[priority.index()]
    }
}

/// The target of a service level that a clock measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlaTarget {
    /// The incident must be acknowledged.
    Acknowledge,
    /// The incident must be resolved.
    Resolve,
}

/// A running clock of a service level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// The target that the clock measures.
    pub target: SlaTarget,
    /// When the clock started: the time of the report.
    pub started_at: DateTime<Utc>,
    /// When the target is missed.
    pub due: DateTime<Utc>,
}

impl Clock {
    /// Returns the time that remains; negative once the target is missed.
    #[must_use]
    pub fn remaining(&self, now: DateTime<Utc>) -> TimeDelta {
        self.due - now
    }

    /// Returns whether the target is missed. The due instant itself counts as missed.
    #[must_use]
    pub fn is_past(&self, now: DateTime<Utc>) -> bool {
        now >= self.due
    }

    /// Returns whether at most a quarter of the time remains, or none.
    #[must_use]
    pub fn is_near(&self, now: DateTime<Utc>) -> bool {
        self.remaining(now) * 4 <= self.due - self.started_at
    }

    /// Returns the share of the time that has elapsed, from 0.0 to 1.0.
    #[must_use]
    pub fn elapsed_share(&self, now: DateTime<Utc>) -> f64 {
        let total = (self.due - self.started_at).num_seconds().max(1);
        let elapsed = (now - self.started_at).num_seconds().clamp(0, total);
        // Both are far below 2^52 seconds.
        #[allow(clippy::cast_precision_loss)]
        let share = elapsed as f64 / total as f64;
        share
    }
}

/// Returns the clock that runs for an incident: first to acknowledge, then to resolve.
///
/// `None` once the incident is resolved or has ended otherwise.
#[must_use]
pub fn running_clock(incident: &Summary, levels: &ServiceLevels) -> Option<Clock> {
    if !incident.status.is_open() {
        return None;
    }
    let level = levels.for_priority(incident.priority);
    let (promise, seconds) = if incident.acknowledged_at.is_none() {
        (SlaTarget::Acknowledge, level.acknowledge_s)
    } else {
        (SlaTarget::Resolve, level.resolve_s)
    };
    let from = incident.reported_at;
    Some(Clock { target: promise, started_at: from, due: from + TimeDelta::seconds(seconds) })
}

/// Returns when the next stakeholder update is due, counted from the last one or from the report.
#[must_use]
pub fn update_due(
    priority: Priority,
    reported_at: DateTime<Utc>,
    last: Option<DateTime<Utc>>,
    levels: &ServiceLevels,
) -> Option<DateTime<Utc>> {
    let interval = levels.for_priority(priority).update_every_s?;
    Some(last.unwrap_or(reported_at) + TimeDelta::seconds(interval))
}
