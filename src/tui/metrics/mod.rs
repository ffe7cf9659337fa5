//! State of the metrics pane: the measures of a window of time.

pub mod layout;
pub mod update;
pub mod view;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::measures::Measures;

use crate::tui::core::computed::{Computed, Identity};
use crate::tui::core::zone::Clock;
use crate::tui::theme::Theme;
use crate::tui::widgets::text::Line;

/// A window of time that the metrics pane can show.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Span {
    /// The last 24 hours.
    Day,
    /// The last 7 days.
    #[default]
    Week,
    /// The last 30 days.
    Month,
    /// The last 90 days.
    Quarter,
}

impl Span {
    /// All windows, from the shortest to the longest.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// Returns the text that stands for the window on the screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Month => "30 d",
            Self::Quarter => "90 d",
        }
    }

    /// Returns the window's length in days.
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

/// What the lines of the metrics pane depend on.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricsInputs {
    pub span: Span,
    /// The measures and the window they cover.
    pub loaded: Option<(Span, Identity)>,
    pub failed: Option<String>,
    /// Whether the rows have been read.
    pub has_rows: bool,
    /// Width and height of the pane in terminal cells.
    pub size: (usize, usize),
    /// Whether the pane has no border.
    pub is_bare: bool,
    pub now: DateTime<Utc>,
    pub clock: Clock,
    pub theme: Theme,
}

/// State of the metrics pane.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// The window that was chosen.
    pub span: Span,
    /// The latest measures and the window they cover.
    pub loaded: Option<(Span, Arc<Measures>)>,
    /// When these measures were fetched, if they come from the cache.
    pub as_of: Option<DateTime<Utc>>,
    /// When the measures last arrived or failed.
    pub loaded_at: Option<DateTime<Utc>>,
    /// Whether measures are being computed.
    pub loading: bool,
    /// Whether the queue has changed since they were computed.
    pub outdated: bool,
    /// Why they could not be computed.
    pub failed: Option<String>,
    /// Text of the pane, laid out for its size.
    pub lines: Computed<MetricsInputs, Vec<Line<'static>>>,
    /// Index of the first line on the screen.
    pub top: usize,
}
