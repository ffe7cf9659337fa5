//! The timeline pane: one incident's events.

pub mod layout;
pub mod update;
pub mod view;

/// Which events of the timeline are shown, and in which order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TimelineView {
    /// Whether the first event comes first.
    pub oldest_first: bool,
    /// Whether only notes are shown.
    pub notes_only: bool,
    /// The words that shown events have; empty for all events.
    pub search: String,
}

impl TimelineView {
    /// Returns whether events are left out.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.notes_only || self.is_searched()
    }

    /// Returns whether words are searched for.
    #[must_use]
    pub fn is_searched(&self) -> bool {
        !self.search.trim().is_empty()
    }
}

/// The search of the timeline while it is typed. What is typed is in [`TimelineView::search`], so
/// that the events follow it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TimelineSearch {
    /// The words before, which come back if the search is left.
    pub previous: String,
}
