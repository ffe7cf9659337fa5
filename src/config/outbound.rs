//! What the settings say about channels, and about the people who are reached over them.

use std::path::PathBuf;
use std::time::Duration;

use crate::backend::http::TokenSource;
use crate::model::calendar::CalendarSource;
use crate::model::notification::{ChannelKind, Contacts};
use crate::outbound::{ChannelOptions, PrivateHost, TrackerKind, TrackerOptions};

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
    /// The trackers in which action items become issues, in the order of the file.
    pub trackers: Vec<TrackerSettings>,
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

/// How often the state of an issue is read, unless the settings say something else.
pub const DEFAULT_POLL: Duration = Duration::from_mins(10);

/// A tracker of the settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackerSettings {
    /// The name by which action items refer to it.
    pub name: String,
    /// The kind of the tracker.
    pub kind: TrackerKind,
    /// What is not secret.
    pub options: TrackerOptions,
    /// Where its token comes from.
    pub secret: TokenSource,
    /// Whether it is meant where no tracker is named.
    pub is_default: bool,
    /// Whether an action item is done when its issue is.
    pub closes_items: bool,
    /// How often the state of an issue is read.
    pub poll: Duration,
}

impl OutboundSettings {
    /// Returns the channel with this name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ChannelSettings> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}
