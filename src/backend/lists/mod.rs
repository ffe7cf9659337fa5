//! Lists over all incidents: their events, reviews, action items and notifications, and the recorded
//! changes and problems. Each is read in pages.
//!
//! A search defines which rows a list has and in which order. [`ListSearch`] applies it to rows in
//! memory, such as those of a cache; a store finds them by its indexes.

mod action_items;
mod brief;
mod changes;
mod feed;
mod notifications;
mod problems;
mod reviews;
mod suspicions;

use std::cmp::Ordering;
use std::fmt;

pub use action_items::{ActionItemEntry, ActionItemSearch};
pub use brief::IncidentBrief;
pub use changes::ChangeSearch;
pub use feed::{FeedEntry, FeedSearch, TimeOrder};
pub use notifications::{NotificationEntry, NotificationSearch};
pub use problems::{MAX_LINKED, MAX_PROBLEM_INCIDENTS, NoSuchProblem, ProblemEntry, ProblemSearch};
pub use reviews::{ReviewEntry, ReviewSearch};
pub use suspicions::{MAX_SUSPECTED, Suspicion};

pub use crate::model::review::ReviewState;

use super::page_mark::PageMark;

/// The largest number of rows on one page of a list.
pub const MAX_ROWS: u32 = 1000;

/// The lists over all incidents.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum List {
    /// Events of all incidents.
    Feed,
    /// Recorded changes.
    Changes,
    /// Reviews.
    Reviews,
    /// Action items.
    ActionItems,
    /// Problems with the incidents that link to them.
    Problems,
    /// Changes with the incidents of which they are suspected.
    Suspicions,
    /// Notifications that were or will be sent to people.
    Notifications,
    /// Pages of the measures, which are no list, but may be missing as one is.
    Pages,
}

impl List {
    /// Returns the name of the list's content for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Changes => "list of changes",
            Self::Reviews => "list of reviews",
            Self::ActionItems => "list of action items",
            Self::Problems => "list of problems with their incidents",
            Self::Suspicions => "list of what changes are suspected of",
            Self::Notifications => "list of notifications",
            Self::Pages => "pages of measures",
        }
    }
}

/// A backend has no such list, because it is older than this program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoSuchList {
    /// The list that was requested.
    pub list: List,
    /// The host of the server; `None` for a backend that is no server.
    pub host: Option<String>,
}

impl fmt::Display for NoSuchList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.list.name();
        match &self.host {
            Some(host) => write!(
                f,
                "the redphone on {host} is older than this one and has no {list}: update it there"
            ),
            None => write!(f, "this backend has no {list}"),
        }
    }
}

impl std::error::Error for NoSuchList {}

/// A request for one page of a list over all incidents.
pub trait ListSearch {
    /// A row of the list.
    type Row;
    /// The list.
    const LIST: List;

    /// Returns the largest number of rows of the page.
    fn limit(&self) -> u32;

    /// Returns where the page before this one ended; `None` for the first page.
    fn after(&self) -> Option<&PageMark>;

    /// Returns whether the search finds a row.
    fn matches(&self, row: &Self::Row) -> bool;

    /// Compares two rows by their order in the list.
    fn compare(&self, a: &Self::Row, b: &Self::Row) -> Ordering;

    /// Returns the identity of the row in its list, however often it changed.
    fn identity(row: &Self::Row) -> String;
}

/// Returns whether two names of people, teams or services are the same to people.
fn is_same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
