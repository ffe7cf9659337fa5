//! Reasons why requests about maintenance windows are refused.

use std::fmt;

use chrono::{DateTime, Utc};

/// The reason why a request about a maintenance window is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaintenanceRefusal {
    /// There is no such window.
    NotFound,
    /// The window has ended.
    Ended {
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody has changed the window.
    ChangedMeanwhile {
        /// The revision that was expected.
        expected: u32,
        /// The revision that it has.
        current: u32,
    },
}

impl fmt::Display for MaintenanceRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such maintenance window"),
            Self::Ended { at } => write!(
                f,
                "the maintenance window has ended at {}: create another one",
                at.format("%Y-%m-%d %H:%M UTC")
            ),
            Self::ChangedMeanwhile { expected, current } => write!(
                f,
                "somebody has changed the maintenance window: it has revision {current}, and not {expected}"
            ),
        }
    }
}
