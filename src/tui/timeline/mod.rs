//! The timeline pane: one incident's events.

pub mod layout;
pub mod view;
