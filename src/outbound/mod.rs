//! Everything that leaves the machine to reach people: messages, the channels that send them, and
//! the only client through which all of them send.
//!
//! This module does not decide who is notified, when and how often. Channels, hosts and commands
//! come from the settings alone; a person only chooses one of them and gives an address.

pub mod answer;
pub mod calendar;
pub mod channel;
pub mod client;
pub mod delivery;
pub mod message;
pub mod network;
pub mod options;
pub mod publisher;
pub mod secret;
pub mod site;
mod text;
pub mod tracker;

pub use channel::Channels;
pub use client::{Client, ClientOptions};
pub use delivery::{AddressError, Channel, Receipt, SendError};
pub use message::{MessageAction, MessageDocument, MessageIncident, OutboundMessage};
pub use network::PrivateHost;
pub use options::{ChannelOptions, OptionKey};
pub use secret::{Secret, SecretError, SecretSource};
pub use tracker::{ConfiguredTracker, Tracker, TrackerKind, TrackerOptions, Trackers};

pub use crate::model::notification::{ChannelKind, MessageKind};
