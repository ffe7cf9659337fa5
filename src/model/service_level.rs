//! Service levels: how soon an incident must be acknowledged, resolved and reported on.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::priority::Priority;
use super::summary::Summary;

/// The level of one priority. All times are counted in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceLevel {
    /// Acknowledge within this many seconds of the report.
    pub acknowledge_s: i64,
    /// Resolve within this many seconds of the report.
    pub resolve_s: i64,
    /// Tell stakeholders at least this often, in seconds; `None` where nobody waits for it.
    pub update_every_s: Option<i64>,
}

/// The levels of P1 to P4.
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
    /// The level of a priority.
    #[must_use]
    pub fn for_priority(&self, priority: Priority) -> ServiceLevel {
        self.0[priority.index()]
    }
}

/// Which promise is running.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlaTarget {
    /// To acknowledge.
    Acknowledge,
    /// To resolve.
    Resolve,
}

/// The clock that runs now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// What is promised.
    pub target: SlaTarget,
    /// When the clock started: the report.
    pub started_at: DateTime<Utc>,
    /// When the promise is broken.
    pub due: DateTime<Utc>,
}

impl Clock {
    /// Time left; negative when past.
    #[must_use]
    pub fn remaining(&self, now: DateTime<Utc>) -> TimeDelta {
        self.due - now
    }

    /// Whether the promise is broken.
    #[must_use]
    pub fn is_past(&self, now: DateTime<Utc>) -> bool {
        now >= self.due
    }

    /// Whether less than a quarter of the time is left, or none.
    #[must_use]
    pub fn is_near(&self, now: DateTime<Utc>) -> bool {
        self.remaining(now) * 4 <= self.due - self.started_at
    }

    /// The share of the time that is used, from 0.0 to 1.0.
    #[must_use]
    pub fn elapsed_share(&self, now: DateTime<Utc>) -> f64 {
        let whole = (self.due - self.started_at).num_seconds().max(1);
        let used = (now - self.started_at).num_seconds().clamp(0, whole);
        // Both are far below 2^52 seconds.
        #[allow(clippy::cast_precision_loss)]
        let share = used as f64 / whole as f64;
        share
    }
}

/// The clock that runs for an incident: to acknowledge first, then to resolve; none once resolved.
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

/// When the next stakeholder update is due: counted from the last one, or from the report.
#[must_use]
pub fn update_due(
    priority: Priority,
    reported_at: DateTime<Utc>,
    last: Option<DateTime<Utc>>,
    levels: &ServiceLevels,
) -> Option<DateTime<Utc>> {
    let every = levels.for_priority(priority).update_every_s?;
    Some(last.unwrap_or(reported_at) + TimeDelta::seconds(every))
}
