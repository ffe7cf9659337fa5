//! The channels: one file each, behind the trait [`Channel`].

mod build;
mod command;
mod common;
mod discord;
mod document;
mod email;
mod gotify;
mod matrix;
mod mattermost;
mod ntfy;
mod pushover;
mod slack;
mod smtp_stream;
mod teams;
mod telegram;
mod twilio;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::Client;
use super::delivery::Channel;

pub use build::{ChannelSecrets, build};

/// The channels of the settings, by name.
#[derive(Clone, Default)]
pub struct Channels {
    channels: BTreeMap<String, Arc<dyn Channel>>,
    /// The client for requests to monitored servers.
    client: Option<Arc<Client>>,
}

impl Channels {
    /// Adds a channel. One with the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, channel: Arc<dyn Channel>) {
        self.channels.insert(name.into(), channel);
    }

    /// Returns the client for requests to monitored servers; `None` if there is none.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        self.client.as_deref()
    }

    /// Sets the client for requests to monitored servers.
    #[must_use]
    pub fn with_client(mut self, client: Arc<Client>) -> Self {
        self.client = Some(client);
        self
    }

    /// Returns the channel with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Channel>> {
        self.channels.get(name)
    }

    /// Returns the names of all channels, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.channels.keys().map(String::as_str)
    }
}
