//! The goto menu: one more key goes to a row, to an incident by its number, or to a screen.

pub mod layout;
pub mod update;
pub mod view;

/// The menu while it is open.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Goto {
    /// The digits of an incident's number typed so far.
    pub number: String,
}
