//! The screens of the lists over all incidents: reviews, action items, problems, changes, noise and
//! notifications.

pub mod action_items;
pub mod changes;
pub mod noise;
pub mod notifications;
pub mod problems;
pub mod reviews;
pub mod services;
pub(in crate::tui) mod shared;
