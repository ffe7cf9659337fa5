//! Reads a message as one of the receivers does, by its name: what a dead letter is read again by, and
//! what comes from standard input.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::mapping::{self, Message};
use super::{IngestError, IngestSettings, alertmanager, senders};
use crate::model::alert::AlertGroup;

/// The receivers that read a form of their own; those of the settings come on top.
pub const RECEIVERS: &[&str] = &[alertmanager::SOURCE];

/// A message, and what receivers read of the request beside it.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedMessage<'a> {
    /// The message as it arrived.
    pub body: &'a [u8],
    /// The type of the content, as the sender says.
    pub content_type: Option<&'a str>,
    /// Headers by their names in lower case.
    pub headers: &'a BTreeMap<String, String>,
    /// The public id of the token that it came with, by which the keys of some senders are told apart.
    pub token: Option<&'a str>,
}

impl<'a> ReceivedMessage<'a> {
    /// Returns it as a mapping reads it.
    #[must_use]
    pub fn as_message(&self) -> Message<'a> {
        let headers = self.headers.iter().map(|(name, text)| (name.clone(), text.clone()));
        Message {
            body: self.body,
            content_type: self.content_type,
            headers: headers.collect(),
            query: Vec::new(),
        }
    }
}

/// Why a message is not read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such receiver.
    #[error("there is no receiver {name:?}: there are {}", .names.join(", "))]
    NoReceiver {
        /// The name.
        name: String,
        /// The names of those that there are.
        names: Vec<String>,
    },
    /// The message can't be understood.
    #[error(transparent)]
    NotUnderstood(#[from] IngestError),
}

/// Returns the names of all receivers.
#[must_use]
pub fn receiver_names(settings: &IngestSettings) -> Vec<String> {
    let names = RECEIVERS.iter().copied().chain(settings.names());
    names.map(ToOwned::to_owned).collect()
}

/// Returns the name of a receiver as a label of metrics: its own, or `mapping` for one of the settings.
#[must_use]
pub fn label(receiver: &str) -> &'static str {
    let mut names = RECEIVERS.iter().copied().chain(senders::names());
    names.find(|name| *name == receiver).unwrap_or("mapping")
}

/// Reads a message as the receiver with a name does.
///
/// # Errors
/// There is no such receiver, or it does not understand the message.
pub fn read(
    receiver: &str,
    message: &ReceivedMessage<'_>,
    settings: &IngestSettings,
    now: DateTime<Utc>,
) -> Result<Vec<AlertGroup>, ReadError> {
    match receiver {
        alertmanager::SOURCE => Ok(vec![alertmanager::parse(message.body, now)?]),
        name => {
            let sender = settings.sender(name).ok_or_else(|| ReadError::NoReceiver {
                name: name.to_owned(),
                names: receiver_names(settings),
            })?;
            let message = message.as_message();
            Ok(mapping::read(&sender.mapping, name, &message, now)?.groups)
        }
    }
}
