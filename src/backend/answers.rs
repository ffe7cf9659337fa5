//! Answers of a backend: changes, commands and timelines.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Cursor;
use crate::model::redaction::RedactedTarget;
use crate::model::unknown::read_entries;
use crate::model::{Event, IncidentId, Summary};

/// The changes since a cursor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delta {
    /// The position up to which the changes reach, for the next request.
    pub cursor: Cursor,
    /// Whether `rows` are all open incidents, which replace everything that was fetched before.
    pub reset: bool,
    /// The rows that changed, in their present state. They include incidents that are no longer
    /// open.
    #[serde(deserialize_with = "read_entries")]
    pub rows: Vec<Summary>,
    /// Whether the directory changed.
    pub directory: bool,
    /// The redactions, which the holder of a copy must apply; unknown if `reset`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub redacted: Vec<RedactedTarget>,
}

/// Selects a part of a timeline, by the sequence numbers of its events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineRange {
    /// The last events, at most this many.
    Last(u32),
    /// The events after a sequence number, at most 1000.
    After(u32),
    /// The last events before a sequence number (first value), at most as many as the second value.
    Before(u32, u32),
}

/// The result of a command that was carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// The incident that the command is about. For a declaration that was grouped into an open
    /// incident, that is the open incident.
    pub incident: Option<IncidentId>,
    /// The row of that incident in its present state.
    pub row: Option<Summary>,
    /// The events that the command led to, in order.
    pub events: Vec<Event>,
    /// Whether the command had been carried out before, so that it changed nothing this time.
    pub replayed: bool,
}
