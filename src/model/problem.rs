//! Problems: the underlying causes of incidents (ITIL 4 problem management).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::ProblemId;
use super::status::text_enum;

text_enum! {
    /// Where a problem stands.
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
pub struct Problem {
    /// Unique everywhere.
    pub id: ProblemId,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub state: ProblemState,
    /// The services it shows in.
    pub services: Vec<String>,
    /// What is behind it, as far as known.
    pub cause: String,
    /// How to live with it; needed for a known error.
    pub workaround: String,
    /// When it was first recorded.
    pub opened_at: DateTime<Utc>,
}
