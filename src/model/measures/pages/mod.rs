//! The pages of the measures: times, volume, service levels, recurring faults, error budgets, people
//! and practice, each over a window and over the window of the same length before it.
//!
//! [`compute_pages`] is pure: it gets the facts and the histories of the incidents that were
//! reported or resolved in either window, and the other inputs as [`PageInputs`].

mod buckets;
mod budget;
mod compute;
mod figures;
mod history;
mod offsets_zone;
mod people;
mod query;
mod sums;

pub use buckets::Bucket;
pub use budget::{
    Budget, Objective, Outage, all_objectives, burn_permille, compute_budgets, union_ms,
};
pub use compute::{
    CutRow, CutTable, MAX_CUT_ROWS, PageInputs, Pages, RecurringFault, compute_pages,
};
pub use figures::{HISTOGRAM_BOUNDS_MS, PageFigures, Practice, TimeMeasure, Timing};
pub use history::{History, HistoryFold, MISSING_FIELDS, ReviewProgress};
pub use people::{Call, PersonLoad, Shift, compute_people, is_night, shifts};
pub(in crate::model::measures) use query::term_value;
pub use query::{Dimension, Offsets, PagesQuery, Selection, SelectionKeys};
