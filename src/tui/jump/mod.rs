//! Jumping to an incident by its number.

pub mod update;
