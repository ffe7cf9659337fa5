//! The first line of the screen: the workspace, the connection, and counts.

pub mod layout;
pub mod view;
