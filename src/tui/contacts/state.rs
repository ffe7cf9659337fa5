//! Operations on contacts that are in progress.

use crate::model::CommandId;

use crate::tui::form::Form;

/// Operations on contacts that are in progress.
#[derive(Debug, Default)]
pub struct ContactsState {
    /// The change that is not answered yet.
    pub pending: Option<PendingContact>,
    /// The name of the contact that is removed if the key is pressed once more.
    pub removal: Option<String>,
    /// Whether test messages are being sent.
    pub is_testing: bool,
}

/// A change that was sent and is not answered yet.
#[derive(Debug)]
pub struct PendingContact {
    /// The id of the request.
    pub id: CommandId,
    /// The operation, as in `adding phone`.
    pub operation: String,
    /// The form to reopen if the change is refused.
    pub form: Option<Box<Form>>,
}
