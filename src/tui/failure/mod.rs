//! The popup with the details of the last failure.

pub mod layout;
