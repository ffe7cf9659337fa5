//! Channels that send nowhere, for contacts of people.

use std::sync::Arc;

use async_trait::async_trait;
use redphone::backend::file::{Reach, ReachSource};
use redphone::model::notification::{ChannelKind, Contact, Contacts, PersonContacts};
use redphone::outbound::{AddressError, Channel, Channels, OutboundMessage, Receipt, SendError};

/// A channel of telephone numbers; that of nobody is refused.
struct Phone;

#[async_trait]
impl Channel for Phone {
    fn kind(&self) -> ChannelKind {
        ChannelKind::TwilioSms
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let expected = "a number such as +4915112345678";
        let error = AddressError { kind: ChannelKind::TwilioSms, expected };
        address.starts_with('+').then_some(()).ok_or(error)
    }

    async fn send(&self, address: &str, _: &OutboundMessage) -> Result<Receipt, SendError> {
        if address == "+0" {
            return Err(SendError::permanent("nobody has this number"));
        }
        Ok(Receipt { provider_id: Some("7".into()), answer: "queued".into() })
    }
}

/// Returns settings with the channel `sms`, and the contact `mail` of ines.
pub fn source() -> ReachSource {
    Arc::new(|| {
        let mut channels = Channels::default();
        channels.insert("sms", Arc::new(Phone));
        let mail = Contact { name: "mail".into(), channel: "sms".into(), address: "+1".into() };
        let ines = PersonContacts {
            person: "ines".into(),
            contacts: vec![mail],
            ..PersonContacts::default()
        };
        let contacts = Contacts { people: vec![ines] };
        Ok(Reach { channels, contacts, file: Some("/etc/redphone.toml".into()) })
    })
}
