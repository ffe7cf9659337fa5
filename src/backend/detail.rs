//! One incident, with the records that are related to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Incident;
use crate::model::alert::Alert;
use crate::model::change::{Change, Suspect};
use crate::model::known_error::KnownError;
use crate::model::problem::Problem;
use crate::model::similar::{Similar, SimilarIncidents};
use crate::model::stability::Soak;
use crate::model::unknown::read_entries;

/// The maximum number of similar incidents in one answer.
pub const MAX_SIMILAR: u32 = 100;
/// The default number of similar incidents.
pub const DEFAULT_SIMILAR: u32 = 10;

/// The most alerts that a [`Detail`] has.
pub const MAX_DETAIL_ALERTS: u32 = 100;

/// One incident with the records that are related to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Detail {
    /// The complete record of the incident.
    pub incident: Incident,
    /// Changes suspected of causing it, nearest in time first; at most 10.
    #[serde(deserialize_with = "read_entries")]
    pub suspects: Vec<Suspect>,
    /// Earlier incidents with the same fault, texts that are alike, or the same service, closest first;
    /// at most 5.
    #[serde(deserialize_with = "read_entries")]
    pub similar: Vec<Similar>,
    /// The problem that the incident links to; `None` if it links to none.
    pub problem: Option<Problem>,
    /// The known errors that may be behind it and that it does not link to, the likeliest first; at most
    /// 3. Absent once it has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub known_errors: Vec<KnownError>,
    /// The recorded changes that it links to and that are not among the suspects; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub linked_changes: Vec<Change>,
    /// Its alerts, firing ones first, and of those the one that was reported last first; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub alert_rows: Vec<Alert>,
    /// How long its alerts are resolved, and must be before it may be resolved; absent if it needs no
    /// stability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<Soak>,
}

impl Detail {
    /// Returns the similar incidents to send with the record, at most `limit`.
    #[must_use]
    pub fn similar_incidents(&self, limit: u32) -> SimilarIncidents {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let similar = self.similar.iter().take(most).cloned().collect();
        SimilarIncidents::new(&self.incident.summary, similar)
    }
}
