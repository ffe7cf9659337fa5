//! The timeline pane: one incident's events.

pub mod layout;
pub mod update;
pub mod view;

/// Which events of the timeline are shown, and in which order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TimelineView {
    /// Whether the oldest event comes first.
    pub oldest_first: bool,
    /// Whether only notes are shown.
    pub notes_only: bool,
    /// The words that shown events contain; empty for all events.
    pub search: String,
}

impl TimelineView {
    /// Returns whether events are left out.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.notes_only || self.is_searched()
    }

    /// Returns whether a search is active.
    #[must_use]
    pub fn is_searched(&self) -> bool {
        !self.search.trim().is_empty()
    }
}

/// The search of the timeline while it is typed. The typed text is in [`TimelineView::search`], so
/// that the events follow it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TimelineSearch {
    /// The previous words, which are restored if the search is cancelled.
    pub previous: String,
}
