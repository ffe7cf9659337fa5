//! The list of action items over all incidents.

use std::cmp::Ordering;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::brief::IncidentBrief;
use super::{List, ListSearch, is_same_name};
use crate::backend::page_mark::PageMark;
use crate::model::follow_up::FollowUp;
use crate::model::review::ActionItem;

/// A request for one page of the action items: open ones first, and of those the ones that are due
/// first; those without a day last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActionItemSearch {
    /// Whether they are done; `None` for both.
    pub done: Option<bool>,
    /// The handle of their owner; an empty text for items without one.
    pub owner: Option<String>,
    /// The day before which they are due.
    pub due_before: Option<NaiveDate>,
    /// The maximum number of rows, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
}

/// An action item with its incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ActionItemEntry {
    /// The incident from which the work follows.
    pub incident: IncidentBrief,
    /// The item itself.
    pub item: ActionItem,
    /// Its issue in a tracker, if one was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<FollowUp>,
}

impl ActionItemEntry {
    /// Returns whether the item should have been done before `today`.
    #[must_use]
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        !self.item.done && self.item.due.is_some_and(|due| due < today)
    }
}

impl ActionItemSearch {
    /// Returns the search for all action items.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { done: None, owner: None, due_before: None, limit, after: None }
    }
}

impl ListSearch for ActionItemSearch {
    type Row = ActionItemEntry;
    const LIST: List = List::ActionItems;

    fn limit(&self) -> u32 {
        self.limit
    }

    fn after(&self) -> Option<&PageMark> {
        self.after.as_ref()
    }

    fn matches(&self, row: &ActionItemEntry) -> bool {
        let owner = row.item.owner.as_ref().map_or("", |person| &person.handle);
        self.done.is_none_or(|done| row.item.done == done)
            && self.owner.as_ref().is_none_or(|wanted| is_same_name(owner, wanted))
            && self.due_before.is_none_or(|day| row.item.due.is_some_and(|due| due < day))
    }

    fn compare(&self, a: &ActionItemEntry, b: &ActionItemEntry) -> Ordering {
        let key = |row: &ActionItemEntry| {
            let item = &row.item;
            (item.done, item.due.is_none(), item.due)
        };
        key(a)
            .cmp(&key(b))
            .then_with(|| b.incident.newest_first(&a.incident))
            .then_with(|| a.item.id.cmp(&b.item.id))
    }

    fn identity(row: &ActionItemEntry) -> String {
        format!("{} {}", row.incident.id, row.item.id)
    }
}
