//! What every backend must do.

mod commands;
mod reading;
mod searching;

pub use commands::*;
pub use reading::*;
pub use searching::*;
