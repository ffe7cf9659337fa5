//! Verbs: how a change of an incident starts in the panes, is checked, and is sent.

pub mod availability;
pub mod batch;
pub mod plan;
pub mod planning;
pub mod precheck;
pub mod selection;
pub mod send;
pub mod start;
pub mod target;
