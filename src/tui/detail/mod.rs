//! The detail pane: one incident's record.

mod alerts;
mod fields;
pub mod layout;
mod named;
mod notified;
mod review;
mod time;
pub mod view;
