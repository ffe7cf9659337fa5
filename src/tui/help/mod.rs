//! The popup that lists the keys.

pub mod update;
pub mod view;
