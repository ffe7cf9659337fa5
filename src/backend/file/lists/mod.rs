//! Reads the lists over all incidents, by the indexes and tables of `0006_lists.sql`, and the
//! notifications of `0009_notifications.sql`.

mod action_items;
mod changes;
mod feed;
mod notifications;
mod paging;
mod problems;
mod reviews;
mod suspicions;

use std::fmt;

use paging::check_limit;

use super::error::{StoreResult, display_path};
use super::store::FileStore;
use crate::backend::lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, NotificationEntry,
    NotificationSearch, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch, Suspicion,
};
use crate::backend::{BackendError, Page};
use crate::model::ProblemId;
use crate::model::change::Change;

/// The first version of the schema that has the tables of the lists.
const FIRST_VERSION: i64 = 6;

/// A store of an older version that is opened for reading alone has no tables for the lists.
#[derive(Clone, PartialEq, Eq, Debug)]
struct TooOld {
    file: String,
}

impl fmt::Display for TooOld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is of an older version, which has no lists of events, reviews, action items and \
             problems: open it once without --read-only",
            self.file
        )
    }
}

impl std::error::Error for TooOld {}

impl FileStore {
    /// Returns one page of the events of all incidents.
    pub(super) async fn read_feed(&self, search: &FeedSearch) -> StoreResult<Page<FeedEntry>> {
        self.check_lists(search.limit)?;
        feed::read(&mut *self.acquire_reader().await?, search).await
    }

    /// Returns one page of the recorded changes.
    pub(super) async fn read_changes(&self, search: &ChangeSearch) -> StoreResult<Page<Change>> {
        check_limit(search.limit)?;
        changes::read(&mut *self.acquire_reader().await?, search).await
    }

    /// Returns one page of the reviews.
    pub(super) async fn read_reviews(
        &self,
        search: &ReviewSearch,
    ) -> StoreResult<Page<ReviewEntry>> {
        self.check_lists(search.limit)?;
        reviews::read(&mut *self.acquire_reader().await?, search).await
    }

    /// Returns one page of the action items.
    pub(super) async fn read_action_items(
        &self,
        search: &ActionItemSearch,
    ) -> StoreResult<Page<ActionItemEntry>> {
        self.check_lists(search.limit)?;
        let has_follow_ups = self.has_follow_ups();
        action_items::read(&mut *self.acquire_reader().await?, search, has_follow_ups).await
    }

    /// Returns one page of the problems with the incidents that link to them.
    pub(super) async fn read_linked_problems(
        &self,
        search: &ProblemSearch,
    ) -> StoreResult<Page<ProblemEntry>> {
        self.check_lists(search.limit)?;
        problems::read(&mut *self.acquire_reader().await?, search).await
    }

    /// Returns one problem with the incidents that link to it.
    pub(super) async fn read_one_problem(&self, id: ProblemId) -> StoreResult<ProblemEntry> {
        self.check_lists(1)?;
        problems::read_one(&mut *self.acquire_reader().await?, id).await
    }

    /// Returns the suspicions against the changes on a page.
    pub(super) async fn read_suspicions(
        &self,
        search: &ChangeSearch,
    ) -> StoreResult<Vec<Suspicion>> {
        check_limit(search.limit)?;
        let (rules, overlay) = (self.rules(), &self.inner.options.overlay);
        suspicions::read(&mut *self.acquire_reader().await?, search, &rules, overlay).await
    }

    /// Returns one page of the notifications; an empty one of a store of an earlier version.
    pub(super) async fn read_notifications(
        &self,
        search: &NotificationSearch,
    ) -> StoreResult<Page<NotificationEntry>> {
        check_limit(search.limit)?;
        notifications::read(&mut *self.acquire_reader().await?, search).await
    }

    /// Refuses a store without the tables of the lists, and a page of no or too many rows.
    fn check_lists(&self, limit: u32) -> StoreResult<()> {
        if self.inner.version < FIRST_VERSION {
            let file = display_path(self.path());
            return Err(BackendError::not_allowed(TooOld { file }).into());
        }
        check_limit(limit)
    }
}
