//! The result of a message of alerts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::update::AlertCounts;
use crate::model::id::{IncidentId, IncidentNumber};
use crate::model::status::growing_enum;

/// The result of a message of alerts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct IngestOutcome {
    /// Its effect on the incident of its group.
    pub effect: IngestEffect,
    /// The open incident of the group, also if the message has just ended it; `None` if there is
    /// none.
    pub incident: Option<IncidentId>,
    /// The number of that incident.
    pub number: Option<IncidentNumber>,
    /// The results of the alerts.
    pub alerts: AlertCounts,
}

growing_enum! {
    /// The effect of a message of alerts on an incident.
    IngestEffect, "effect" {
        /// It was declared.
        Declared = "declared",
        /// Alerts were added to it, or fire again.
        Added = "added",
        /// It was acknowledged in the system that sends its alerts.
        Acknowledged = "acknowledged",
        /// It was resolved, because all its alerts are and nobody had acknowledged it.
        Resolved = "resolved",
        /// All its alerts are resolved; it was acknowledged, so it is monitored now.
        Monitoring = "monitoring",
        /// No incident was declared yet, because a rule requires more alerts.
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
