//! Settings of channels, and of the people who are reached over them.

use std::path::PathBuf;
use std::time::Duration;

use crate::backend::http::TokenSource;
use crate::model::calendar::CalendarSource;
use crate::model::notification::{ChannelKind, Contacts};
use crate::outbound::{ChannelOptions, PrivateHost, TrackerKind, TrackerOptions};

/// Channels, contacts, and common settings of everything that leaves the machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutboundSettings {
    /// Hosts that may be in the own network, and without TLS.
    pub private_hosts: Vec<PrivateHost>,
    /// A file of certificates that are trusted in addition to those of the system.
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
    /// The options that are not secret.
    pub options: ChannelOptions,
    /// The source of its secret.
    pub secret: Option<TokenSource>,
    /// The file with the secret before it was replaced.
    pub old_secret: Option<TokenSource>,
}

/// The default interval at which the state of an issue is read.
pub const DEFAULT_POLL: Duration = Duration::from_mins(10);

/// A tracker of the settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackerSettings {
    /// The name by which action items refer to it.
    pub name: String,
    /// The kind of the tracker.
    pub kind: TrackerKind,
    /// The options that are not secret.
    pub options: TrackerOptions,
    /// The source of its token.
    pub secret: TokenSource,
    /// Whether it is used if no tracker is named.
    pub is_default: bool,
    /// Whether an action item is done when its issue is.
    pub closes_items: bool,
    /// How often the state of an issue is read.
    pub poll: Duration,
}

impl OutboundSettings {
    /// Returns the names of the trackers, and an empty one if there is a default tracker: the only one, or
    /// the one that is marked.
    #[must_use]
    pub fn tracker_names(&self) -> Vec<String> {
        let has_default =
            self.trackers.len() == 1 || self.trackers.iter().any(|tracker| tracker.is_default);
        let names = self.trackers.iter().map(|tracker| tracker.name.clone());
        names.chain(has_default.then(String::new)).collect()
    }

    /// Returns the channel with this name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ChannelSettings> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}
