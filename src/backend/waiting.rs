//! Alerts that wait for others before an incident is declared, which a backend may have.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::alert::WaitingAlert;
use crate::model::unknown::read_entries;

/// The alerts that wait, the one that was reported last first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct WaitingList {
    /// How many wait.
    pub total: u64,
    /// The first of them.
    #[serde(deserialize_with = "read_entries")]
    pub alerts: Vec<WaitingAlert>,
}

/// A backend has no alerts that wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this has no alerts that wait: ask where they are stored, with a version that has them")]
pub struct NoWaitingAlerts;
