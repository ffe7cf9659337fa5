//! An alert as it is stored with its incident.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::frequency::RecentStarts;
use crate::model::extra::{Extra, extensible_record};
use crate::model::id::IncidentId;
use crate::model::status::growing_enum;

/// An alert of an incident: its identity and its last report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Alert {
    /// The incident.
    #[schema(value_type = Uuid)]
    pub incident: IncidentId,
    /// The group in which it was reported, which is the `dedup_key` of the incident that was declared
    /// for it.
    pub group: String,
    /// The identity of the alert within its group, such as the fingerprint of its labels.
    pub key: String,
    /// The kind of sender, such as `alertmanager`.
    pub source: String,
    /// Whether it fires.
    pub state: AlertState,
    /// Its title, on one line.
    pub title: String,
    /// Since when it fires, or fired.
    pub starts_at: DateTime<Utc>,
    /// When it ended; absent while it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<DateTime<Utc>>,
    /// When it ends unless it is reported again; absent if its end is always reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it counts as resolved only because it was not reported again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_expired: bool,
    /// When it was reported first.
    pub first_at: DateTime<Utc>,
    /// When it was last reported.
    pub last_at: DateTime<Utc>,
    /// How often it was reported as firing.
    pub count: u32,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations, which are texts for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The page of the sender about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it began to fire lately; absent unless a rule defines when it counts as flapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<RecentStarts>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Alert);

growing_enum! {
    /// Whether an alert fires.
    AlertState, "state" {
        /// It fires.
        Firing = "firing",
        /// It was reported as resolved.
        Resolved = "resolved",
    }
}
