//! The matrix of impact × urgency.

pub mod update;
pub mod view;
