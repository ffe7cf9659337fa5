//! Dead letters: messages that could not be understood, so that they can be read again once the
//! mapping or the sender is corrected.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Actor;
use crate::model::alert::IngestOutcome;
use crate::model::change::Change;
use crate::model::status::growing_enum;
use crate::model::unknown::read_entries;

/// The maximum number of dead letters; older ones are removed.
pub const MAX_DEAD_LETTERS: usize = 1000;
/// How many bytes the messages of all dead letters have at most.
pub const MAX_DEAD_LETTER_BYTES: u64 = 64 * 1024 * 1024;

/// A message that could not be understood, as it arrives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewDeadLetter {
    /// The receiver that it was sent to, such as `alertmanager`.
    pub source: String,
    /// The sender.
    pub actor: Actor,
    /// The public id of the token that it came with; `None` if it came without one.
    pub token: Option<String>,
    /// The type of the content according to the sender.
    pub content_type: Option<String>,
    /// The headers that the receiver reads, by name. No secrets.
    pub headers: BTreeMap<String, String>,
    /// The query of the request without keys and tokens, in URL encoding.
    pub query: Option<String>,
    /// The reason why it can't be understood.
    pub reason: String,
    /// The message as it arrived.
    pub message: Vec<u8>,
    /// When it arrived.
    pub at: DateTime<Utc>,
}

/// A message that could not be understood, without its content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeadLetter {
    /// Its number, in the order in which they arrived.
    pub number: u64,
    /// When it arrived first.
    pub received_at: DateTime<Utc>,
    /// When it arrived last. A message that is sent again is counted.
    pub last_at: DateTime<Utc>,
    /// How often it arrived.
    pub count: u64,
    /// The receiver that it was sent to, such as `alertmanager`.
    pub source: String,
    /// The sender, in whose name it is read again.
    pub actor: Actor,
    /// The public id of the token that it came with; absent if it came without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The type of the content according to the sender; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The headers that the receiver reads, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The query of the request without keys and tokens, in URL encoding; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The reason why it can't be understood.
    pub reason: String,
    /// The size of the message in bytes.
    pub bytes: u64,
}

/// Which dead letters are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeadLetterSearch {
    /// The greatest number of dead letters, from 1 to 1000.
    pub limit: u32,
    /// Only those that arrived before the one with this number.
    pub before: Option<u64>,
}

/// The messages that could not be understood, the one that arrived last first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterList {
    /// The dead letters.
    #[serde(deserialize_with = "read_entries")]
    pub letters: Vec<DeadLetter>,
    /// The total number.
    pub total: u64,
    /// How many were removed because the maximum was exceeded.
    pub dropped: u64,
}

growing_enum! {
    /// How the bytes of a message are written as text.
    MessageEncoding, "encoding" {
        /// As they are: the message is UTF-8.
        Text = "text",
        /// In Base64.
        Base64 = "base64",
    }
}

/// A message that could not be understood, with its content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeadLetterMessage {
    /// Its description.
    pub letter: DeadLetter,
    /// How the bytes of the message are written.
    pub encoding: MessageEncoding,
    /// The message.
    pub message: String,
}

impl DeadLetterMessage {
    /// Creates it from the bytes of the message.
    #[must_use]
    pub fn new(letter: DeadLetter, message: Vec<u8>) -> Self {
        match String::from_utf8(message) {
            Ok(message) => Self { letter, encoding: MessageEncoding::Text, message },
            Err(error) => {
                let message = STANDARD.encode(error.as_bytes());
                Self { letter, encoding: MessageEncoding::Base64, message }
            }
        }
    }

    /// Returns the message as it arrived; `None` if its encoding is unknown to this version.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self.encoding {
            MessageEncoding::Text => Some(self.message.clone().into_bytes()),
            MessageEncoding::Base64 => STANDARD.decode(&self.message).ok(),
            MessageEncoding::Unknown(_) => None,
        }
    }
}

/// The result of reading a message again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayedLetter {
    /// The description of the message, which is removed.
    pub letter: DeadLetter,
    /// The results of its alerts, for each group of them.
    #[serde(deserialize_with = "read_entries")]
    pub outcomes: Vec<IngestOutcome>,
    /// The changes that it reports, as they are recorded then.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub changes: Vec<Change>,
}

/// A backend has no dead letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this stores no messages that can't be understood: use the store where alerts are sent")]
pub struct NoDeadLetters;

/// There is no dead letter with a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no message {0} that can't be understood: `redphone ingest dead` lists them")]
pub struct NoSuchDeadLetter(pub u64);

/// A message is longer than all dead letters together may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a message of {0} bytes is too long to be stored")]
pub struct OversizedDeadLetter(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> DeadLetter {
        DeadLetter {
            number: 1,
            received_at: DateTime::UNIX_EPOCH,
            last_at: DateTime::UNIX_EPOCH,
            count: 1,
            source: "alertmanager".into(),
            actor: Actor::Integration("Alertmanager".into()),
            token: None,
            content_type: None,
            headers: BTreeMap::new(),
            query: None,
            reason: "the body is no JSON".into(),
            bytes: 3,
        }
    }

    #[test]
    fn any_bytes_survive_as_text() {
        for (bytes, encoding) in [
            (b"{}".to_vec(), MessageEncoding::Text),
            (Vec::new(), MessageEncoding::Text),
            (vec![0, 0xff, b'a'], MessageEncoding::Base64),
        ] {
            let message = DeadLetterMessage::new(letter(), bytes.clone());
            assert_eq!((message.encoding, message.bytes()), (encoding, Some(bytes)));
            let json = serde_json::to_string(&message).unwrap();
            assert_eq!(serde_json::from_str::<DeadLetterMessage>(&json).unwrap(), message);
        }
    }
}
