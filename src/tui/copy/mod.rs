//! Copies parts of an incident into the viewer's clipboard.

pub mod update;
