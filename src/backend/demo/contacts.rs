//! How the people of the company are reached, over channels that only the demo has: nothing leaves the
//! process.

use std::sync::Arc;

use async_trait::async_trait;

use crate::backend::file::{Reach, ReachSource};
use crate::model::PersonRef;
use crate::model::notification::{ChannelKind, Contact, ContactRule, Contacts, PersonContacts};
use crate::outbound::{AddressError, Channel, Channels, OutboundMessage, Receipt, SendError};

/// The channels for urgent incidents in the order of their use, and the seconds after which they
/// are used.
const URGENT: [(&str, i64); 3] = [("push", 0), ("sms", 120), ("call", 300)];
/// The channel for the rest.
const REST: &str = "mail";

/// A channel that accepts every message and drops it.
#[derive(Clone, Copy, Debug)]
struct Imitation {
    kind: ChannelKind,
    /// A character that its addresses have, and such an address.
    address: (char, &'static str),
}

/// The channels with their names.
const CHANNELS: [(&str, Imitation); 4] = [
    ("push", Imitation { kind: ChannelKind::Ntfy, address: ('-', "a topic such as ines-phone") }),
    (
        "sms",
        Imitation { kind: ChannelKind::TwilioSms, address: ('+', "a number such as +12025550100") },
    ),
    (
        "call",
        Imitation {
            kind: ChannelKind::TwilioCall,
            address: ('+', "a number such as +12025550100"),
        },
    ),
    (
        "mail",
        Imitation {
            kind: ChannelKind::Email,
            address: ('@', "an address such as ines@example.com"),
        },
    ),
];

#[async_trait]
impl Channel for Imitation {
    fn kind(&self) -> ChannelKind {
        self.kind
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let (sign, expected) = self.address;
        let error = AddressError { kind: self.kind, expected };
        address.contains(sign).then_some(()).ok_or(error)
    }

    async fn send(&self, address: &str, _: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        Ok(Receipt { provider_id: None, answer: "imitated: the demo sends nothing".to_owned() })
    }
}

/// Returns where the store of the company finds how people are reached.
pub(super) fn reach(people: &[PersonRef]) -> ReachSource {
    let contacts = contacts(people);
    Arc::new(move || {
        let mut channels = Channels::default();
        for (name, channel) in CHANNELS {
            channels.insert(name, Arc::new(channel));
        }
        Ok(Reach { channels, contacts: contacts.clone(), file: None })
    })
}

/// Returns the contacts of people.
pub(super) fn contacts(people: &[PersonRef]) -> Contacts {
    Contacts {
        people: (0..).zip(people).map(|(index, person)| contacts_of(index, person)).collect(),
    }
}

fn contacts_of(index: usize, person: &PersonRef) -> PersonContacts {
    let contact = |channel: &str| Contact {
        name: channel.to_owned(),
        channel: channel.to_owned(),
        address: address(channel, index, &person.handle),
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

/// Returns the address of the person with an index; the numbers are unassigned ones.
fn address(channel: &str, index: usize, handle: &str) -> String {
    match channel {
        "push" => format!("{handle}-phone"),
        "sms" | "call" => format!("+1202555{:04}", 100 + index % 100),
        _ => format!("{handle}@example.com"),
    }
}
