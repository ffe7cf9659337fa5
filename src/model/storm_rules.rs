//! Settings that define when many incidents are a storm.

use serde::{Deserialize, Serialize};

/// When many incidents are a storm, and which of them are folded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct StormRules {
    /// How many incidents are a storm that are reported within the time.
    pub incidents: u32,
    /// How many alerts are a storm that belong to incidents reported within the time.
    pub alerts: u32,
    /// The time, in seconds.
    pub within_s: i64,
    /// Whether an incident is folded under one of a service on which its own depends.
    pub folds: bool,
    /// Whether an incident is also folded under an earlier one of the same service.
    pub folds_same_service: bool,
}

impl Default for StormRules {
    fn default() -> Self {
        Self { incidents: 8, alerts: 100, within_s: 600, folds: true, folds_same_service: false }
    }
}
