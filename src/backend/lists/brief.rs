//! The short form of an incident in a list over all incidents.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::notification::Notification;
use crate::model::status::Status;
use crate::model::{IncidentId, IncidentNumber, PersonRef, Priority, Summary};

/// The fields of an incident that lists over all incidents show, in their present state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct IncidentBrief {
    /// The id of the incident, which no other incident has.
    pub id: IncidentId,
    /// The number that people use, such as `INC-2041`.
    #[schema(required)]
    pub number: Option<IncidentNumber>,
    /// The title, on one line.
    pub title: String,
    /// The stage of the lifecycle, or how the incident ended.
    pub status: Status,
    /// The priority.
    pub priority: Priority,
    /// The affected services; the first one is the primary service.
    pub services: Vec<String>,
    /// The team that is responsible for it.
    #[schema(required)]
    pub team: Option<String>,
    /// The person who leads the response; `None` if nobody does.
    #[schema(required)]
    pub assignee: Option<PersonRef>,
    /// When it was reported.
    pub reported_at: DateTime<Utc>,
}

impl From<&Summary> for IncidentBrief {
    fn from(row: &Summary) -> Self {
        Self {
            id: row.id,
            number: row.number,
            title: row.title.clone(),
            status: row.status,
            priority: row.priority,
            services: row.services.clone(),
            team: row.team.clone(),
            assignee: row.assignee.clone(),
            reported_at: row.reported_at,
        }
    }
}

impl IncidentBrief {
    /// Returns the placeholder for the incident of a notice, which has none: an id of zeros, and
    /// the first line of the text as the title.
    #[must_use]
    pub fn of_notice(notice: &Notification) -> Self {
        Self {
            id: IncidentId::NONE,
            number: None,
            title: notice.first_line().to_owned(),
            status: Status::Closed,
            priority: Priority::P4,
            services: Vec::new(),
            team: None,
            assignee: None,
            reported_at: notice.planned_at,
        }
    }

    /// Returns the number, such as `INC-2041`, or `new` until the store has numbered the incident.
    /// Without an incident it is `-`.
    #[must_use]
    pub fn label(&self) -> String {
        if self.id == IncidentId::NONE {
            return "-".into();
        }
        self.number.map_or_else(|| "new".into(), |number| number.to_string())
    }

    /// Returns the order of incidents by time of report, newest first.
    pub(super) fn newest_first(&self, other: &Self) -> std::cmp::Ordering {
        let key = |brief: &Self| (brief.reported_at.timestamp(), brief.number);
        key(other).cmp(&key(self))
    }
}
