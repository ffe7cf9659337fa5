//! What is sent to a person, independent of the channel.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::notification::MessageKind;
use crate::model::{IncidentId, IncidentNumber, Priority, Status};

/// What is sent to a person, independent of the channel. Channels escape and cut it.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundMessage {
    /// The same over all attempts of one delivery, so that a receiver can recognize a repetition.
    pub id: Uuid,
    /// What it is about.
    pub kind: MessageKind,
    /// The incident that it is about.
    pub incident: Option<MessageIncident>,
    /// One or a few sentences of plain text.
    pub text: String,
    /// The URL of the incident, if a public URL is set.
    pub url: Option<String>,
    /// What the person can do from within the message.
    pub actions: Vec<MessageAction>,
    /// The mail address by which the person can answer. Whoever has it can act, so it is treated as a
    /// secret.
    pub reply_to: Option<String>,
    /// How many more messages this one stands for.
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
    /// Returns the URL that opens when the message itself is tapped: that of the incident, or else the
    /// page of the first action, which asks before it does anything.
    #[must_use]
    pub fn main_url(&self) -> Option<&str> {
        let first = self.actions.first().map(|action| action.url.as_str());
        self.url.as_deref().or(first)
    }

    /// Returns what nobody but the person may see: the signed URLs, and the address of the reply.
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

/// Something that a person can do from within a message. Whoever has the URL can do it, so it is
/// treated as a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageAction {
    /// What is done, such as `Acknowledge`.
    pub label: String,
    /// The signed URL that does it.
    pub url: String,
}

impl std::fmt::Debug for MessageAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageAction").field("label", &self.label).finish_non_exhaustive()
    }
}
