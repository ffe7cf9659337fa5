//! The timeline pane: one incident's events.

pub mod view;
