//! Stakeholders: people who are sent the updates of some incidents.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use strum::IntoEnumIterator;

use crate::model::actor::PersonRef;
use crate::model::event::{Event, EventBody};
use crate::model::notification::{Contacts, MessageKind, Notification, Occasion, plan_message};
use crate::model::priority::Priority;
use crate::model::summary::Summary;

/// A rule that sends the updates of some incidents to some people.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StakeholderRule {
    /// The handles of the people, whose contacts are used.
    pub people: Vec<String>,
    /// The services of the incidents; all if it is empty.
    pub services: Vec<String>,
    /// The priorities of the incidents; all if it is empty.
    pub priorities: Vec<Priority>,
    /// The topics that are sent; all if it is empty.
    pub topics: Vec<StakeholderTopic>,
}

/// A topic of updates for stakeholders. The texts are those of the settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum StakeholderTopic {
    /// The updates that people write for them.
    Updates,
    /// Changes of the priority.
    Priority,
    /// When service is expected to be restored.
    Recovery,
    /// Service is restored.
    Resolution,
}

impl StakeholderTopic {
    /// Returns the text of the settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns all topics.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }

    /// Returns the topic of an event, and the kind of its message; `None` if stakeholders are not
    /// informed of it.
    fn of(event: &EventBody) -> Option<(Self, MessageKind)> {
        match event {
            EventBody::StakeholdersUpdated { .. } => Some((Self::Updates, MessageKind::Update)),
            EventBody::Prioritized { .. } => Some((Self::Priority, MessageKind::Update)),
            EventBody::ExpectedRecoverySet { .. } => Some((Self::Recovery, MessageKind::Update)),
            EventBody::Resolved { .. } => Some((Self::Resolution, MessageKind::Resolved)),
            _ => None,
        }
    }
}

impl StakeholderRule {
    /// Returns whether the rule is about an incident.
    #[must_use]
    pub fn is_about(&self, incident: &Summary) -> bool {
        let has_service = self.services.is_empty()
            || incident.services.iter().any(|service| self.services.contains(service));
        let has_priority =
            self.priorities.is_empty() || self.priorities.contains(&incident.priority.rank());
        has_service && has_priority
    }
}

