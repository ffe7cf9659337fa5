//! The popup that lists the keys.

pub mod layout;
pub mod update;
pub mod view;

/// The list of keys, searched and scrolled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Help {
    /// The text that keys are searched by.
    pub query: String,
    /// Index of the first line on the screen.
    pub top: usize,
}
