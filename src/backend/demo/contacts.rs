//! How the people of the company are reached, over channels that only the demo has.

use crate::model::PersonRef;
use crate::model::notification::{Contact, ContactRule, Contacts, PersonContacts};

/// The channels in the order in which they are used for what is urgent, and after how many seconds.
const URGENT: [(&str, i64); 3] = [("push", 0), ("sms", 120), ("call", 300)];
/// The channel for the rest.
const REST: &str = "mail";

/// Returns the contacts of people.
pub(super) fn contacts(people: &[PersonRef]) -> Contacts {
    Contacts { people: people.iter().map(contacts_of).collect() }
}

fn contacts_of(person: &PersonRef) -> PersonContacts {
    let contact = |channel: &str| Contact {
        name: channel.to_owned(),
        channel: channel.to_owned(),
        address: format!("{}@example.com", person.handle),
    };
    let rule = |(contact, after_s): &(&str, i64)| ContactRule {
        after_s: *after_s,
        contact: (*contact).to_owned(),
    };
    PersonContacts {
        person: person.handle.clone(),
        contacts: URGENT.iter().map(|(channel, _)| *channel).chain([REST]).map(contact).collect(),
        urgent: URGENT.iter().map(rule).collect(),
        rest: vec![rule(&(REST, 0))],
        ..PersonContacts::default()
    }
}
