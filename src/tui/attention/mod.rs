//! Requests the viewer's attention for incidents that concern them.

pub mod update;
