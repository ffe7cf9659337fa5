//! The trait of all channels, and the result of sending a message over one.

use std::time::Duration;

use async_trait::async_trait;

use super::message::OutboundMessage;
use crate::model::notification::ChannelKind;

/// A channel of the settings, over which messages are sent to addresses.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Returns the kind of the channel.
    fn kind(&self) -> ChannelKind;

    /// Checks the form of an address, without sending anything.
    ///
    /// # Errors
    /// [`AddressError`] with the form of an address of this channel.
    fn check_address(&self, address: &str) -> Result<(), AddressError>;

    /// Sends a message once, within bounded time. The caller decides whether to try again.
    ///
    /// # Errors
    /// [`SendError`] with whether trying again may help. It contains no secret.
    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError>;
}

/// The answer of a provider that has accepted a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Receipt {
    /// The id that the provider gave to the message.
    pub provider_id: Option<String>,
    /// The answer on one line, at most 1 KiB and without secrets.
    pub answer: String,
}

/// The reason why a message was not sent. Displayed as a sentence without secrets.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// The message was not accepted now; another attempt may succeed.
    #[error("{reason}")]
    Temporary {
        /// The failure, as a sentence.
        reason: String,
        /// The wait before another attempt that the provider requests.
        retry_after: Option<Duration>,
    },
    /// Another attempt over this contact can't succeed until somebody changes something.
    #[error("{reason}")]
    Permanent {
        /// The error and the remedy, as a sentence.
        reason: String,
    },
    /// The message may have arrived. Another attempt may deliver it twice.
    #[error("{reason}")]
    Uncertain {
        /// The failure, as a sentence.
        reason: String,
    },
}

impl SendError {
    /// Returns the error for an attempt that may succeed later.
    pub fn temporary(reason: impl Into<String>) -> Self {
        Self::Temporary { reason: reason.into(), retry_after: None }
    }

    /// Returns the error for an attempt that can't succeed until somebody changes something.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent { reason: reason.into() }
    }

    /// Returns the error for a message that may have arrived.
    pub fn uncertain(reason: impl Into<String>) -> Self {
        Self::Uncertain { reason: reason.into() }
    }

    /// Returns the error for a receiver that recognizes repetitions: a message that may have
    /// arrived can be sent again without arriving twice.
    #[must_use]
    pub fn for_repeatable(self) -> Self {
        match self {
            Self::Uncertain { reason } => Self::Temporary { reason, retry_after: None },
            other => other,
        }
    }
}

/// The error for a text that is no address of a channel. Displayed as half a sentence that follows
/// the name of the setting.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("is not one of {kind}: write {expected}")]
pub struct AddressError {
    /// The kind of the channel.
    pub kind: ChannelKind,
    /// The expected form.
    pub expected: &'static str,
}

impl From<AddressError> for SendError {
    fn from(error: AddressError) -> Self {
        Self::permanent(format!("the address {error}"))
    }
}
