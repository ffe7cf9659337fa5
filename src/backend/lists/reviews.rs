//! The list of reviews: those that were begun, and those that are missing.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use utoipa::ToSchema;

use super::brief::IncidentBrief;
use super::{List, ListSearch, is_same_name};
use crate::backend::page_mark::PageMark;
use crate::model::review::ReviewState;

/// A request for one page of the reviews: unpublished ones first, and of those the newest
/// incidents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReviewSearch {
    /// The states of the reviews; all if it is empty.
    pub states: Vec<ReviewState>,
    /// The handle of the incident's assignee; an empty text for incidents without one.
    pub owner: Option<String>,
    /// The maximum number of rows, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
}

/// The review of an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewEntry {
    /// The incident that is reviewed.
    pub incident: IncidentBrief,
    /// The progress of the review.
    pub state: ReviewState,
    /// The number of its required sections that are written.
    pub sections: u32,
    /// The number of its action items.
    pub actions: u32,
    /// The number of its action items that are not done.
    pub open_actions: u32,
    /// When the incident was resolved, otherwise closed; `None` while it is open.
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
    /// When it was published; `None` before that.
    #[schema(required)]
    pub published_at: Option<DateTime<Utc>>,
    /// The contributing factors as tags, folded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<String>,
}

impl ReviewSearch {
    /// Returns the search for all reviews.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { states: Vec::new(), owner: None, limit, after: None }
    }
}

impl ListSearch for ReviewSearch {
    type Row = ReviewEntry;
    const LIST: List = List::Reviews;

    fn limit(&self) -> u32 {
        self.limit
    }

    fn after(&self) -> Option<&PageMark> {
        self.after.as_ref()
    }

    fn matches(&self, row: &ReviewEntry) -> bool {
        let assignee = row.incident.assignee.as_ref().map_or("", |person| &person.handle);
        (self.states.is_empty() || self.states.contains(&row.state))
            && self.owner.as_ref().is_none_or(|owner| is_same_name(assignee, owner))
    }

    fn compare(&self, a: &ReviewEntry, b: &ReviewEntry) -> Ordering {
        let is_published = |row: &ReviewEntry| row.state == ReviewState::Published;
        is_published(a).cmp(&is_published(b)).then_with(|| a.incident.newest_first(&b.incident))
    }

    fn identity(row: &ReviewEntry) -> String {
        row.incident.id.to_string()
    }
}
