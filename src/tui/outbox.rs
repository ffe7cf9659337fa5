//! The outbox as it is shown: what was refused first, then what waits, then what was sent.

use std::sync::Arc;

use crate::model::CommandId;
use crate::sync::remote::{OutboxEntry, OutboxSnapshot};

/// The most of those that were sent.
pub const MAX_SENT: usize = 20;

/// The outbox, lying over the panes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutboxPane {
    /// What is selected; the first where it is not there any more.
    pub selected_id: Option<CommandId>,
    /// Its place, for when it goes.
    pub last_index: usize,
    /// First line on the screen.
    pub top: usize,
    /// The command that is asked about, whether it may be dropped.
    pub confirm_drop: Option<CommandId>,
    /// Why something can't be done with what is selected.
    pub notice: Option<String>,
}

/// The commands in the order in which they are shown.
#[must_use]
pub fn display_order(listing: &OutboxSnapshot) -> Vec<&Arc<OutboxEntry>> {
    listing.refused().chain(listing.pending()).chain(listing.sent().take(MAX_SENT)).collect()
}

impl OutboxPane {
    /// The place of what is selected.
    #[must_use]
    pub fn selected_index(&self, listing: &OutboxSnapshot) -> usize {
        let all = display_order(listing);
        let there = self.selected_id.and_then(|id| all.iter().position(|entry| entry.id == id));
        there.unwrap_or(self.last_index).min(all.len().saturating_sub(1))
    }

    /// What is selected.
    #[must_use]
    pub fn selected<'a>(&self, listing: &'a OutboxSnapshot) -> Option<&'a Arc<OutboxEntry>> {
        display_order(listing).get(self.selected_index(listing)).copied()
    }
}
