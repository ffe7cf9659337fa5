//! Channels against fakes on loopback that refuse the same requests as the real providers.

mod cases;
mod command;
mod email;
mod engines;
mod providers;
mod publisher_servers;
mod publishers;
mod reports;
mod stand_in;
mod tracker_servers;
mod trackers;
