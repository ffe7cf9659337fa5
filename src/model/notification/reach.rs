//! How a person is reached, as it is shown: from the settings and from the store, and to strangers
//! without addresses.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contact::{Contact, PersonContacts};
use super::stored_contacts::QuietSpan;

/// How one person is reached.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PersonReach {
    /// The handle of the person.
    pub person: String,
    /// The contacts: those of the settings, then those that the person has set.
    pub contacts: Vec<ContactReach>,
    /// When the person is not notified of what may wait; absent if at any time.
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
    /// Why nothing can be sent over it; absent if nothing is known to be wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What came of a test message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactTest {
    /// The handle of the person.
    pub person: String,
    /// The name of the contact.
    pub contact: String,
    /// The name of the channel.
    pub channel: String,
    /// `sent`, `temporary` if another attempt may succeed, `permanent` if none does before somebody
    /// changes something, or `uncertain` if it may have arrived.
    pub outcome: String,
    /// The id that the provider gave to the message.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// What the provider answered.
    #[serde(default)]
    pub answer: Option<String>,
    /// Why it was not sent.
    #[serde(default)]
    pub reason: Option<String>,
    /// How many seconds the provider asks to wait.
    #[serde(default)]
    pub retry_after_s: Option<f64>,
}

impl PersonReach {
    /// Describes how a person is reached. `is_from_settings` says of which contact names that is so;
    /// `examine` returns kind and problem of a contact.
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

    /// Returns it as others than the person may see it: without whole addresses.
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

impl PersonContacts {
    /// Returns the seconds after which the rules use a contact, for urgent incidents or for the rest.
    /// Without rules it is used at once.
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
