//! Suspicions against changes: the incidents that they may have caused.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::brief::IncidentBrief;
use crate::model::ChangeId;
use crate::model::unknown::read_entries;

/// The largest number of incidents that are named of a change.
pub const MAX_SUSPECTED: usize = 10;

/// A change with the incidents that it may have caused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Suspicion {
    /// The change.
    pub change: ChangeId,
    /// The number of incidents that it may have caused.
    pub incident_count: u32,
    /// These incidents, newest first; at most 10.
    #[serde(deserialize_with = "read_entries")]
    pub incidents: Vec<IncidentBrief>,
}
