//! How an incident is muted by a maintenance window.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The maintenance window that mutes an incident, or did so last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Mute {
    /// The window.
    #[schema(value_type = Uuid)]
    pub window: Uuid,
    /// Its title.
    pub title: String,
    /// Since when it is muted.
    pub since: DateTime<Utc>,
    /// Until when, unless the window is ended or changed before.
    pub until: DateTime<Utc>,
    /// When the mute ended; absent while it is muted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}
