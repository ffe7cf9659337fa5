//! The behaviour that every backend must have.

mod administration;
mod commands;
mod lists;
mod reading;
mod searching;

pub use administration::*;
pub use commands::*;
pub use lists::*;
pub use reading::*;
pub use searching::*;
