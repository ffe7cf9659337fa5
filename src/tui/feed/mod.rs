//! The screen of the events of all incidents.

pub mod logic;
