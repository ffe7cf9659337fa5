//! The open incidents as the poller publishes them.

use std::sync::Arc;

use crate::model::Summary;
use crate::model::queue::OpenCounts;

/// The open incidents as they were known at one moment. Immutable.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All open incidents that are known, in no particular order.
    pub rows: Vec<Arc<Summary>>,
    /// Counts of all open incidents while only the first page is known; `None` once all rows are
    /// known.
    pub counts: Option<OpenCounts>,
}
