//! Heartbeats that another program defines through an API, beside those of the settings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::extra::{Extra, extensible_record};
use crate::model::priority::Priority;
use crate::model::status::growing_enum;

/// The seconds of a minute.
const MINUTE_S: i64 = 60;
/// The longest interval, in seconds: as in the settings, 366 days.
pub const MAX_INTERVAL_S: i64 = 366 * 24 * 60 * MINUTE_S;

growing_enum! {
    /// The unit in which the interval of a heartbeat is given.
    IntervalUnit, "unit" {
        /// Minutes.
        Minutes = "minutes",
        /// Hours.
        Hours = "hours",
        /// Days.
        Days = "days",
    }
}

/// What another program has said of a heartbeat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct HeartbeatDefinition {
    /// How often it is expected, in units.
    pub every: i64,
    /// The unit.
    pub unit: IntervalUnit,
    /// Whether its silence is an incident.
    pub is_enabled: bool,
    /// What it is about; absent if nothing was said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The title of the incident; absent for one that follows from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The priority of the incident, from P1 to P5; absent for P3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The labels of the incident.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The team of the incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(HeartbeatDefinition);

/// What changes of a definition. What is absent stays as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HeartbeatPatch {
    /// How often it is expected, in units.
    pub every: Option<i64>,
    /// The unit.
    pub unit: Option<IntervalUnit>,
    /// Whether its silence is an incident.
    pub is_enabled: Option<bool>,
    /// What it is about.
    pub description: Option<String>,
    /// The title of the incident.
    pub title: Option<String>,
    /// The priority of the incident.
    pub severity: Option<String>,
    /// The labels of the incident.
    pub labels: Option<Vec<String>>,
    /// The team of the incident.
    pub team: Option<String>,
}

impl IntervalUnit {
    /// Returns how many seconds one has. That of a later version counts as minutes.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minutes | Self::Unknown(_) => MINUTE_S,
            Self::Hours => 60 * MINUTE_S,
            Self::Days => 24 * 60 * MINUTE_S,
        }
    }
}

impl HeartbeatDefinition {
    /// Returns how often the heartbeat is expected, in seconds.
    #[must_use]
    pub const fn interval_s(&self) -> i64 {
        self.every.saturating_mul(self.unit.seconds())
    }

    /// Returns the priority of the incident; `P5` is the lowest that there is here.
    #[must_use]
    pub fn priority(&self) -> Priority {
        match self.severity.as_deref() {
            Some("P1") => Priority::P1,
            Some("P2") => Priority::P2,
            Some("P4" | "P5") => Priority::P4,
            _ => Priority::P3,
        }
    }

    /// Returns the definition after a change.
    pub(super) fn patched(mut self, patch: HeartbeatPatch) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        self.every = patch.every.unwrap_or(self.every);
        self.unit = patch.unit.unwrap_or(self.unit);
        self.is_enabled = patch.is_enabled.unwrap_or(self.is_enabled);
        self.description = patch.description.unwrap_or(self.description);
        self.title = patch.title.map_or(self.title, some);
        self.severity = patch.severity.map_or(self.severity, some);
        self.labels = patch.labels.unwrap_or(self.labels);
        self.team = patch.team.map_or(self.team, some);
        self
    }
}
