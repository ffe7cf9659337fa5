//! Copies parts of an incident into the viewer's clipboard.

pub mod save_error;
pub mod update;
