//! Messages to people, independent of the channel.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::model::notification::MessageKind;
use crate::model::{IncidentId, IncidentNumber, Priority, Status};

/// A message to a person, independent of the channel. Channels escape and truncate it.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundMessage {
    /// The same over all attempts of one delivery, so that a receiver can recognize a repetition.
    pub id: Uuid,
    /// The kind.
    pub kind: MessageKind,
    /// The incident.
    pub incident: Option<MessageIncident>,
    /// One or a few sentences of plain text.
    pub text: String,
    /// The URL of the incident, if a public URL is set.
    pub url: Option<String>,
    /// The actions that are possible from within the message.
    pub actions: Vec<MessageAction>,
    /// The mail address for replies. Anybody who has it can act, so it is treated as a secret.
    pub reply_to: Option<String>,
    /// The number of further messages that this one represents.
    pub bundled: u32,
    /// A document in place of a message, whose text is in `text` as well.
    pub document: Option<Arc<MessageDocument>>,
}

/// A document that is sent to a person, such as a report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageDocument {
    /// The title on one line.
    pub title: String,
    /// The document as HTML, for channels that show it; the text is sent without it.
    pub html: Option<String>,
}

impl OutboundMessage {
    /// Returns the URL that opens when the message itself is tapped: that of the incident,
    /// otherwise the page of the first action, which asks for confirmation.
    #[must_use]
    pub fn main_url(&self) -> Option<&str> {
        let first = self.actions.first().map(|action| action.url.as_str());
        self.url.as_deref().or(first)
    }

    /// Returns the id by which receivers recognize a repetition: that of the message, or one of what it says if
    /// it represents several. A later attempt may represent more of them, and is no repetition then.
    #[must_use]
    pub fn repetition_id(&self) -> Uuid {
        if self.bundled == 0 {
            return self.id;
        }
        let mut hasher = Sha256::new();
        hasher.update(self.id.as_bytes());
        hasher.update(self.bundled.to_le_bytes());
        hasher.update(self.text.as_bytes());
        let hash: [u8; 32] = hasher.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// Returns the parts that only the recipient may see: the signed URLs, and the address for
    /// replies.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let urls = self.actions.iter().map(|action| action.url.as_str());
        urls.chain(self.reply_to.as_deref())
    }
}

impl std::fmt::Debug for OutboundMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboundMessage")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("incident", &self.incident)
            .field("text", &self.text)
            .field("url", &self.url)
            .field("actions", &self.actions)
            .field("bundled", &self.bundled)
            .field("document", &self.document.as_ref().map(|document| &document.title))
            .finish_non_exhaustive()
    }
}

/// The facts of an incident that a message names.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct MessageIncident {
    pub number: IncidentNumber,
    pub id: IncidentId,
    pub title: String,
    pub priority: Priority,
    pub service: Option<String>,
    pub team: Option<String>,
    pub status: Status,
    pub reported_at: DateTime<Utc>,
}

/// An action that is possible from within a message. Anybody who has the URL can perform it, so it
/// is treated as a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageAction {
    /// The name of the action, such as `Acknowledge`.
    pub label: String,
    /// The signed URL that performs it.
    pub url: String,
}

impl std::fmt::Debug for MessageAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageAction").field("label", &self.label).finish_non_exhaustive()
    }
}
