//! The numbers and lists that a team may set for itself.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::priority::Matrix;
use super::service_level::ServiceLevels;

/// The rules in force. The default is the one in the documentation of each part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Impact × urgency to priority.
    pub matrix: Matrix,
    /// Service levels by priority.
    pub levels: ServiceLevels,
    /// A closed incident can be reopened for this many days.
    pub reopen_days: i64,
    /// Whoever has moved an incident can take that back for this many seconds.
    #[serde(rename = "take_back_s")]
    pub undo_move_s: i64,
    /// A change is suspected when it ran or ended within this many seconds before detection.
    pub suspect_s: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            matrix: Matrix::default(),
            levels: ServiceLevels::default(),
            reopen_days: 7,
            undo_move_s: 60,
            suspect_s: TimeDelta::hours(2).num_seconds(),
        }
    }
}
