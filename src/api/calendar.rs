//! Bodies of requests about addresses of calendars.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::administration::AdministrationEvent;
use crate::model::oncall::CalendarLink;

/// The address of a calendar to be created.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"schedule": "payments"}))]
pub struct CalendarLinkRequest {
    /// The name of the schedule; absent for the shifts of the person on all schedules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The handle of the person; by default the one that the token acts for. Naming somebody else
    /// needs the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The SHA-256 of the secret part of the address, in hexadecimal digits, where the caller has made
    /// it. Without it the server makes one, and the response has the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// An address of a calendar that was just created.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedCalendarLink {
    /// The record of the change.
    pub event: Option<AdministrationEvent>,
    /// Whether the request had been carried out before, so that it changed nothing this time.
    pub replayed: bool,
    /// The path of the calendar on this server, such as `/calendar/….ics`. It is shown only now, and
    /// only where the server has made its secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl From<&CalendarLink> for CalendarLinkRequest {
    fn from(link: &CalendarLink) -> Self {
        Self {
            schedule: link.schedule.clone(),
            person: Some(link.person.clone()),
            digest: Some(link.digest.clone()),
        }
    }
}
