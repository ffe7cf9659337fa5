//! What the measures need of one incident.

use chrono::{DateTime, Utc};

use crate::model::id::IncidentNumber;
use crate::model::incident::Incident;
use crate::model::priority::Priority;
use crate::model::status::{Category, Classification, Status};
use crate::model::summary::Summary;

/// Whether an incident counts in the measures, or why it is excluded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// The incident counts in all measures.
    Yes,
    /// Excluded: the incident continued in another one.
    Merged,
    /// Excluded: it was a service request, a change or a problem.
    Reclassified,
    /// Excluded: nothing was wrong.
    FalseAlarm,
}

impl Counted {
    /// Returns whether an incident counts, from its status and classification.
    #[must_use]
    pub fn for_incident(incident: &Incident) -> Self {
        match (incident.summary.status, &incident.reclassified) {
            (Status::Merged, _) => Self::Merged,
            (Status::Reclassified, Some((Classification::FalseAlarm, _))) => Self::FalseAlarm,
            (Status::Reclassified, _) => Self::Reclassified,
            _ => Self::Yes,
        }
    }
}

/// The input of the measures from one incident. Times are milliseconds since 1970 (UTC).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fact {
    /// Number of the incident; 0 without one.
    pub number: u64,
    /// When the incident was reported, which starts the clocks.
    pub reported_ms: i64,
    /// When the incident was detected.
    pub detected_ms: i64,
    /// When the incident was first acknowledged.
    pub acknowledged_ms: Option<i64>,
    /// When the incident was last resolved.
    pub resolved_ms: Option<i64>,
    /// The present priority of the incident.
    pub priority: Priority,
    /// The category, if it is set.
    pub category: Option<Category>,
    /// Key of the primary service's name; 0 without one.
    pub service: u32,
    /// Key of the team's name; 0 without one.
    pub team: u32,
    /// Whether the incident counts.
    pub counted: Counted,
    /// Hash that incidents of the same fault share; see [`fingerprint`](super::fingerprint).
    pub fingerprint: u64,
}

impl Fact {
    /// Creates a fact from a summary, the keys of its names, and what the summary does not hold.
    #[must_use]
    pub fn new(row: &Summary, service: u32, team: u32, counted: Counted, fingerprint: u64) -> Self {
        Self {
            number: row.number.map_or(0, |n| n.0),
            reported_ms: row.reported_at.timestamp_millis(),
            detected_ms: row.detected_at.timestamp_millis(),
            acknowledged_ms: row.acknowledged_at.map(|t| t.timestamp_millis()),
            resolved_ms: row.resolved_at.map(|t| t.timestamp_millis()),
            priority: row.priority,
            category: row.category,
            service,
            team,
            counted,
            fingerprint,
        }
    }
}

/// Converts milliseconds since 1970 to a time.
pub(super) fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Returns the number of an incident; `None` for 0.
pub(super) fn incident_number(number: u64) -> Option<IncidentNumber> {
    (number > 0).then_some(IncidentNumber(number))
}
