//! State of the outbox popup: refused commands first, then pending ones, then sent ones.

pub mod layout;
pub mod report;
pub mod update;
pub mod view;

use std::sync::Arc;

use crate::model::CommandId;
use crate::sync::remote::{OutboxEntry, OutboxSnapshot};

/// The maximum number of sent commands that are shown.
pub const MAX_SENT: usize = 20;

/// The popup that shows the outbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutboxPane {
    /// The id of the selected command.
    pub selected_id: Option<CommandId>,
    /// The index of the selected command, used when that command disappears.
    pub last_index: usize,
    /// First line on the screen.
    pub top: usize,
    /// The command for which dropping needs a confirmation.
    pub confirm_drop: Option<CommandId>,
    /// The reason why the last key could not be applied to the selected command.
    pub notice: Option<String>,
}

/// Returns the commands in the order in which they are shown.
#[must_use]
pub fn display_order(outbox: &OutboxSnapshot) -> Vec<&Arc<OutboxEntry>> {
    outbox.refused().chain(outbox.pending()).chain(outbox.sent().take(MAX_SENT)).collect()
}

impl OutboxPane {
    /// Returns the index of the selected command in display order.
    #[must_use]
    pub fn selected_index(&self, outbox: &OutboxSnapshot) -> usize {
        let entries = display_order(outbox);
        let index = self.selected_id.and_then(|id| entries.iter().position(|entry| entry.id == id));
        index.unwrap_or(self.last_index).min(entries.len().saturating_sub(1))
    }

    /// Returns the selected command.
    #[must_use]
    pub fn selected<'a>(&self, outbox: &'a OutboxSnapshot) -> Option<&'a Arc<OutboxEntry>> {
        display_order(outbox).get(self.selected_index(outbox)).copied()
    }
}
