//! The behaviour that every backend must have.

mod commands;
mod reading;
mod searching;

pub use commands::*;
pub use reading::*;
pub use searching::*;
