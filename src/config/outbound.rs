//! What the settings say about channels, and about the people who are reached over them.

use std::path::PathBuf;

use crate::backend::http::TokenSource;
use crate::model::calendar::CalendarSource;
use crate::model::notification::{ChannelKind, Contacts};
use crate::outbound::{ChannelOptions, PrivateHost};

/// Channels, contacts, and what holds for everything that leaves the machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutboundSettings {
    /// Hosts that may be in the own network, and without TLS.
    pub private_hosts: Vec<PrivateHost>,
    /// A file of certificates that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// The channels, in the order of the file.
    pub channels: Vec<ChannelSettings>,
    /// The contacts of people, and the rules by which these are used.
    pub contacts: Contacts,
    /// The calendars from which schedules are read.
    pub calendars: Vec<CalendarSource>,
}

/// A channel of the settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelSettings {
    /// The name by which contacts refer to it.
    pub name: String,
    /// The kind of the channel.
    pub kind: ChannelKind,
    /// What is not secret.
    pub options: ChannelOptions,
    /// Where its secret comes from.
    pub secret: Option<TokenSource>,
    /// The file with the secret before it was replaced.
    pub old_secret: Option<TokenSource>,
}

impl OutboundSettings {
    /// Returns the channel with this name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ChannelSettings> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}
