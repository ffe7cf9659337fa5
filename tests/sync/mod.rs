//! What is kept of a remote, and what waits for it: in one process, in several, and in those that are
//! killed.

mod cache;
mod conflicts;
mod fixtures;
mod offline_hour;
mod outbox;
mod outbox_files;
mod poller;
mod processes;
mod remote_poller;
mod sending;
