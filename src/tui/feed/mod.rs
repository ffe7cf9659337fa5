//! The screen that shows what happened to all incidents.

pub mod logic;
