//! What is kept of a remote, and what waits for it: in one process, in several, and in those that are
//! killed.

#[allow(dead_code, reason = "the conformance suite uses the rest")]
#[path = "../conformance/make.rs"]
mod make;

#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "../support/far.rs"]
mod far;

mod files;
mod hour;
mod keeping;
mod outbox;
mod place;
mod processes;
mod reading;
mod turns;
mod two;
