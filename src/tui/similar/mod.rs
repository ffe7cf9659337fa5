//! The incidents that resemble one: those of the same fault, and those that are alike otherwise.

pub mod apply;
pub mod hint;
pub mod logic;
pub mod update;
