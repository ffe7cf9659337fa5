//! Rules that the settings can change.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::measures::pages::Objective;
use super::priority::Matrix;
use super::service_level::ServiceLevels;
use super::stability::StabilityRules;
use super::storm_rules::StormRules;

/// The rules in force. The defaults are those that the documentation of each part gives.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Maps impact and urgency to the priority.
    pub matrix: Matrix,
    /// The service level of each priority.
    pub levels: ServiceLevels,
    /// For how many days a closed incident can be reopened.
    pub reopen_days: i64,
    /// For how many seconds a move along the lifecycle can be undone by the person who made it.
    #[serde(rename = "take_back_s")]
    pub undo_move_s: i64,
    /// How many seconds before detection a change must have run or ended to be suspected.
    pub suspect_s: i64,
    /// When many incidents are a storm, and which of them are folded.
    pub storms: StormRules,
    /// The availability objectives of services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Objective>,
    /// How long the alerts of an incident must be resolved before it may be.
    #[serde(skip_serializing_if = "StabilityRules::is_off")]
    pub stability: StabilityRules,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            matrix: Matrix::default(),
            levels: ServiceLevels::default(),
            reopen_days: 7,
            undo_move_s: 60,
            suspect_s: TimeDelta::hours(2).num_seconds(),
            storms: StormRules::default(),
            objectives: Vec::new(),
            stability: StabilityRules::default(),
        }
    }
}
