//! The parts of the application state that no single feature owns.
//!
//! A feature's own state is in the feature's folder.

pub mod connection;
pub mod fetched;
pub mod forms;
pub mod inflight;
pub mod notices;
pub mod session;
pub mod ui;
