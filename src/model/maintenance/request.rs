//! Requests about maintenance windows.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::MaintenanceFilter;
use super::mute::Mute;
use super::recurrence::Recurrence;
use super::window::MaintenanceWindow;
use crate::model::actor::Actor;
use crate::model::id::{IncidentId, IncidentNumber};
use crate::model::priority::Priority;
use crate::model::status::Status;

/// A window as a request creates or changes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWindow {
    /// The work done in it, on one line.
    pub title: String,
    /// The alerts and incidents that it mutes.
    pub filter: MaintenanceFilter,
    /// When it begins, for the first time.
    pub from: DateTime<Utc>,
    /// When it ends, for the first time.
    pub until: DateTime<Utc>,
    /// Its recurrence; absent if it happens once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Recurrence>,
    /// Further remarks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether it also mutes incidents that people report.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mutes_people: bool,
    /// Its text on status pages; absent if it is not public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_text: Option<String>,
}

impl NewWindow {
    /// Returns the window that is created with an id.
    #[must_use]
    pub fn into_window(self, id: Uuid, created_by: Actor, at: DateTime<Utc>) -> MaintenanceWindow {
        let Self { title, filter, from, until, recurrence, comment, mutes_people, public_text } =
            self;
        MaintenanceWindow {
            id,
            title,
            filter,
            from,
            until,
            recurrence,
            created_by,
            created_at: at,
            comment,
            mutes_people,
            public_text,
            revision: 1,
            updated_at: None,
            ended_at: None,
            extra: <_>::default(),
        }
    }
}

impl From<&MaintenanceWindow> for NewWindow {
    fn from(window: &MaintenanceWindow) -> Self {
        Self {
            title: window.title.clone(),
            filter: window.filter.clone(),
            from: window.from,
            until: window.until,
            recurrence: window.recurrence.clone(),
            comment: window.comment.clone(),
            mutes_people: window.mutes_people,
            public_text: window.public_text.clone(),
        }
    }
}

/// A change of a window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MaintenanceChange {
    /// It is created; a window with the id is the same, or another one.
    Create(NewWindow),
    /// It is changed.
    Change(NewWindow),
    /// It ends permanently.
    End,
}

/// A request to create, change or end a window. The same request again changes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MaintenanceRequest {
    /// The id of the window.
    pub id: Uuid,
    /// The requester.
    pub actor: Actor,
    /// When the change is carried out.
    pub at: DateTime<Utc>,
    /// The revision that the window must have; `None` for any.
    pub expected: Option<u32>,
    /// The change.
    pub change: MaintenanceChange,
}

/// Which windows are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaintenanceSearch {
    /// Whether ended windows are also listed, after the others.
    pub ended: bool,
    /// The maximum number of windows.
    pub limit: u32,
    /// The present time.
    pub now: DateTime<Utc>,
}

/// Which of the incidents that are or were muted are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MutedSearch {
    /// The window that muted them last; `None` for any.
    pub window: Option<Uuid>,
    /// The maximum number of incidents.
    pub limit: u32,
}

/// An incident that a window mutes, or has muted last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MutedEntry {
    /// The incident.
    #[schema(value_type = Uuid)]
    pub incident: IncidentId,
    /// Its number; absent until the store has assigned one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<IncidentNumber>,
    /// Its title.
    pub title: String,
    /// Its priority.
    pub priority: Priority,
    /// Its status.
    pub status: Status,
    /// The window that mutes it, since when, and until when it did.
    pub mute: Mute,
}
