//! The four panes, and what the metrics pane keeps.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ratatui::text::Line;

use crate::model::measures::Measures;

/// The four panes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pane {
    /// The open incidents.
    Queue,
    /// The record of one.
    Detail,
    /// What has happened to it.
    Timeline,
    /// The measures.
    Metrics,
}

impl Pane {
    /// In the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Queue, Self::Detail, Self::Timeline, Self::Metrics];

    /// The name on its border.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "Queue",
            Self::Detail => "Detail",
            Self::Timeline => "Timeline",
            Self::Metrics => "Metrics",
        }
    }

    /// The key that focuses it, from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}

/// The windows of the metrics pane.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Span {
    /// The last 24 hours.
    Day,
    /// The last 7 days.
    Week,
    /// The last 30 days.
    Month,
    /// The last 90 days.
    Quarter,
}

impl Span {
    /// From the shortest to the longest.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// As it is shown.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Month => "30 d",
            Self::Quarter => "90 d",
        }
    }

    /// Its length in days.
    #[must_use]
    pub const fn days(self) -> u32 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }
}

/// The metrics pane.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The window that is wanted.
    pub span: Span,
    /// What was computed last, and for which window.
    pub loaded: Option<(Span, Arc<Measures>)>,
    /// When.
    pub loaded_at: Option<DateTime<Utc>>,
    /// Being computed.
    pub loading: bool,
    /// The queue has changed since.
    pub outdated: bool,
    /// Why it could not be computed.
    pub failed: Option<String>,
    /// Lines, made for the pane's size.
    pub lines: Vec<Line<'static>>,
    /// First line on the screen.
    pub top: usize,
}
