//! Changes of settings while the panes run.

pub mod appearance;
pub mod update;
