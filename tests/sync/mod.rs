//! What is kept of a remote, and what waits for it: in one process, in several, and in those that are
//! killed.

mod files;
mod fixtures;
mod hour;
mod keeping;
mod outbox;
mod poller;
mod processes;
mod readers;
mod reading;
mod turns;
mod two;
