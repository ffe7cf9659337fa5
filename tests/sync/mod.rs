//! The cache and the outbox of a remote: in one process, in several, and in killed ones.

mod cache;
mod clocks;
mod conflicts;
mod fixtures;
mod later;
mod lists;
mod offline_hour;
mod outbox;
mod outbox_files;
mod poller;
mod processes;
mod readers;
mod redactions;
mod remote_poller;
mod screens;
mod sending;
mod takeover;
