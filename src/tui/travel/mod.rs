//! Viewing an incident as it was at an earlier event.

pub mod update;
