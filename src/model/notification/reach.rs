//! The contacts of a person for display: from the settings and from the store, for other people
//! without addresses.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contact::{Contact, Contacts, PersonContacts};
use super::stored_contacts::QuietSpan;
use crate::model::priority::Priority;

/// How one person is reached.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PersonReach {
    /// The handle of the person.
    pub person: String,
    /// The contacts: those of the settings, then those that the person has set.
    pub contacts: Vec<ContactReach>,
    /// The quiet hours for less urgent incidents; absent without quiet hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietSpan>,
}

/// One way in which a person is reached.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ContactReach {
    /// The name.
    pub contact: String,
    /// The name of the channel.
    pub channel: String,
    /// The kind of the channel; absent if the settings do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The address; of other people only its ends.
    pub address: String,
    /// Whether the address is shown only in part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// After how many seconds it is used for urgent incidents; empty for never.
    pub urgent_after_s: Vec<i64>,
    /// After how many seconds it is used for all other incidents; empty for never.
    pub rest_after_s: Vec<i64>,
    /// Whether the settings file has it, where alone it can be changed.
    pub from_settings: bool,
    /// The reason why nothing can be sent over it; absent if nothing is known to be wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The outcome of a test message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactTest {
    /// The handle of the person.
    pub person: String,
    /// The name of the contact.
    pub contact: String,
    /// The name of the channel.
    pub channel: String,
    /// `sent`, `temporary` if another attempt may succeed, `permanent` if none can until somebody
    /// changes something, or `uncertain` if it may have arrived.
    pub outcome: String,
    /// The id that the provider gave to the message.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// The answer of the provider.
    #[serde(default)]
    pub answer: Option<String>,
    /// The reason why it was not sent.
    #[serde(default)]
    pub reason: Option<String>,
    /// The wait in seconds that the provider requests.
    #[serde(default)]
    pub retry_after_s: Option<f64>,
}

impl PersonReach {
    /// Describes how a person is reached. `is_from_settings` returns whether the contact of a name
    /// is from the settings; `examine` returns kind and problem of a contact.
    #[must_use]
    pub fn new(
        person: &PersonContacts,
        is_from_settings: impl Fn(&str) -> bool,
        examine: impl Fn(&Contact) -> (Option<String>, Option<String>),
    ) -> Self {
        let contacts = person.contacts.iter().map(|contact| {
            let (kind, problem) = examine(contact);
            ContactReach {
                contact: contact.name.clone(),
                channel: contact.channel.clone(),
                kind,
                address: contact.address.clone(),
                masked: false,
                urgent_after_s: person.waits(&contact.name, true),
                rest_after_s: person.waits(&contact.name, false),
                from_settings: is_from_settings(&contact.name),
                problem,
            }
        });
        Self {
            person: person.person.clone(),
            contacts: contacts.collect(),
            quiet: person.quiet.as_ref().map(QuietSpan::from),
        }
    }

    /// Returns the form that other people may see: without complete addresses.
    #[must_use]
    pub fn masked(mut self) -> Self {
        for contact in self.contacts.iter_mut().filter(|contact| !contact.masked) {
            contact.masked = !contact.address.is_empty();
            contact.address = mask(&contact.address);
        }
        self
    }

    /// Returns the contact with this name.
    #[must_use]
    pub fn contact(&self, name: &str) -> Option<&ContactReach> {
        self.contacts.iter().find(|contact| contact.contact == name)
    }
}

/// A message that a person would be sent because of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedContact<'a> {
    /// When it would be sent.
    pub at: DateTime<Utc>,
    /// Over which contact.
    pub contact: &'a ContactReach,
    /// Whether it waits for the end of the person's quiet hours.
    pub is_quiet: bool,
}

impl PersonReach {
    /// Returns the notifications that a call would cause for the person at a time about an incident
    /// of a priority, sorted by time: the same as [`plan_notifications`](super::plan_notifications)
    /// plans.
    #[must_use]
    pub fn planned(&self, priority: Priority, called_at: DateTime<Utc>) -> Vec<PlannedContact<'_>> {
        let is_urgent = Contacts::is_urgent(priority);
        let quiet = self.quiet.as_ref().filter(|_| !is_urgent);
        let quiet = quiet.and_then(|span| span.hours().ok());
        let mut planned: Vec<PlannedContact<'_>> = Vec::new();
        for contact in &self.contacts {
            let waits = if is_urgent { &contact.urgent_after_s } else { &contact.rest_after_s };
            let mut times = BTreeSet::new();
            for wait in waits {
                let wait = TimeDelta::try_seconds(*wait).unwrap_or_default();
                let due = called_at.checked_add_signed(wait).unwrap_or(called_at);
                let at = quiet.as_ref().map_or(due, |quiet| quiet.postpone(due));
                // What quiet hours postpone to the same time is one message.
                if times.insert(at) {
                    planned.push(PlannedContact { at, contact, is_quiet: at > due });
                }
            }
        }
        planned.sort_by_key(|planned| planned.at);
        planned
    }
}

