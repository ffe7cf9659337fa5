//! Data of the backend that belongs to no single pane.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::directory::Directory;
use crate::model::filter::Filter;
use crate::model::problem::Problem;
use crate::sync::Snapshot;

/// Data of the backend that belongs to no single pane. `None` until it was read.
#[derive(Debug, Default)]
pub struct Fetched {
    /// The open incidents as the poller last published them; the rows are derived from them.
    pub snapshot: Option<Arc<Snapshot>>,
    /// People, teams, services and on-call schedules.
    pub directory: Option<Arc<Directory>>,
    /// When the directory was fetched, if it comes from the cache.
    pub directory_as_of: Option<DateTime<Utc>>,
    /// Recorded problems, the latest first; `None` until they have been requested and read.
    pub problems: Option<Vec<Problem>>,
    /// The text of the evidence that was read last, or why it has none, with its id.
    pub evidence: Option<(Uuid, Result<String, String>)>,
    /// When the last incident ended: `None` until looked up, `Some(None)` where none ever did.
    pub last_ended: Option<Option<DateTime<Utc>>>,
    /// The filter under which that was last looked up; `None` when it has to be looked up again.
    pub last_ended_requested_for: Option<Filter>,
}
