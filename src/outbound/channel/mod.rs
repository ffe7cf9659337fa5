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
mod teams;
mod telegram;
mod twilio;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::delivery::Channel;

pub use build::{ChannelSecrets, build};

/// The channels of the settings, by name.
#[derive(Clone, Default)]
pub struct Channels(BTreeMap<String, Arc<dyn Channel>>);

impl Channels {
    /// Adds a channel. One with the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, channel: Arc<dyn Channel>) {
        self.0.insert(name.into(), channel);
    }

    /// Returns the channel with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Channel>> {
        self.0.get(name)
    }

    /// Returns the names of all channels, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
