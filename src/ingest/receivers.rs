//! Reads a message as one of the receivers does, by its name: what a dead letter is read again by, and
//! what comes from standard input.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::events::EventBody;
use super::goalert::AlertFields;
use super::identity::digest_bytes;
use super::prometheus::PostedAlerts;
use super::{IngestError, IngestSettings, alertmanager, events, goalert, opsgenie, prometheus};
use crate::model::alert::AlertGroup;

/// The receivers that read a form of their own; those of the settings come on top.
pub const RECEIVERS: &[&str] =
    &[alertmanager::SOURCE, prometheus::SOURCE, events::SOURCE, opsgenie::SOURCE, goalert::SOURCE];

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
pub fn receiver_names(_settings: &IngestSettings) -> Vec<String> {
    RECEIVERS.iter().map(|name| (*name).to_owned()).collect()
}

/// Returns the name of a receiver as a label of metrics: its own, or `mapping` for one of the settings.
#[must_use]
pub fn label(receiver: &str) -> &'static str {
    RECEIVERS.iter().copied().find(|name| *name == receiver).unwrap_or("mapping")
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
    let token = message.token.unwrap_or("none");
    match receiver {
        alertmanager::SOURCE => Ok(vec![alertmanager::parse(message.body, now)?]),
        prometheus::SOURCE => match prometheus::parse(message.body, now)? {
            PostedAlerts { groups, unusable: Some(error) } if groups.is_empty() => {
                Err(error.into())
            }
            posted => Ok(posted.groups),
        },
        events::SOURCE => {
            let body = EventBody::parse(message.body)?;
            let event = body.event(body.version(), token, new_id(message));
            let event = event.map_err(first_error)?;
            Ok(vec![event.group])
        }
        opsgenie::SOURCE => Ok(vec![opsgenie::create(message.body, token, new_id(message))?.group]),
        goalert::SOURCE => Ok(vec![AlertFields::default().with_json(message.body)?.group(token)?]),
        _ => Err(ReadError::NoReceiver {
            name: receiver.to_owned(),
            names: receiver_names(settings),
        }),
    }
}

/// Returns the id of an alert whose sender gives it none: the same whenever the message is read.
fn new_id(message: &ReceivedMessage<'_>) -> Uuid {
    let body = String::from_utf8_lossy(message.body);
    let token = message.token.unwrap_or_default();
    uuid::Builder::from_random_bytes(digest_bytes(&[token, &body])).into_uuid()
}

/// Returns the first of several errors.
fn first_error(errors: Vec<IngestError>) -> IngestError {
    errors.into_iter().next().unwrap_or(IngestError::Missing("what it is about"))
}
