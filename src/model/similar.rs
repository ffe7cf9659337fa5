//! Incidents that resemble another one: their similarity, and the hints that they give.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::{IncidentId, IncidentNumber};
use super::status::{Category, growing_enum};
use super::summary::Summary;

growing_enum! {
    /// The field of an incident that a hint is about.
    HintField, "field of an incident" {
        /// The kind of fault.
        Category = "category",
        /// The primary service.
        Service = "service",
    }
}

/// An incident that resembles another one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Similar {
    /// The id of the earlier incident.
    pub id: IncidentId,
    /// The number that people use for it, such as `INC-2041`.
    pub number: Option<IncidentNumber>,
    /// The title of the earlier incident.
    pub title: String,
    /// When it was reported.
    pub reported_at: DateTime<Utc>,
    /// A short form of its resolution; empty if it is not resolved.
    pub resolution: String,
    /// Whether it has the same fingerprint, and not only the same service.
    pub same_fault: bool,
    /// The words of title and symptoms that both incidents have, if their texts are alike; the
    /// rarest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_terms: Vec<String>,
    /// Its category, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Its services; the first is the primary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The cause in its review, otherwise the review's description of the events; absent without a
    /// review, and in the record of another incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// The runbook by which it was handled; absent without one, and in the record of another
    /// incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<RunbookUse>,
}

/// A runbook, and how much of it was followed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunbookUse {
    /// The name or URL of the runbook.
    pub name: String,
    /// How many of its steps were ticked; 0 if the incident only names it.
    #[serde(default)]
    pub steps: u32,
}

/// A field in which an incident differs from most incidents like it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SimilarHint {
    /// The field.
    pub field: HintField,
    /// The value that most of the others have.
    pub value: String,
    /// The value of the incident itself; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
    /// How many of the others have the value.
    pub count: u32,
    /// How many others were compared.
    pub total: u32,
}

/// The incidents that resemble another one, the closest first, and the hints that follow from them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct SimilarIncidents {
    /// The incidents: those with the same fault, then those whose text or service is alike.
    pub similar: Vec<Similar>,
    /// The fields in which the incident differs from most of those with the same fault or a text that
    /// is alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<SimilarHint>,
}

impl Similar {
    /// Returns why the incident is listed: `same fault`, `alike: payments, fail` or `same service`.
    /// The text is not sanitized.
    #[must_use]
    pub fn likeness(&self) -> String {
        match (self.same_fault, &self.shared_terms[..]) {
            (true, _) => "same fault".to_owned(),
            (false, []) => "same service".to_owned(),
            (false, terms) => format!("alike: {}", terms.join(", ")),
        }
    }

    /// Returns whether the incident resembles the other one in more than the service.
    fn is_telling(&self) -> bool {
        self.same_fault || !self.shared_terms.is_empty()
    }
}

impl RunbookUse {
    /// Returns the runbook with the number of steps that were followed. The text is not sanitized.
    #[must_use]
    pub fn text(&self) -> String {
        match self.steps {
            0 => self.name.clone(),
            1 => format!("{}, 1 step done", self.name),
            steps => format!("{}, {steps} steps done", self.name),
        }
    }
}

impl SimilarIncidents {
    /// Adds the hints for an incident to those that resemble it.
    #[must_use]
    pub fn new(row: &Summary, similar: Vec<Similar>) -> Self {
        let hints = hints(row, &similar);
        Self { similar, hints }
    }
}

impl SimilarHint {
    /// Returns the hint as a sentence. The text is not sanitized.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { field, value, own, count, total } = self;
        let own = own.as_ref().map_or_else(|| "none".to_owned(), |own| format!("“{own}”"));
        format!("{count} of {total} like it had the {field} “{value}”, this one has {own}")
    }
}

