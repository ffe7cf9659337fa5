//! Saved views and sort orders of the queue.

pub mod update;
