//! Channels against stand-ins on loopback that refuse what the real providers refuse.

mod cases;
mod command;
mod email;
mod providers;
mod publishers;
mod reports;
mod stand_in;
mod tracker_servers;
mod trackers;
