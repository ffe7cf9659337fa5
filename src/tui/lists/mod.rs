//! The screens of the lists over all incidents: reviews, action items, problems and changes.

pub mod action_items;
pub mod changes;
pub mod problems;
pub mod reviews;
mod shared;
