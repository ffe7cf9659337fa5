//! State of the metrics pane: the measures of a window of time.

mod blocks;
pub mod layout;
pub mod pages;
mod span;
pub mod update;
pub mod view;
mod wide;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use span::Span;

use crate::model::measures::Measures;
use crate::model::measures::sheet::Page;

use crate::tui::core::computed::{Computed, Identity};
use crate::tui::core::zone::Clock;
use crate::tui::metrics::pages::{PagesRequest, PagesState};
use crate::tui::theme::Theme;
use crate::tui::widgets::text::Line;

/// The inputs of the lines of the metrics pane.
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
    /// The page and its selected row; `None` for the overview.
    pub page: Option<PageInputs>,
}

/// The inputs of the lines of a page, besides the common ones.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageInputs {
    pub page: Page,
    pub row: usize,
    pub hour: Option<usize>,
    pub hides_comparison: bool,
    pub is_focused: bool,
    pub request: PagesRequest,
    /// The pages that were read for the request.
    pub loaded: Option<Identity>,
    /// When they were fetched, if they come from the cache.
    pub as_of: Option<DateTime<Utc>>,
    pub failed: Option<(PagesRequest, String)>,
    /// The number of terms of the filter that do not apply.
    pub unused_terms: usize,
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
    /// The reason why they could not be computed.
    pub failed: Option<String>,
    /// Text of the pane, laid out for its size.
    pub lines: Computed<MetricsInputs, Vec<Line<'static>>>,
    /// Index of the first line on the screen.
    pub top: usize,
    /// The page that is shown.
    pub page: Page,
    /// The index of the breakdown of the pages.
    pub cut: usize,
    /// Whether the pages leave out how figures have changed.
    pub hides_comparison: bool,
    /// The selected row of the tables of the page, and of the days of its map.
    pub row: usize,
    /// The hour that was chosen on the map; `None` for the one with most of the selected day.
    pub hour: Option<usize>,
    /// The index of the line of each row of the tables.
    pub row_lines: Vec<usize>,
    /// The fetched pages.
    pub pages: PagesState,
}
