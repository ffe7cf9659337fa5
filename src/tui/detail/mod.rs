//! The detail pane: one incident's record.

pub mod layout;
pub mod view;
