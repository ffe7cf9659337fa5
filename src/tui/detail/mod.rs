//! The detail pane: one incident's record.

pub mod view;
