//! What people and scripts send and get for one incident at a time, beside the commands of clients
//! that work offline.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::backend::{FeedEntry, Outcome, PageMark};
use crate::model::command::Declaration;
use crate::model::priority::{Impact, Urgency};
use crate::model::status::{Category, Source};
use crate::model::{Event, EventBody, IncidentId, IncidentNumber, PersonRef, Summary};

/// An incident to declare. Only the title is needed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Card payments fail", "service": "checkout", "impact": "high"}))]
pub struct NewIncident {
    /// One line, 1 to 200 characters.
    #[schema(min_length = 1)]
    pub title: String,
    /// The affected service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The affected services, if there are several; the first is the primary one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Extent of the harm; `medium` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// How fast it must be handled; `medium` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The kind of fault, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How it was detected; by default `monitoring` with a token of scope `ingest`, and `internal`
    /// with one of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// What users see; may have several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symptoms: Option<String>,
    /// When it was noticed, not after the report; the time of the report by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected_at: Option<DateTime<Utc>>,
    /// When it was reported, so that its clocks start; the server's time by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<DateTime<Utc>>,
    /// The team that answers for it; by default the one of the primary service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Free words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// An alert with the key of an open incident is counted there, and declares nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// The runbook's name or URL; by default the one of the primary service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
}

impl NewIncident {
    /// Returns the declaration as of `now`, with what is absent filled in.
    #[must_use]
    pub fn into_declaration(self, source: Source, now: DateTime<Utc>) -> Declaration {
        let reported_at = self.reported_at.unwrap_or(now);
        let mut services = self.services;
        if let Some(service) = self.service.filter(|service| services.first() != Some(service)) {
            services.retain(|other| *other != service);
            services.insert(0, service);
        }
        Declaration {
            alerts: None,
            title: self.title,
            services,
            impact: self.impact.unwrap_or(Impact::Medium),
            urgency: self.urgency.unwrap_or(Urgency::Medium),
            category: self.category,
            source: self.source.unwrap_or(source),
            symptoms: self.symptoms.unwrap_or_default(),
            detected_at: self.detected_at.unwrap_or(reported_at),
            reported_at,
            team: self.team,
            labels: self.labels,
            dedup_key: self.dedup_key,
            runbook: self.runbook,
        }
    }
}

/// What a request to declare or change an incident led to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct IncidentOutcome {
    /// The id of the incident. For an alert that is counted in an open incident, that is the open
    /// one.
    pub id: IncidentId,
    /// The number of the incident; absent for a caller who may not read and did not declare it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<IncidentNumber>,
    /// The number as people write it, such as `INC-12`; absent where the number is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "INC-12")]
    pub label: Option<String>,
    /// The path of the incident, on the server that answers.
    #[schema(example = "/v1/incidents/INC-12")]
    pub url: String,
    /// Whether the request had been carried out before, so that it changed nothing this time.
    pub replayed: bool,
    /// The events that the request led to, in order.
    pub events: Vec<Event>,
    /// The row of the incident in its present state; absent for a caller who may not read and has
    /// not declared it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Summary>,
}

impl IncidentOutcome {
    /// Makes the response from the outcomes of the commands of one request, in order. `id` is the
    /// incident that the request was about.
    #[must_use]
    pub fn new(id: IncidentId, outcomes: Vec<Outcome>) -> Self {
        let id = outcomes.iter().rev().find_map(|outcome| outcome.incident).unwrap_or(id);
        let replayed = !outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.replayed);
        let mut events = Vec::new();
        let mut incident = None;
        for outcome in outcomes {
            events.extend(outcome.events);
            incident = outcome.row.or(incident);
        }
        let declared = events.iter().find_map(|event| match &event.body {
            EventBody::Declared { number, .. } => *number,
            _ => None,
        });
        let number = incident.as_ref().and_then(|row| row.number).or(declared);
        let label = number.map(|number| number.to_string());
        let name = label.clone().unwrap_or_else(|| id.to_string());
        let url = format!("{}/{name}", super::path::INCIDENTS);
        Self { id, number, label, url, replayed, events, incident }
    }
}

/// Events of all incidents, in the order in which they were written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The events, each with its incident.
    pub events: Vec<FeedEntry>,
    /// The position after the last event that was looked at: `since` of the next request.
    pub cursor: PageMark,
}

/// Who is on call for a team.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OnCallEntry {
    /// The team.
    pub team: String,
    /// The person; absent if the schedule has nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonRef>,
    /// When somebody else may be on call; absent if that never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}
