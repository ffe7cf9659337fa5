//! What a notification is about.

use std::fmt;
use std::str::FromStr;

use strum::IntoEnumIterator;

/// What a notification is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum MessageKind {
    /// Somebody is called because an incident needs an acknowledgement.
    Page,
    /// Something about an incident has changed.
    Update,
    /// Something must not be forgotten.
    Reminder,
    /// An incident has ended.
    Resolved,
    /// Somebody tries out whether a contact works.
    Test,
}

/// The error for a text that names no kind of message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no kind of message {0:?} in this version")]
pub struct UnknownMessageKind(pub String);

impl MessageKind {
    /// Returns the text by which the kind is stored and sent, such as `page`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MessageKind {
    type Err = UnknownMessageKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownMessageKind(text.chars().take(40).collect()))
    }
}
