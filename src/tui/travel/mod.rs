//! Viewing an incident as it was at an earlier event.

pub mod update;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::{Incident, IncidentId};

/// An earlier state of an incident that is being viewed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimeTravel {
    /// The incident that is viewed.
    pub id: IncidentId,
    /// The sequence number of the last event that counts as having happened.
    pub seq: u32,
    /// The record at that event and the event's time; `None` until the earlier events are loaded.
    pub record: Option<(Arc<Incident>, DateTime<Utc>)>,
    /// Whether the timeline still has to scroll to the event.
    pub scroll_pending: bool,
}
