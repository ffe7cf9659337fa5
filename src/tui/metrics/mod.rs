//! The metrics pane.

pub mod view;
