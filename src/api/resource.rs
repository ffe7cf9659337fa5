//! Requests and responses of people and scripts for one incident at a time, as opposed to the
//! commands of clients that work offline.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::backend::{FeedEntry, Outcome, PageMark};
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::command::Declaration;
use crate::model::declared_impact::DeclaredImpact;
use crate::model::impact::{Affected, Reporter, parse_share};
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
    /// The kind of fault, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How it was detected; by default `monitoring` with a token of scope `ingest`, and `internal`
    /// with one of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The symptoms that users see; may have several lines.
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
    /// Free-form labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// An alert with the key of an open incident is counted in that incident, and declares nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// The runbook's name or URL; by default the one of the primary service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// When the impact began, which may be before it was noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<DateTime<Utc>>,
    /// How many users it affects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100_000_000_000_i64)]
    pub users: Option<u64>,
    /// Their share of all users in percent, such as `12.5%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 10)]
    pub share: Option<String>,
    /// The regions that it affects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// The customers whom it affects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<String>,
    /// When service is expected to be restored, in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_recovery: Option<DateTime<Utc>>,
    /// The name of a person who has reported it, other than the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub reporter: Option<String>,
    /// How the reporter can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub reporter_contact: Option<String>,
    /// The reference of the report, such as the number of a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub reporter_ticket: Option<String>,
    /// The teams that help, besides the one that answers for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
}

impl NewIncident {
    /// Returns the impact besides its level, checked as of `now`. A reporter gets the id
    /// `reporter`, which is the same each time that the request is repeated.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn declared_impact(
        &self,
        reporter: Uuid,
        now: DateTime<Utc>,
    ) -> Result<DeclaredImpact, BadField> {
        let share = self
            .share
            .as_deref()
            .map(|share| parse_share(share).ok_or(BadField::new("share", FieldProblem::NotAShare)));
        let trimmed = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned());
        let details = [&self.reporter_contact, &self.reporter_ticket];
        if self.reporter.is_none() && details.iter().any(|detail| detail.is_some()) {
            return Err(BadField::new("reporter", FieldProblem::Empty));
        }
        let impact = DeclaredImpact {
            began_at: self.began_at,
            affected: Affected {
                users: self.users,
                share: share.transpose()?,
                regions: self.regions.clone(),
                customers: self.customers.clone(),
            },
            expected_recovery: self.expected_recovery,
            reporter: trimmed(&self.reporter).map(|name| Reporter {
                id: reporter,
                name,
                contact: trimmed(&self.reporter_contact),
                ticket: trimmed(&self.reporter_ticket),
                redacted: false,
            }),
            teams: self.teams.clone(),
        };
        impact.check(now)?;
        Ok(impact)
    }

    /// Returns the declaration as of `now`, with defaults for absent fields.
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

/// The result of a request to declare or change an incident.
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
    /// Creates the response from the outcomes of the commands of one request, in order. `id` is the
    /// incident of the request.
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
    /// The position after the last examined event: `since` of the next request.
    pub cursor: PageMark,
}

/// The person on call for a team.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OnCallEntry {
    /// The team.
    pub team: String,
    /// The person; absent if the schedule has nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonRef>,
    /// When another person may be on call; absent if that never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}
