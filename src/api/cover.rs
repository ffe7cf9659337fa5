//! Bodies of requests about cover for shifts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::oncall::{Cover, TimeSpan};

/// A request for cover.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "from": "2026-03-07T18:00:00Z", "to": "2026-03-08T09:00:00Z", "note": "My sister's wedding",
}))]
pub struct CoverRequest {
    /// The handle of the person who requests it; by default the one that the token acts for. Naming
    /// somebody else needs the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The start of the span, which is part of it.
    pub from: DateTime<Utc>,
    /// The end of the span, which is not part of it.
    pub to: DateTime<Utc>,
    /// The reason or a remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The span in which the requester covers for the person who accepts: a swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_return: Option<TimeSpan>,
}

/// The person who accepts, declines or withdraws.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverPerson {
    /// The handle; by default that of the person the token acts for. Naming somebody else needs the
    /// scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

impl From<&Cover> for CoverRequest {
    fn from(cover: &Cover) -> Self {
        Self {
            person: Some(cover.person.clone()),
            from: cover.from,
            to: cover.to,
            note: cover.note.clone(),
            in_return: cover.in_return,
        }
    }
}
