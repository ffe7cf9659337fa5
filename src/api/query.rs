//! Query parameters of the API.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::backend::{Cursor, PageMark};
use crate::model::measures::Cut;
use crate::model::queue::Sort;

/// Highest value of [`Changes::wait`], in seconds.
pub const MAX_WAIT_S: u64 = 60;

/// Which rows, in which order. Whoever asks is known from the token.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// What they must pass, in the filter language; nothing is everything open.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "p1 owner:none")]
    pub filter: String,
    /// In which order.
    #[serde(default)]
    #[param(inline)]
    pub sort: Sort,
    /// The most rows, from 1 to 1000; 100 where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
    /// The time for ages and clocks; the server's own where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<DateTime<Utc>>,
}

/// Which changes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Changes {
    /// After which position; without it, all open incidents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub since: Option<Cursor>,
    /// How long to wait for a change where there is none, in seconds, up to 60.
    #[serde(default)]
    #[param(minimum = 0, maximum = 60)]
    pub wait: u64,
}

/// Which part of a timeline: the last `limit`; all after `after`; or the last `limit` before
/// `before`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Timeline {
    /// After this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0, maximum = 4_294_967_295_u32)]
    pub after: Option<u32>,
    /// Before this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0, maximum = 4_294_967_295_u32)]
    pub before: Option<u32>,
    /// The most events, from 1 to 1000; 200 where it is not said. Not with `after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Which measures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Measures {
    /// The window's start, included.
    #[param(example = "2026-03-01T00:00:00Z")]
    pub from: DateTime<Utc>,
    /// The window's end, excluded.
    #[param(example = "2026-03-08T00:00:00Z")]
    pub to: DateTime<Utc>,
    /// When its buckets start after the first, ascending, with commas between them. Without it there
    /// is one bucket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(example = "2026-03-02T00:00:00Z,2026-03-03T00:00:00Z")]
    pub edges: String,
    /// By what they are cut.
    #[serde(default)]
    #[param(inline)]
    pub cut: Cut,
    /// Up to when; the server's own time where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<DateTime<Utc>>,
}
