//! The kinds of channels over which people can be notified.

use std::fmt;
use std::str::FromStr;

use strum::IntoEnumIterator;

use crate::model::text::sanitize;

/// A kind of channel over which people can be notified. The texts are those of the settings file.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::EnumIter, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum ChannelKind {
    /// A program that is run without a shell and reads the message from its standard input.
    Command,
    /// E-mail over SMTP.
    Email,
    /// Push messages by a server of ntfy.
    Ntfy,
    /// HTTP requests that are signed as Standard Webhooks has it.
    Webhook,
    /// Slack, by an incoming webhook or as a bot.
    Slack,
    /// Push messages by a server of Gotify.
    Gotify,
    /// Push messages by Pushover.
    Pushover,
    /// A bot of Telegram.
    Telegram,
    /// Rooms of Matrix.
    Matrix,
    /// Incoming webhooks of Mattermost.
    Mattermost,
    /// Webhooks of Discord.
    Discord,
    /// Workflows of Microsoft Teams.
    Teams,
    /// Text messages by Twilio.
    TwilioSms,
    /// Calls by Twilio.
    TwilioCall,
}

/// The error for a text that names no kind of channel, as the settings of a later version may have
/// it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no kind of channel {:?} in this version", sanitize(.0))]
pub struct UnknownChannelKind(pub String);

impl ChannelKind {
    /// Returns all kinds, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }

    /// Returns the text of the settings file, such as `twilio_sms`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ChannelKind {
    type Err = UnknownChannelKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| UnknownChannelKind(text.chars().take(40).collect()))
    }
}
