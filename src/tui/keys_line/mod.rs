//! The last line of the screen: the most important keys, or a sentence for a few seconds.

pub mod layout;
pub mod view;
