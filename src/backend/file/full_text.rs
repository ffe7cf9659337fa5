//! Full-text search over the history: which texts are indexed, and how the index is updated.
//!
//! The rule for words is that of [`crate::model::filter`]: a word is found anywhere inside a text,
//! both folded. The texts are those of the row, and those of
//! [`crate::model::searched_texts`]: symptoms, notes, resolutions, updates, decisions, reviews.
//!
//! A command only records in the table `words_todo` that the texts of its incident have changed. A
//! search by words updates the index first. If it can't, it compares the remaining incidents with
//! the words directly, so that it never finds less.

pub(super) mod index;
pub(super) mod query;
mod tokens;

use std::time::Duration;

use super::error::{SqliteFault, StoreError, StoreResult, classify};
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::BackendError;
use crate::model::filter::{Filter, Scope};

use index::{
    IndexStep, MERGE_AFTER, PAGES_PER_MERGE, count_todo, index_in_transaction, merge_step,
};

pub(super) use tokens::WordSet;

/// While another process writes, a search compares up to this many incidents that are not indexed
/// yet. With more it waits until it can index them.
const MAX_COMPARED: u64 = 2_000;

impl FileStore {
    /// Returns whether a filter searches words in the history, so that its search begins with an
    /// update of the full-text index.
    #[must_use]
    pub fn uses_full_text(filter: &Filter) -> bool {
        filter.search_texts().next().is_some() && filter.scope() == Scope::All
    }

    /// Updates the full-text index, unless other processes are writing and few incidents are not
    /// indexed.
    pub(super) async fn update_full_text(&self) -> Result<(), BackendError> {
        self.index_texts(|_, _| ()).await
    }

    /// Updates the full-text index. A search does it as well, but only this reports its progress:
    /// the number of incidents that are done and the total.
    ///
    /// The work continues to its end even if the caller stops waiting, and is not repeated if the
    /// process ends. While other processes are writing, few incidents may be left for later.
    ///
    /// # Errors
    /// [`BackendError`] if the store can't be read or written.
    pub async fn index_texts(
        &self,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<(), BackendError> {
        if self.is_read_only() {
            return Ok(());
        }
        let (mut done, mut waited) = (0, Duration::ZERO);
        loop {
            let store = self.clone();
            let step =
                self.run_to_completion(async move { store.index_unless_busy().await }).await?;
            done += step.indexed;
            progress(done, done + step.remaining);
            if step.remaining == 0 {
                break;
            }
            if step.indexed > 0 {
                waited = Duration::ZERO;
                continue;
            }
            if step.remaining <= MAX_COMPARED || waited >= self.lock_timeout() {
                break;
            }
            let pause = Duration::from_millis(50);
            tokio::time::sleep(pause).await;
            waited += pause;
        }
        if done >= MERGE_AFTER {
            let store = self.clone();
            self.run_to_completion(async move { store.merge_full_text().await }).await?;
        }
        Ok(())
    }

    /// Indexes some incidents in one transaction, unless another task or process is writing.
    async fn index_unless_busy(&self) -> StoreResult<IndexStep> {
        let remaining = count_todo(&mut *self.acquire_reader().await?).await?;
        let nothing_done = IndexStep { indexed: 0, remaining };
        if remaining == 0 {
            return Ok(nothing_done);
        }
        let Some(mut writer) = self.try_lock_writer().await else { return Ok(nothing_done) };
        let begun = Batch::new("PRAGMA busy_timeout = 100; BEGIN IMMEDIATE").run(&mut writer.conn);
        let result = match begun.await {
            Ok(()) => index_in_transaction(&mut writer.conn).await,
            // Another process is writing; the words are indexed at a later search.
            Err(StoreError::Sql(e)) if classify(&e) == SqliteFault::Locked => Ok(nothing_done),
            Err(failure) => Err(failure),
        };
        if result.is_err() {
            writer.roll_back().await;
        }
        writer.set_lock_timeout(self.lock_timeout()).await?;
        result
    }

    /// Merges the segments of the index in many short transactions, until another process writes or
    /// nothing is left to merge.
    pub(super) async fn merge_full_text(&self) -> StoreResult<()> {
        // A negative number begins with all segments, a positive one continues with them.
        let mut pages = -PAGES_PER_MERGE;
        loop {
            let Some(mut writer) = self.try_lock_writer().await else { return Ok(()) };
            match merge_step(&mut writer.conn, pages).await {
                Ok(true) => pages = PAGES_PER_MERGE,
                Ok(false) => return Ok(()),
                Err(StoreError::Sql(e)) if classify(&e) == SqliteFault::Locked => return Ok(()),
                Err(failure) => return Err(failure),
            }
        }
    }
}