/// Returns the fields in which an incident differs from more than half of those with the same fault or
/// a text that is alike.
#[must_use]
pub fn hints(row: &Summary, similar: &[Similar]) -> Vec<SimilarHint> {
    let telling: Vec<&Similar> = similar.iter().filter(|similar| similar.is_telling()).collect();
    let categories = telling.iter().filter_map(|similar| similar.category);
    let category = most_common(categories.map(|category| category.to_string()));
    let services = telling.iter().filter_map(|similar| similar.services.first().cloned());
    let service = most_common(services);
    let own_category = row.category.map(|category| category.to_string());
    let is_other_category =
        category.as_ref().is_some_and(|(value, _)| own_category.as_ref() != Some(value));
    let is_other_service = service.as_ref().is_some_and(|(value, _)| !row.services.contains(value));
    let found = [
        (HintField::Category, category.filter(|_| is_other_category), own_category),
        (HintField::Service, service.filter(|_| is_other_service), row.services.first().cloned()),
    ];
    let total = telling.len();
    found
        .into_iter()
        .filter_map(|(field, most, own)| most.map(|(value, count)| (field, value, count, own)))
        .filter(|(_, _, count, _)| count * 2 > total)
        .map(|(field, value, count, own)| SimilarHint {
            field,
            value,
            own,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            total: u32::try_from(total).unwrap_or(u32::MAX),
        })
        .collect()
}

/// Returns the value that occurs most often, with how often; the first of the alphabet among equals.
fn most_common(values: impl Iterator<Item = String>) -> Option<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::status::Source;
    use crate::model::{Impact, Priority, Status};

    fn row(category: Option<Category>, services: &[&str]) -> Summary {
        let at = DateTime::UNIX_EPOCH;
        Summary {
            id: IncidentId(uuid::Uuid::from_u128(1)),
            category,
            services: services.iter().map(ToString::to_string).collect(),
            ..test_row(at)
        }
    }

    fn test_row(at: DateTime<Utc>) -> Summary {
        let value = serde_json::json!({
            "id": IncidentId(uuid::Uuid::from_u128(1)), "number": 1, "title": "Pay is slow",
            "status": Status::Triggered, "impact": Impact::High, "urgency": Impact::High,
            "priority": Priority::P1, "category": null, "source": Source::Monitoring,
            "services": [], "assignee": null, "team": null, "detected_at": at, "reported_at": at,
            "acknowledged_at": null, "resolved_at": null, "closed_at": null, "snoozed_until": null,
            "paused": false, "updated_at": null, "alerts": 1, "escalation": 0, "seq": 1,
            "last_event_at": at,
        });
        serde_json::from_value(value).unwrap()
    }

    fn similar(same_fault: bool, category: Option<Category>, service: &str) -> Similar {
        Similar {
            id: IncidentId(uuid::Uuid::from_u128(2)),
            number: None,
            title: "Pay is slow".into(),
            reported_at: DateTime::UNIX_EPOCH,
            resolution: String::new(),
            same_fault,
            shared_terms: Vec::new(),
            category,
            services: vec![service.into()],
            review: None,
            runbook: None,
        }
    }

    #[rstest]
    #[case::same(Some(Category::Application), "pay", &[])]
    #[case::other_category(Some(Category::Security), "pay", &[(HintField::Category, "application", 2)])]
    #[case::no_category(None, "pay", &[(HintField::Category, "application", 2)])]
    #[case::other_service(Some(Category::Application), "web", &[(HintField::Service, "pay", 2)])]
    fn most_of_those_alike_give_a_hint(
        #[case] category: Option<Category>,
        #[case] service: &str,
        #[case] expected: &[(HintField, &str, u32)],
    ) {
        let others = [
            similar(true, Some(Category::Application), "pay"),
            similar(true, Some(Category::Application), "pay"),
            similar(true, Some(Category::Access), "login"),
            // The same service alone is no hint at the fault.
            similar(false, Some(Category::Access), "login"),
            similar(false, Some(Category::Access), "login"),
        ];
        let hints = hints(&row(category, &[service]), &others);
        let found: Vec<_> =
            hints.iter().map(|hint| (hint.field, hint.value.as_str(), hint.count)).collect();
        assert_eq!(found, expected);
        assert!(hints.iter().all(|hint| hint.total == 3));
    }

    #[test]
    fn half_of_them_are_too_few_for_a_hint() {
        let others = [
            similar(true, Some(Category::Application), "pay"),
            similar(true, Some(Category::Access), "login"),
        ];
        assert_eq!(hints(&row(None, &["pay"]), &others), []);
    }
}