/// Returns the notifications that inform stakeholders of an event: each person once, except the one
/// who caused it. There is none for events without a topic, and for people without contacts.
#[must_use]
pub fn plan_update(
    event: &Event,
    incident: &Summary,
    (rules, contacts): (&[StakeholderRule], &Contacts),
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let Some((topic, kind)) = StakeholderTopic::of(&event.body) else { return Vec::new() };
    let occasion = Occasion { kind, reminder: None, event: event.id, due: event.recorded_at };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    seen.extend(event.actor.person().map(|author| author.handle.to_lowercase()));
    let tells = |rule: &&StakeholderRule| rule.topics.is_empty() || rule.topics.contains(&topic);
    let rules = rules.iter().filter(tells).filter(|rule| rule.is_about(incident));
    let people = rules.flat_map(|rule| &rule.people);
    people
        .filter(|handle| seen.insert(handle.to_lowercase()))
        .flat_map(|handle| {
            let person = PersonRef::new(handle.as_str(), handle.as_str());
            plan_message(&person, occasion, incident, contacts, now)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::model::notification::{Contact, PersonContacts};

    fn at() -> DateTime<Utc> {
        "2031-05-20T22:00:00Z".parse().unwrap()
    }

    fn incident(priority: &str) -> Summary {
        serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
            "status": "investigating", "impact": "high", "urgency": "high", "priority": priority,
            "source": "monitoring", "services": ["checkout"], "team": "payments",
            "detected_at": at(), "reported_at": at(), "acknowledged_at": at(), "paused": false,
            "alerts": 1, "escalation": 1, "seq": 4, "last_event_at": at(),
        }))
        .unwrap()
    }

    fn update(kind: &str) -> Event {
        serde_json::from_value(json!({
            "id": Uuid::from_u128(2), "incident": Uuid::from_u128(1), "seq": 5,
            "at": at(), "recorded_at": at(),
            "actor": { "person": { "handle": "ines", "name": "Ines Moreau" } },
            "command": Uuid::from_u128(3), "kind": kind, "message": "we are on it",
            "text": "we are on it", "next_due": null,
        }))
        .unwrap()
    }

    fn contacts() -> Contacts {
        let person = |handle: &str| PersonContacts {
            person: handle.into(),
            contacts: vec![Contact {
                name: "mail".into(),
                channel: "mail".into(),
                address: format!("{handle}@example.net"),
            }],
            ..PersonContacts::default()
        };
        Contacts { people: ["ines", "tomo", "support", "boss"].map(person).to_vec() }
    }

    /// The support for checkout, the boss for each P1, and somebody without contacts for all.
    fn rules() -> Vec<StakeholderRule> {
        let people = |people: &[&str]| people.iter().map(|handle| (*handle).to_owned()).collect();
        vec![
            StakeholderRule {
                people: people(&["support", "ines"]),
                services: vec!["checkout".into()],
                priorities: Vec::new(),
                topics: Vec::new(),
            },
            StakeholderRule {
                people: people(&["boss", "Support"]),
                services: Vec::new(),
                priorities: vec![Priority::P1],
                topics: vec![StakeholderTopic::Updates, StakeholderTopic::Resolution],
            },
            StakeholderRule {
                people: people(&["tomo"]),
                services: vec!["billing".into()],
                priorities: Vec::new(),
                topics: Vec::new(),
            },
            StakeholderRule { people: people(&["stranger"]), ..StakeholderRule::default() },
        ]
    }

    #[rstest]
    #[case("stakeholders_updated", "P1", &["support", "boss"])]
    #[case("stakeholders_updated", "P2", &["support"])]
    #[case("note_added", "P1", &[])]
    fn stakeholders_are_sent_the_updates_of_their_incidents(
        #[case] kind: &str,
        #[case] priority: &str,
        #[case] expected: &[&str],
    ) {
        let (rules, contacts) = (rules(), contacts());
        let sent = plan_update(&update(kind), &incident(priority), (&rules, &contacts), at());
        let people: Vec<&str> = sent.iter().map(|one| one.person.handle.as_str()).collect();
        assert_eq!(people, expected);
        assert!(
            sent.iter().all(|one| one.kind == MessageKind::Update && one.event == update(kind).id)
        );
    }

    fn event(body: &serde_json::Value) -> Event {
        let mut event = serde_json::to_value(update("note_added")).unwrap();
        let fields = event.as_object_mut().unwrap();
        for field in ["kind", "message", "text", "next_due"] {
            fields.remove(field);
        }
        fields.extend(body.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    #[rstest]
    #[case(
        json!({"kind": "expected_recovery_set", "expected_at": at()}), MessageKind::Update, &["support"]
    )]
    #[case(
        json!({"kind": "prioritized", "impact": "high", "urgency": "high", "priority": "P1",
               "override_reason": null}),
        MessageKind::Update,
        &["support"]
    )]
    #[case(
        json!({"kind": "resolved", "action": "rollback", "detail": "a", "validation": "b"}),
        MessageKind::Resolved,
        &["support", "boss"]
    )]
    #[case(json!({"kind": "acknowledged"}), MessageKind::Update, &[])]
    fn stakeholders_get_the_topics_of_their_rule(
        #[case] body: serde_json::Value,
        #[case] kind: MessageKind,
        #[case] expected: &[&str],
    ) {
        let (rules, contacts) = (rules(), contacts());
        let sent = plan_update(&event(&body), &incident("P1"), (&rules, &contacts), at());
        let people: Vec<&str> = sent.iter().map(|one| one.person.handle.as_str()).collect();
        assert_eq!(people, expected);
        assert!(sent.iter().all(|one| one.kind == kind));
    }
}
