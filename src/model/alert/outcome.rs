//! What became of a message of alerts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::update::AlertCounts;
use crate::model::id::{IncidentId, IncidentNumber};
use crate::model::status::growing_enum;

/// What became of a message of alerts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct IngestOutcome {
    /// What it did to the incident of its group.
    pub effect: IngestEffect,
    /// The incident that is open for the group, or was until now; `None` if there is none.
    pub incident: Option<IncidentId>,
    /// The number of that incident.
    pub number: Option<IncidentNumber>,
    /// What became of the alerts.
    pub alerts: AlertCounts,
}

growing_enum! {
    /// What a message of alerts did to an incident.
    IngestEffect, "effect" {
        /// It was declared.
        Declared = "declared",
        /// Alerts were added to it, or fire again.
        Added = "added",
        /// Somebody has acknowledged it where its alerts come from.
        Acknowledged = "acknowledged",
        /// It was resolved, as all its alerts are and nobody had acknowledged it.
        Resolved = "resolved",
        /// All its alerts are resolved; people work on it, and it is watched now.
        Monitoring = "monitoring",
        /// No incident was declared yet, as a rule wants more alerts.
        Waiting = "waiting",
        /// Its timeline is as it was.
        Unchanged = "unchanged",
    }
}

impl IngestOutcome {
    /// Returns the outcome of a message of which nothing is stored.
    #[must_use]
    pub fn ignored(alerts: usize) -> Self {
        let count = u32::try_from(alerts).unwrap_or(u32::MAX);
        let alerts = AlertCounts { received: count, ignored: count, ..AlertCounts::default() };
        Self { effect: IngestEffect::Unchanged, incident: None, number: None, alerts }
    }
}
