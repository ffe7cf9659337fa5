//! Searches for incidents, page by page.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PageMark;
use crate::model::filter::Filter;
use crate::model::queue::{OpenCounts, Sort};
use crate::model::unknown::read_entries;

/// A request for one page of rows: which rows, and in which order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Search {
    /// The filter that rows must match; on the wire in the syntax that people type.
    #[serde(with = "filter_text")]
    pub filter: Filter,
    /// Handle of the requester, for `owner:me`.
    pub me: Option<String>,
    /// The order of the rows. [`Sort::Urgent`] orders open incidents only; in a search of the
    /// history it means newest first.
    pub sort: Sort,
    /// The maximum number of rows, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
    /// The time at which ages and service level clocks are computed.
    pub now: DateTime<Utc>,
}

/// One page of the rows that a search finds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub struct Page<T> {
    /// The rows, in order.
    #[serde(deserialize_with = "read_entries")]
    pub rows: Vec<T>,
    /// The mark after which the next page begins; `None` on the last page.
    pub next: Option<PageMark>,
    /// The number of rows on all pages, if it is known without counting the history.
    pub total: Option<u64>,
    /// The counts of all open incidents, whatever the filter; only on the first page of a search of
    /// open incidents.
    pub counts: Option<OpenCounts>,
}

/// Serializes a filter in the syntax that people type.
mod filter_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::filter::Filter;

    pub(super) fn serialize<S: Serializer>(filter: &Filter, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(filter)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Filter, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
