//! The question before something irreversible is done, or something to many incidents.

pub mod layout;
pub mod update;

use crate::tui::form::Form;
use crate::tui::verb::plan::Plan;

/// A question before something irreversible is done, or something to many incidents.
#[derive(Debug)]
pub struct Confirm {
    /// The plan to carry out once it is confirmed.
    pub plan: Plan,
    /// Whether it can't be undone.
    pub irreversible: bool,
    /// The form that it comes from, to return to.
    pub form: Option<Box<Form>>,
    /// First line on the screen.
    pub top: usize,
}

/// The outcome of a batch in which something failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Results {
    /// The participle of the action, as in "acknowledged".
    pub done_phrase: String,
    /// The number of incidents.
    pub total: usize,
    /// Label of each incident for which it failed, and the reason.
    pub failed: Vec<(String, String)>,
    /// First line on the screen.
    pub top: usize,
}
