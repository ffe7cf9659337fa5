//! The screen that shows what the next person must know.

pub mod logic;
