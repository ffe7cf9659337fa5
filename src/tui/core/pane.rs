//! The four panes, with their names and keys.

/// One of the four panes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pane {
    /// List of the open incidents.
    Queue,
    /// Record of one incident.
    Detail,
    /// Events of that incident.
    Timeline,
    /// Measures over a window of time.
    Metrics,
}

impl Pane {
    /// All panes in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Queue, Self::Detail, Self::Timeline, Self::Metrics];

    /// Returns the name on the pane's border.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "Queue",
            Self::Detail => "Detail",
            Self::Timeline => "Timeline",
            Self::Metrics => "Metrics",
        }
    }

    /// Returns the digit of the key that focuses the pane, from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}
