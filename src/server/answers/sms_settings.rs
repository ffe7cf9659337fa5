//! Settings for answers to text messages.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::notification::{Contacts, PersonReach};
use crate::outbound::secret::CachedSecret;

/// The shortest interval between reads of the secrets, as anybody may send unsigned requests.
const READ_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// An account that delivers answers to text messages.
#[derive(Clone)]
pub struct SmsAccount {
    /// The name of the channel that sends the messages.
    pub channel: String,
    /// The id of the account, `AC…`.
    pub account: String,
    /// The token of the account, with which it signs.
    pub secret: CachedSecret,
}

impl fmt::Debug for SmsAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsAccount").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// The people who may answer text messages, and the check of requests.
#[derive(Clone, Debug, Default)]
pub struct SmsSettings {
    accounts: Vec<SmsAccount>,
    contacts: Arc<Contacts>,
    forgotten_at: Arc<Mutex<Option<Instant>>>,
}

/// Two of them are equal if the same people may answer over the same accounts.
impl PartialEq for SmsSettings {
    fn eq(&self, other: &Self) -> bool {
        let accounts = |settings: &Self| -> Vec<(String, String)> {
            let accounts = settings.accounts.iter();
            accounts.map(|one| (one.channel.clone(), one.account.clone())).collect()
        };
        accounts(self) == accounts(other) && self.contacts == other.contacts
    }
}

impl SmsSettings {
    /// Creates the settings.
    #[must_use]
    pub fn new(accounts: Vec<SmsAccount>, contacts: Arc<Contacts>) -> Self {
        Self { accounts, contacts, forgotten_at: Arc::default() }
    }

    /// Returns the accounts.
    pub(super) fn accounts(&self) -> &[SmsAccount] {
        &self.accounts
    }

    /// Returns the handles of the people who are sent text messages at a number over one of the channels.
    pub(super) fn people_at(&self, number: &str, channels: &[&str]) -> Vec<&str> {
        let number = normalized(number);
        let people = self.contacts.people.iter().filter(|person| {
            person.contacts.iter().any(|contact| {
                channels.contains(&contact.channel.as_str())
                    && !number.is_empty()
                    && normalized(&contact.address) == number
            })
        });
        people.map(|person| person.person.as_str()).collect()
    }

    /// Forgets the secrets after a signature was refused, so that a new one is found, but not often.
    pub(super) async fn forget_secrets(&self) {
        let is_due = {
            let mut forgotten_at = self.forgotten_at.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = forgotten_at.is_none_or(|at| at.elapsed() >= READ_AGAIN_AFTER);
            if is_due {
                *forgotten_at = Some(Instant::now());
            }
            is_due
        };
        if is_due {
            for account in &self.accounts {
                account.secret.forget().await;
            }
        }
    }
}

/// Returns the handles of the people who are reached at a number over one of the channels, also by
/// contacts that they have set themselves.
pub(super) fn people_reached_at<'a>(
    people: &'a [PersonReach],
    number: &str,
    channels: &[&str],
) -> Vec<&'a str> {
    let number = normalized(number);
    let people = people.iter().filter(|person| {
        person.contacts.iter().any(|contact| {
            channels.contains(&contact.channel.as_str())
                && !contact.masked
                && !number.is_empty()
                && normalized(&contact.address) == number
        })
    });
    people.map(|person| person.person.as_str()).collect()
}

/// Returns a telephone number without the separators between its digits.
fn normalized(number: &str) -> String {
    number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::notification::{Contact, PersonContacts};

    #[test]
    fn person_is_found_by_the_number_of_the_channel_alone() {
        let contact = |channel: &str, address: &str| Contact {
            name: "phone".into(),
            channel: channel.into(),
            address: address.into(),
        };
        let person = |person: &str, contact: Contact| PersonContacts {
            person: person.into(),
            contacts: vec![contact],
            ..PersonContacts::default()
        };
        let people = vec![
            person("ines", contact("sms", "+49 151 123-45")),
            person("tomasz", contact("other", "+4915112345")),
            person("mei", contact("sms", "")),
        ];
        let settings = SmsSettings::new(Vec::new(), Arc::new(Contacts { people }));
        assert_eq!(settings.people_at("+4915112345", &["sms"]), ["ines"]);
        assert_eq!(settings.people_at("+4915112346", &["sms"]), [""; 0]);
        assert_eq!(settings.people_at("", &["sms"]), [""; 0]);
    }
}
