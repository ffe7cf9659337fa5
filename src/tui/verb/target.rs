//! Targets: the incidents that a verb applies to.

use crate::model::{IncidentId, Summary};

/// An incident that a verb applies to. Fixed when the key is pressed, so that changes that arrive
/// later can't redirect the verb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The id of the incident.
    pub id: IncidentId,
    /// The incident's number as shown, such as `INC-2041`.
    pub label: String,
    /// The title of the incident.
    pub title: String,
    /// Sequence number of the incident's last event when it was chosen.
    pub seq: u32,
}

impl From<&Summary> for Target {
    fn from(row: &Summary) -> Self {
        Self { id: row.id, label: row.label(), title: row.title.clone(), seq: row.seq }
    }
}
