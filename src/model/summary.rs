//! The summary of an incident: only the fields that a queue, a filter and a clock need.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PersonRef;
use super::id::{IncidentId, IncidentNumber};
use super::priority::{Impact, Priority, Urgency};
use super::status::{Category, Source, Status};

/// The part of an incident that is kept for all of them. All times are UTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// Unique everywhere.
    pub id: IncidentId,
    /// Shown to people; absent until the store has seen it.
    pub number: Option<IncidentNumber>,
    /// One line, 1 to 200 characters.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// How much is hurt.
    pub impact: Impact,
    /// How fast it must be handled.
    pub urgency: Urgency,
    /// From the matrix, or overridden.
    pub priority: Priority,
    /// `None` until somebody has categorized it.
    pub category: Option<Category>,
    /// How it was detected.
    pub source: Source,
    /// The affected services; the first is the primary.
    pub services: Vec<String>,
    /// Who leads the response now.
    pub assignee: Option<PersonRef>,
    /// The team that answers for it.
    pub team: Option<String>,
    /// When it began to be noticed, to the second.
    pub detected_at: DateTime<Utc>,
    /// When the clocks started, to the second.
    pub reported_at: DateTime<Utc>,
    /// The first acknowledgement.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// The last resolution; `None` while open.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When it left the queue for good.
    pub closed_at: Option<DateTime<Utc>>,
    /// Hidden from the queue until then, or until something changes.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Waiting on somebody else. Clocks go on.
    pub paused: bool,
    /// The last message to stakeholders.
    pub updated_at: Option<DateTime<Utc>>,
    /// Alerts grouped into it, the first included.
    pub alerts: u32,
    /// The escalation level that has been reached; 0 before any.
    pub escalation: u8,
    /// Events so far, which is the sequence number of the last one.
    pub seq: u32,
    /// When the last event happened.
    pub last_event_at: DateTime<Utc>,
}

impl Summary {
    /// Returns the primary service: the first affected one.
    #[must_use]
    pub fn primary_service(&self) -> Option<&str> {
        self.services.first().map(String::as_str)
    }

    /// Returns whether the incident is hidden from the queue at `now`.
    #[must_use]
    pub fn is_snoozed(&self, now: DateTime<Utc>) -> bool {
        self.status.is_open() && self.snoozed_until.is_some_and(|until| until > now)
    }

    /// Returns the number, such as `INC-2041`, or `new` until the store has numbered the incident.
    #[must_use]
    pub fn label(&self) -> String {
        self.number.map_or_else(|| "new".into(), |number| number.to_string())
    }
}
