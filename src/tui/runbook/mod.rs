//! Runbooks: offered for an incident, read, and ticked step by step.

pub mod update;
pub mod view;
