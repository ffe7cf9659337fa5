//! Changes of settings while the panes run.

pub mod appearance;
pub mod errand;
pub mod update;
