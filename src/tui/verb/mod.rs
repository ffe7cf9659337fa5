//! Verbs: how a change of an incident starts in the panes, is checked, and is sent.

pub mod plan;
pub mod precheck;
pub mod send;
pub mod start;
