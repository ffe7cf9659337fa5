//! The screen that shows who is on call: now, next, and over two weeks.

pub mod copy;
pub mod logic;
pub mod overrides;
pub mod stand_in;
pub mod strip;
pub mod times;
