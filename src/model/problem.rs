//! Problems: the underlying causes of incidents (ITIL 4 problem management).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extra::{Extra, extensible_record};
use super::id::ProblemId;
use super::status::growing_enum;

growing_enum! {
    /// The state of a problem.
    ProblemState, "problem state" {
        /// The cause is being investigated.
        Open = "open",
        /// The cause is known and accepted, with a workaround.
        KnownError = "known error",
        /// The cause is removed.
        Removed = "removed",
    }
}

/// The underlying cause of one or more incidents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Problem {
    /// The id of the problem, which no other problem has.
    pub id: ProblemId,
    /// The title of the problem, on one line.
    pub title: String,
    /// How far the problem is from being removed.
    pub state: ProblemState,
    /// The services in which it causes incidents.
    pub services: Vec<String>,
    /// The cause, as far as it is known; may be empty.
    pub cause: String,
    /// How to reduce its effects until it is removed. A known error must have one.
    pub workaround: String,
    /// When it was first recorded.
    pub opened_at: DateTime<Utc>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Problem);