impl PersonContacts {
    /// Returns the seconds after which the rules use a contact, for urgent incidents or for the
    /// rest. Without rules it is used immediately.
    #[must_use]
    pub fn waits(&self, contact: &str, urgent: bool) -> Vec<i64> {
        let rules = if urgent { &self.urgent } else { &self.rest };
        if rules.is_empty() {
            return self.contact(contact).map(|_| 0).into_iter().collect();
        }
        let of_contact = rules.iter().filter(|rule| rule.contact == contact);
        of_contact.map(|rule| rule.after_s).collect()
    }
}

/// Returns the ends of an address, by which its owner recognizes it; nothing of a short one.
#[must_use]
pub fn mask(address: &str) -> String {
    let chars: Vec<char> = address.chars().collect();
    match chars.as_slice() {
        [] => String::new(),
        [first, middle @ .., before, last] if middle.len() >= 4 => {
            format!("{first}…{before}{last}")
        }
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "")]
    #[case("abc", "…")]
    #[case("ines12", "…")]
    #[case("ines123", "i…23")]
    #[case("+4915112345678", "+…78")]
    #[case("ünïcödé-tøpîç", "ü…îç")]
    fn address_is_masked(#[case] address: &str, #[case] expected: &str) {
        assert_eq!(mask(address), expected);
    }

    fn planned_by_both(person: &PersonContacts, priority: Priority) {
        use serde_json::json;
        use uuid::Uuid;

        use super::super::contact::Contacts;
        use super::super::plan_notifications;
        use crate::model::{Event, PersonRef, Summary};

        let at: DateTime<Utc> = "2026-01-05T21:30:00Z".parse().unwrap();
        let row: Summary = serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
            "status": "triggered", "impact": "high", "urgency": "high", "priority": priority,
            "source": "monitoring", "services": ["checkout"], "team": null,
            "detected_at": at, "reported_at": at, "paused": false, "alerts": 1,
            "escalation": 1, "seq": 2, "last_event_at": at,
        }))
        .unwrap();
        let event: Event = serde_json::from_value(json!({
            "id": Uuid::from_u128(2), "incident": Uuid::from_u128(1), "seq": 2, "at": at,
            "recorded_at": at, "actor": { "integration": "escalation" },
            "command": Uuid::from_u128(3), "kind": "escalated", "level": 1,
            "to": [PersonRef::new("ines", "Ines Moreau")], "reason": null,
        }))
        .unwrap();
        let contacts = Contacts { people: vec![person.clone()] };
        let mut sent: Vec<(DateTime<Utc>, String)> =
            plan_notifications(&event, &row, &contacts, at)
                .into_iter()
                .filter(|one| !one.contact.is_empty())
                .map(|one| (one.due, one.contact))
                .collect();
        let reach = PersonReach::new(person, |_| true, |_| (None, None));
        let mut planned: Vec<(DateTime<Utc>, String)> = reach
            .planned(priority, at)
            .into_iter()
            .map(|one| (one.at, one.contact.contact.clone()))
            .collect();
        sent.sort();
        planned.sort();
        assert_eq!(planned, sent, "{person:?}");
    }

    #[rstest]
    #[case::without_rules(&[], &[])]
    #[case::in_any_order(&[(300, "phone"), (0, "push"), (120, "phone")], &[(60, "mail")])]
    #[case::several_times(&[(300, "phone"), (0, "phone"), (0, "phone")], &[(0, "mail"), (7200, "mail")])]
    #[case::unknown_contact(&[(0, "fax")], &[(0, "fax"), (600, "push")])]
    #[case::into_quiet_hours(&[(3600, "push")], &[(0, "mail"), (3600, "push")])]
    fn what_is_planned_is_what_is_sent(
        #[case] urgent: &[(i64, &str)],
        #[case] rest: &[(i64, &str)],
    ) {
        use super::super::contact::{ContactRule, QuietHours};

        let rules = |rules: &[(i64, &str)]| {
            let rule = |(after_s, contact): &(i64, &str)| ContactRule {
                after_s: *after_s,
                contact: (*contact).to_owned(),
            };
            rules.iter().map(rule).collect::<Vec<_>>()
        };
        let contact =
            |name: &str| Contact { name: name.into(), channel: "ntfy".into(), address: "a".into() };
        let time = |hour| chrono::NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let quiet = QuietHours { from: time(22), to: time(7), zone: Some("Etc/UTC".into()) };
        for quiet in [None, Some(quiet)] {
            let person = PersonContacts {
                person: "ines".into(),
                contacts: ["push", "phone", "mail"].map(contact).to_vec(),
                urgent: rules(urgent),
                rest: rules(rest),
                quiet,
            };
            for priority in Priority::ALL {
                planned_by_both(&person, priority);
            }
        }
    }

    #[test]
    fn others_see_no_address() {
        let contact = Contact {
            name: "phone".into(),
            channel: "sms".into(),
            address: "+4915112345678".into(),
        };
        let person = PersonContacts {
            person: "ines".into(),
            contacts: vec![contact],
            ..PersonContacts::default()
        };
        let examine = |_: &Contact| (Some("twilio_sms".to_owned()), None);
        let own = PersonReach::new(&person, |_| false, examine);
        assert_eq!(own.contacts[0].address, "+4915112345678");
        assert_eq!(own.contacts[0].urgent_after_s, [0]);
        let others = own.masked();
        assert!(others.contacts[0].masked);
        let json = serde_json::to_string(&others).unwrap();
        assert!(!json.contains("15112345"), "{json}");
    }
}
