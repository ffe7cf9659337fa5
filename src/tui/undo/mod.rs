//! Undoing the last action.

pub mod update;
