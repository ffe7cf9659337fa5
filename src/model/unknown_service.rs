//! Services that incidents, labels of alerts or changes name and the directory does not have.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::directory::{Directory, Service};
use super::id::IncidentNumber;

/// A service that incidents, labels of alerts or changes name and the directory does not have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct UnknownService {
    /// The name, as it was reported.
    pub name: String,
    /// How many incidents name it.
    pub incidents: u64,
    /// How many alerts these incidents have, with those of other incidents whose label names it; of old
    /// ones they are not stored any more.
    pub alerts: u64,
    /// How many of the latest changes name it.
    #[serde(default)]
    pub changes: u64,
    /// When it was named first.
    pub first_at: DateTime<Utc>,
    /// When it was named last.
    pub last_at: DateTime<Utc>,
    /// The last incident that names it, or has an alert whose label does; absent if only changes do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_incident: Option<IncidentNumber>,
    /// The sources that name it: kinds of senders of alerts, such as `zabbix`, the source of
    /// incidents without alerts, and `change`.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The team of the last incident that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

impl UnknownService {
    /// Creates a service of which only the name and the times are known at which it was named.
    #[must_use]
    pub fn new(name: String, first_at: DateTime<Utc>, last_at: DateTime<Utc>) -> Self {
        Self {
            name,
            incidents: 0,
            alerts: 0,
            changes: 0,
            first_at,
            last_at,
            last_incident: None,
            sources: Vec::new(),
            team: None,
        }
    }

    /// Widens the time in which it was named.
    pub fn widen(&mut self, first_at: DateTime<Utc>, last_at: DateTime<Utc>) {
        self.first_at = self.first_at.min(first_at);
        self.last_at = self.last_at.max(last_at);
    }

    /// Returns the service as a suggested entry: owned by the team of the last incident, if the
    /// directory has that team.
    #[must_use]
    pub fn suggested(&self, directory: &Directory) -> Service {
        let team =
            self.team.as_ref().filter(|team| directory.teams.iter().any(|t| t.name == **team));
        Service {
            name: self.name.clone(),
            team: team.cloned().unwrap_or_default(),
            depends_on: Vec::new(),
            runbook: None,
            objective: None,
            public_name: None,
        }
    }
}

/// Puts services in the order in which they are listed: the one that was named last first.
pub fn sort(services: &mut [UnknownService]) {
    services.sort_by(|a, b| (b.last_at, &a.name).cmp(&(a.last_at, &b.name)));
}
