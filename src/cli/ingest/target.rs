//! Where messages of alerts are stored: a store's file, or a server.

use std::collections::BTreeMap;

use chrono::Utc;

use crate::backend::change_reports::record_reports;
use crate::backend::dead_letters::ReplayedLetter;
use crate::backend::file::FileStore;
use crate::backend::http::{HttpBackend, SentMessage};
use crate::backend::{Backend, BackendError, IngestOutcome, NewDeadLetter};
use crate::cli::failure::Failure;
use crate::cli::session::{IfMissing, open_remote, open_store_at};
use crate::config::{Config, Location};
use crate::ingest::receivers::{self, ChangeMessage, ReadError, ReadGroups, ReceivedMessage};
use crate::ingest::{IngestError, IngestSettings};
use crate::model::Actor;
use crate::model::alert::AlertGroup;
use crate::model::change::Change;
use crate::model::text::SafeText;

/// A store's file, or a server.
pub(super) enum Target {
    Store(FileStore),
    Server(Box<HttpBackend>),
}

impl Target {
    /// Opens the store of a configuration, or makes the client of its API.
    pub(super) async fn open(config: &Config, missing: IfMissing) -> Result<Self, Failure> {
        Ok(match &config.location {
            Location::File(path) => Self::Store(open_store_at(path, config, missing).await?),
            Location::Remote(remote) => Self::Server(Box::new(open_remote(remote)?)),
        })
    }

    /// Returns it as a backend.
    pub(super) fn backend(&self) -> &dyn Backend {
        match self {
            Self::Store(store) => store,
            Self::Server(client) => &**client,
        }
    }

    /// Closes the store.
    pub(super) async fn close(self) {
        if let Self::Store(store) = self {
            store.close().await;
        }
    }

    /// Stores the alerts of a message. One that can't be understood is stored to be read again, also one of
    /// which some alerts can't be, after the others were stored.
    pub(super) async fn send(
        &self,
        settings: &IngestSettings,
        receiver: &str,
        sender: &str,
        message: Vec<u8>,
    ) -> Result<Sent, Failure> {
        let store = match self {
            Self::Server(client) => {
                return Ok(Sent::from(client.send_message(receiver, message).await?));
            }
            Self::Store(store) => store,
        };
        let actor = Actor::Integration(sender.to_owned());
        let read = ReceivedMessage {
            body: &message,
            content_type: None,
            headers: &BTreeMap::new(),
            query: None,
            token: None,
        };
        let now = Utc::now();
        let changes = receivers::read_changes(receiver, &read, settings, now).transpose();
        let outcome = match changes.map_err(ReadError::from) {
            Ok(Some(changes)) => Ok(Received::Changes(changes)),
            Ok(None) => {
                receivers::read_usable(receiver, &read, settings, now).map(Received::Groups)
            }
            Err(error) => Err(error),
        };
        let ReadGroups { groups, unusable } = match outcome {
            Ok(Received::Groups(read)) => read,
            Ok(Received::Changes(message)) => {
                let changes = record(store, &message, &actor).await?;
                return Ok(Sent::from(SentMessage { outcomes: Vec::new(), changes }));
            }
            Err(error @ ReadError::NoReceiver { .. }) => {
                return Err(Failure::usage(error.to_string()));
            }
            Err(ReadError::NotUnderstood(error)) => {
                return Err(not_understood(store, receiver, actor, message, &error).await);
            }
        };
        let outcomes = store_groups(store, settings, groups, &actor).await?;
        let failure = match unusable {
            Some(error) => Some(not_understood(store, receiver, actor, message, &error).await),
            None => None,
        };
        Ok(Sent { message: SentMessage { outcomes, changes: Vec::new() }, failure })
    }

    /// Reads a message again that could not be understood, and removes it.
    pub(super) async fn replay(
        &self,
        settings: &IngestSettings,
        number: u64,
    ) -> Result<ReplayedLetter, Failure> {
        let store = match self {
            Self::Server(client) => return Ok(client.replay_dead_letter(number).await?),
            Self::Store(store) => store,
        };
        let stored = store.dead_letter(number).await?;
        let Some(bytes) = stored.bytes() else {
            return Err(Failure::failed(
                "the message was stored by a later version in a way that this one can't read: update \
                 it",
            ));
        };
        let letter = &stored.letter;
        let message = ReceivedMessage {
            body: &bytes,
            content_type: letter.content_type.as_deref(),
            headers: &letter.headers,
            query: letter.query.as_deref(),
            token: letter.token.as_deref(),
        };
        let (now, source) = (Utc::now(), letter.source.as_str());
        let failed = |error: ReadError| Failure::failed(format!("it still can't be read: {error}"));
        let (mut outcomes, mut changes) = (Vec::new(), Vec::new());
        if let Some(read) = receivers::read_changes(source, &message, settings, now) {
            let read = read.map_err(|error| failed(error.into()))?;
            changes = record(store, &read, &letter.actor).await?;
        } else {
            let groups = receivers::read(source, &message, settings, now).map_err(failed)?;
            outcomes = store_groups(store, settings, groups, &letter.actor).await?;
        }
        let letter = match store.remove_dead_letter(number).await {
            Err(BackendError::NotFound(_)) => stored.letter,
            removed => removed?,
        };
        Ok(ReplayedLetter { letter, outcomes, changes })
    }
}

/// The result of reading a message.
pub(super) struct Sent {
    /// The stored part of the message.
    pub(super) message: SentMessage,
    /// Why a part of it was not stored.
    pub(super) failure: Option<Failure>,
}

impl From<SentMessage> for Sent {
    fn from(message: SentMessage) -> Self {
        Self { message, failure: None }
    }
}

/// The content of a message.
enum Received {
    Groups(ReadGroups),
    Changes(ChangeMessage),
}

/// Stores a message that can't be understood, so that it can be read again, and returns the failure for it.
async fn not_understood(
    store: &FileStore,
    receiver: &str,
    actor: Actor,
    message: Vec<u8>,
    error: &IngestError,
) -> Failure {
    let new = NewDeadLetter {
        source: receiver.to_owned(),
        actor,
        token: None,
        content_type: None,
        headers: BTreeMap::new(),
        query: None,
        reason: error.to_string(),
        message,
        at: Utc::now(),
    };
    let reason = SafeText::from(error.to_string());
    Failure::failed(match store.add_dead_letter(&new).await {
        Ok(number) => format!(
            "the message can't be understood: {reason}; it is stored as {number}, to be read again with \
             redphone ingest dead replay {number}"
        ),
        Err(failure) => {
            format!("the message can't be understood: {reason}; nor can it be stored: {failure}")
        }
    })
}

/// Records the changes in a message.
async fn record(
    store: &FileStore,
    message: &ChangeMessage,
    actor: &Actor,
) -> Result<Vec<Change>, BackendError> {
    let directory = store.directory().await?;
    record_reports(store, &message.complete(&directory, actor), actor).await
}

/// Stores groups of alerts one after the other, after the rules of the settings have changed them.
async fn store_groups(
    store: &FileStore,
    settings: &IngestSettings,
    groups: Vec<AlertGroup>,
    actor: &Actor,
) -> Result<Vec<IngestOutcome>, BackendError> {
    let mut outcomes = Vec::with_capacity(groups.len());
    for group in groups {
        let applied = settings.rules.apply(group, actor.name());
        if applied.groups.is_empty() {
            outcomes.push(IngestOutcome::ignored(applied.dropped.len()));
        }
        for applied in &applied.groups {
            outcomes.push(store.ingest(&applied.group, actor).await?);
        }
    }
    Ok(outcomes)
}
