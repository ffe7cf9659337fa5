//! The screen of the information for the next person on call.

pub mod logic;
