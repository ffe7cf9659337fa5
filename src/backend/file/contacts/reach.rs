//! The settings of contacts and channels. Their contacts take precedence over those of the store.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::Utc;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::backend::BackendError;
use crate::model::administration::AdministrationRefusal;
use crate::model::notification::{
    Contact, ContactTest, Contacts, MessageKind, PersonContacts, PersonReach, StoredContacts,
};
use crate::model::rejection::Rejection;
use crate::model::text::SafeText;
use crate::outbound::{Channels, OutboundMessage, SendError};

/// The text of a test message.
const TEST_TEXT: &str =
    "This is a test of redphone. Nothing has happened, and nothing needs to be done.";

/// The channels and contacts of the settings.
#[derive(Clone, Default)]
pub struct Reach {
    /// The channels.
    pub channels: Channels,
    /// The contacts of the settings.
    pub contacts: Contacts,
    /// The settings file, for sentences.
    pub file: Option<PathBuf>,
}

impl Reach {
    /// Returns how everybody is reached who has contacts in the settings or among `stored`.
    #[must_use]
    pub fn people(&self, stored: &[StoredContacts]) -> Vec<PersonReach> {
        let merged = self.contacts.merged_with(stored);
        merged.people.iter().map(|person| self.describe(person)).collect()
    }

    fn describe(&self, person: &PersonContacts) -> PersonReach {
        let of_settings = self.contacts.of_person(&person.person);
        let is_from_settings =
            |name: &str| of_settings.is_some_and(|person| person.contact(name).is_some());
        PersonReach::new(person, is_from_settings, |contact| {
            let channel = self.channels.get(&contact.channel);
            (channel.map(|channel| channel.kind().to_string()), self.problem(contact))
        })
    }

    /// Returns why nothing can be sent to a contact, if that is certain without sending.
    #[must_use]
    pub fn problem(&self, contact: &Contact) -> Option<String> {
        let Some(channel) = self.channels.get(&contact.channel) else {
            let name = SafeText::from(&contact.channel);
            return Some(format!("the channel {name:?} is not in the settings, or can't be used"));
        };
        let error = channel.check_address(&contact.address).err()?;
        Some(format!("the address {error}"))
    }

    /// Sends a test message over the contacts of a person, or over one, and returns the outcome of
    /// each.
    ///
    /// # Errors
    /// The person has no contacts, or not this one.
    pub async fn test(
        &self,
        stored: &[StoredContacts],
        person: &str,
        contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        let merged = self.contacts.merged_with(stored);
        let missing = |contact: &str| {
            let (person, contact) = (person.to_owned(), contact.to_owned());
            let refusal = AdministrationRefusal::NoSuchContact { person, contact };
            BackendError::rejected(Rejection::Administration(refusal), Utc::now())
        };
        let found = merged.of_person(person);
        let Some(found) = found else { return Err(missing(contact.unwrap_or_default())) };
        let contacts: Vec<&Contact> = match contact {
            Some(name) => vec![found.contact(name).ok_or_else(|| missing(name))?],
            None => found.contacts.iter().collect(),
        };
        // All are sent concurrently, so that a slow one does not delay the others.
        Ok(join_all(contacts.into_iter().map(|contact| self.send(&found.person, contact))).await)
    }

    async fn send(&self, person: &str, contact: &Contact) -> ContactTest {
        let result = match (self.problem(contact), self.channels.get(&contact.channel)) {
            (None, Some(channel)) => {
                let message = OutboundMessage {
                    id: Uuid::now_v7(),
                    kind: MessageKind::Test,
                    incident: None,
                    text: TEST_TEXT.to_owned(),
                    url: None,
                    actions: Vec::new(),
                    reply_to: None,
                    bundled: 0,
                    document: None,
                };
                channel.send(&contact.address, &message).await
            }
            (problem, _) => Err(SendError::permanent(problem.unwrap_or_default())),
        };
        let (outcome, retry_after) = match &result {
            Ok(_) => ("sent", None),
            Err(SendError::Temporary { retry_after, .. }) => ("temporary", *retry_after),
            Err(SendError::Permanent { .. }) => ("permanent", None),
            Err(SendError::Uncertain { .. }) => ("uncertain", None),
        };
        let receipt = result.as_ref().ok();
        ContactTest {
            person: person.to_owned(),
            contact: contact.name.clone(),
            channel: contact.channel.clone(),
            outcome: outcome.to_owned(),
            provider_id: receipt.and_then(|receipt| receipt.provider_id.clone()),
            answer: receipt.map(|receipt| receipt.answer.clone()),
            reason: result.as_ref().err().map(ToString::to_string),
            retry_after_s: retry_after.map(|wait| wait.as_secs_f64()),
        }
    }
}

/// Creates them when they are first needed: creating channels takes longer than most commands. An
/// error is a sentence.
pub type ReachSource = Arc<dyn Fn() -> Result<Reach, String> + Send + Sync>;

/// Where a store finds the channels and contacts of the settings in force.
#[derive(Default)]
pub(in crate::backend::file) struct ReachSlot(RwLock<State>);

#[derive(Clone, Default)]
struct State {
    source: Option<ReachSource>,
    made: Option<Arc<Reach>>,
}

impl From<&ReachSlot> for ReachSlot {
    /// Creates one with the same settings.
    fn from(other: &Self) -> Self {
        let slot = Self::default();
        slot.set(other.source());
        slot
    }
}

impl ReachSlot {
    /// Replaces the settings.
    pub(in crate::backend::file) fn set(&self, source: Option<ReachSource>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { source, made: None };
    }

    /// Returns the source of the settings.
    pub(in crate::backend::file) fn source(&self) -> Option<ReachSource> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).source.clone()
    }

    /// Returns the channels and contacts; none of either if no settings were set.
    pub(super) fn get(&self) -> Result<Arc<Reach>, BackendError> {
        let State { source, made } = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(made) = made {
            return Ok(made);
        }
        let Some(source) = source else { return Ok(Arc::default()) };
        let reach = source().map_err(|why| BackendError::NotAllowed(why.into()))?;
        let reach = Arc::new(reach);
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // The settings may have been replaced meanwhile.
        if state.source.as_ref().is_some_and(|current| Arc::ptr_eq(current, &source)) {
            state.made = Some(Arc::clone(&reach));
        }
        Ok(reach)
    }
}
