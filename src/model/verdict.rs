//! Goals of service levels, and verdicts on the clocks that measure them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::priority::Priority;
use super::status::growing_enum;
use super::time::{format_duration, format_precise_duration};

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

growing_enum! {
    /// The target of a service level that a clock measures.
    SlaTarget, "target" {
        /// The incident must be acknowledged.
        Acknowledge = "acknowledge",
        /// The incident must be resolved.
        Resolve = "resolve",
    }
}

/// How the clock of a service level ended. It stays, whatever happens to the priority and to the
/// settings afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// The target whose clock ended.
    pub target: SlaTarget,
    /// The priority when the clock ended.
    pub priority: Priority,
    /// The goal by which it was judged, in seconds; absent where the version that recorded the end
    /// did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_s: Option<i64>,
    /// The time that counts, in milliseconds: from the report to the end, for the clock to resolve
    /// without pauses.
    pub elapsed_ms: i64,
    /// Whether the goal was met; absent where the goal is. The due instant itself is in time.
    #[serde(default, rename = "kept", skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
}

impl Verdict {
    /// Judges a clock that ended by the service levels at that time. A verdict on a target of a
    /// later version is not changed.
    #[must_use]
    pub fn judged_by(self, levels: &ServiceLevels) -> Self {
        let level = levels.for_priority(self.priority);
        let goal_s = match self.target {
            SlaTarget::Acknowledge => level.acknowledge_s,
            SlaTarget::Resolve => level.resolve_s,
            SlaTarget::Unknown(_) => return self,
        };
        let met = is_within(self.elapsed_ms, goal_s);
        Self { goal_s: Some(goal_s), met: Some(met), ..self }
    }

    /// Returns the verdict in words, such as `kept: acknowledged in 4m of 5m (P1)`; `None` if the
    /// goal is not known.
    #[must_use]
    pub fn phrase(&self) -> Option<String> {
        let done = match self.target {
            SlaTarget::Acknowledge => "acknowledged",
            SlaTarget::Resolve => "resolved",
            SlaTarget::Unknown(word) => word.label(),
        };
        let (goal_s, met) = (self.goal_s?, self.met?);
        let verdict = if met { "kept" } else { "missed" };
        let elapsed = format_precise_duration(TimeDelta::milliseconds(self.elapsed_ms));
        let goal = format_duration(TimeDelta::seconds(goal_s));
        Some(format!("{verdict}: {done} in {elapsed} of {goal} ({})", self.priority))
    }
}

/// Returns whether a time is within a goal. The due instant itself is.
#[must_use]
pub fn is_within(elapsed_ms: i64, goal_s: i64) -> bool {
    elapsed_ms <= goal_s.saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn target_of_a_later_version_is_carried_and_shown() {
        let json = json!({
            "target": "first_reply", "priority": "P1", "goal_s": 300, "elapsed_ms": 240_000,
            "kept": true,
        });
        let verdict: Verdict = serde_json::from_value(json.clone()).unwrap();
        assert!(verdict.target.is_unknown());
        assert_eq!(serde_json::to_value(verdict).unwrap(), json);
        assert_eq!(verdict.judged_by(&ServiceLevels::default()), verdict);
        let phrase = verdict.phrase().unwrap();
        assert!(phrase.contains("first reply"), "{phrase}");
    }
}
