//! Batches: commands that were sent together, until each has its outcome.

use crate::tui::form::Form;

/// Commands that were sent together, until each has its outcome.
#[derive(Debug)]
pub struct Batch {
    /// The number of the batch, which identifies it.
    pub number: u64,
    /// The action on the incidents, as in "acknowledge".
    pub verb: String,
    /// The participle of the action, as in "acknowledged".
    pub done_phrase: String,
    /// The number of incidents.
    pub total: usize,
    /// The number of commands without an outcome.
    pub remaining: usize,
    /// Label of each incident for which it failed, and the reason.
    pub failed: Vec<(String, String)>,
    /// How many keys had been pressed when the batch was sent.
    pub keys: u64,
    /// The form it came from. It is reopened after a rejection; after success its draft is deleted.
    pub form: Option<Box<Form>>,
}
