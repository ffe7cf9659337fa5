//! The question before something irreversible is done, or something to many incidents.

pub mod update;
pub mod view;
