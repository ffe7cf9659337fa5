//! The list of recorded changes.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{List, ListSearch, is_same_name};
use crate::backend::page_mark::PageMark;
use crate::model::change::Change;

/// A request for one page of the recorded changes, the one that starts last first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangeSearch {
    /// The time at which they were running or after which they start; `None` for all.
    pub since: Option<DateTime<Utc>>,
    /// The time before which they start; `None` for all.
    pub until: Option<DateTime<Utc>>,
    /// A service that they touch.
    pub service: Option<String>,
    /// The maximum number of rows, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
}

impl ChangeSearch {
    /// Returns the search for the latest changes.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { since: None, until: None, service: None, limit, after: None }
    }
}

impl ListSearch for ChangeSearch {
    type Row = Change;
    const LIST: List = List::Changes;

    fn limit(&self) -> u32 {
        self.limit
    }

    fn after(&self) -> Option<&PageMark> {
        self.after.as_ref()
    }

    fn matches(&self, row: &Change) -> bool {
        self.until.is_none_or(|until| row.starts_at < until)
            && self.since.is_none_or(|since| row.ends_at.is_none_or(|end| end >= since))
            && self.service.as_ref().is_none_or(|service| {
                row.services.iter().any(|touched| is_same_name(touched, service))
            })
    }

    fn compare(&self, a: &Change, b: &Change) -> Ordering {
        (b.starts_at.timestamp(), b.id).cmp(&(a.starts_at.timestamp(), a.id))
    }

    fn identity(row: &Change) -> String {
        row.id.to_string()
    }
}
