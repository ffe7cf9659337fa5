//! Full-text search over the history: which texts are indexed, and how the index is updated.
//!
//! The rule for words is that of [`crate::model::filter`]: a word is found anywhere inside a text,
//! both folded. The texts are those of the row, and those of
//! [`crate::model::searched_texts`]: symptoms, notes, resolutions, updates, decisions, reviews.
//!
//! A command only notes that the texts of its incident have changed, in the table `words_todo`. A
//! search by words brings the index up to date first. Where it can't, it compares the incidents that
//! are left with the words itself, so that it never finds less.

pub(super) mod query;
mod tokens;

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{Row, SqliteConnection};

use super::error::{SqliteFault, StoreError, StoreResult, classify};
use super::json_column::encode_json;
use super::read::summary_at;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::BackendError;
use crate::model::Summary;
use crate::model::event::StoredBody;
use crate::model::filter::{Filter, Scope};
use crate::model::searched_texts::SearchedTexts;

pub(super) use tokens::WordSet;

/// The number of incidents that are indexed by one batch of statements.
const INCIDENTS_PER_BATCH: i64 = 200;
/// The number of batches of one transaction, so that other writers can write in between.
const BATCHES_PER_TRANSACTION: usize = 10;
/// While another process writes, a search compares up to this many incidents that are not indexed
/// yet. With more it waits until it can index them.
const MAX_COMPARED: u64 = 2_000;
/// After this many incidents were indexed at once, the segments of the index are merged. Each word of
/// a query is looked up in every segment.
pub(super) const MERGE_AFTER: u64 = 10_000;
/// The number of pages that are merged in one transaction.
const PAGES_PER_MERGE: i64 = 1_000;

/// Some of the incidents whose texts are not indexed yet: those after one key up to another.
#[derive(Clone, Copy, Debug)]
struct TodoRange {
    after: i64,
    last: i64,
}

impl TodoRange {
    /// Returns the next range after a key; `None` if there are no more.
    async fn next(conn: &mut SqliteConnection, after: i64) -> StoreResult<Option<Self>> {
        let mut batch = Batch::new(
            "SELECT max(incident) FROM
                (SELECT incident FROM words_todo WHERE incident > ? ORDER BY incident LIMIT ?)",
        );
        batch.arg(after).arg(INCIDENTS_PER_BATCH);
        let last: Option<i64> =
            batch.fetch_optional(conn).await?.map(|row| row.try_get(0)).transpose()?.flatten();
        Ok(last.map(|last| Self { after, last }))
    }

    /// Returns the condition on the key of an incident, for [`read_texts`].
    fn condition(self) -> String {
        format!(
            "IN (SELECT incident FROM words_todo WHERE incident > {} AND incident <= {})",
            self.after, self.last
        )
    }
}

/// Reads incidents with the texts in which words are searched for, in the order of their keys.
/// `condition` is an SQL condition on the key.
async fn read_texts(
    conn: &mut SqliteConnection,
    condition: &str,
) -> StoreResult<Vec<(i64, Summary, SearchedTexts)>> {
    let batch = Batch::one_off(&format!(
        "SELECT i.key, i.row, e.body FROM incident i JOIN event e ON e.incident = i.key
         WHERE i.key {condition} ORDER BY i.key, e.seq"
    ));
    let mut found: Vec<(i64, Summary, SearchedTexts)> = Vec::new();
    batch
        .for_each_row(conn, |row| {
            let key: i64 = row.try_get(0)?;
            if found.last().is_none_or(|(last, ..)| *last != key) {
                found.push((key, summary_at(row, 1)?, SearchedTexts::default()));
            }
            if let Some((_, _, texts)) = found.last_mut() {
                let (stored, _) = StoredBody::from_json(row.try_get(2)?)
                    .map_err(|e| StoreError::content(format!("an event: {e}")))?;
                texts.add(&stored.body);
            }
            Ok(true)
        })
        .await?;
    Ok(found)
}

/// What a step of indexing has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct IndexStep {
    indexed: u64,
    remaining: u64,
}

impl FileStore {
    /// Returns whether a filter is about words of the history, so that its search begins with
    /// bringing the full-text index up to date.
    #[must_use]
    pub fn uses_full_text(filter: &Filter) -> bool {
        filter.search_texts().next().is_some() && filter.scope() == Scope::All
    }

    /// Brings the full-text index up to date, unless others are writing and few incidents are not
    /// indexed.
    pub(super) async fn update_full_text(&self) -> Result<(), BackendError> {
        self.index_texts(|_, _| ()).await
    }

    /// Brings the full-text index up to date: a search does it as well, but only this reports how
    /// far it is, as the number of incidents that are done and of all that are to be indexed.
    ///
    /// What was begun goes on to its end even if the caller stops waiting, and nothing is done twice
    /// if the process ends. While others are writing, few incidents may stay for later.
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
        // A negative number begins with all segments, a positive one goes on with them.
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

/// Merges some pages of the index. Returns whether there was something to merge.
pub(super) async fn merge_step(conn: &mut SqliteConnection, pages: i64) -> StoreResult<bool> {
    let mut batch = Batch::new(
        "SELECT total_changes();
         INSERT INTO words (words, rank) VALUES ('merge', ?);
         SELECT total_changes();",
    );
    batch.arg(pages);
    let counts: Vec<i64> = batch
        .fetch_result_sets(conn)
        .await?
        .iter()
        .filter_map(|rows| rows.first())
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    // A step that does nothing changes less than two rows: so says the documentation of FTS5.
    Ok(matches!(counts.as_slice(), [before, after] if after - before >= 2))
}

/// Returns how many incidents are not indexed yet.
async fn count_todo(conn: &mut SqliteConnection) -> StoreResult<u64> {
    let row = Batch::new("SELECT count(*) FROM words_todo").fetch_optional(conn).await?;
    let count: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

async fn index_in_transaction(conn: &mut SqliteConnection) -> StoreResult<IndexStep> {
    let before = count_todo(conn).await?;
    for _ in 0..BATCHES_PER_TRANSACTION {
        if !index_batch(conn).await? {
            break;
        }
    }
    let remaining = count_todo(conn).await?;
    Batch::new("COMMIT").run(conn).await?;
    Ok(IndexStep { indexed: before - remaining, remaining })
}

/// Indexes all incidents whose texts are not indexed yet, within the running transaction.
pub(super) async fn index_pending(conn: &mut SqliteConnection) -> StoreResult<()> {
    while index_batch(conn).await? {}
    Ok(())
}

/// Indexes the next incidents whose texts are not indexed yet. Returns `false` if there are none.
async fn index_batch(conn: &mut SqliteConnection) -> StoreResult<bool> {
    let Some(range) = TodoRange::next(conn, i64::MIN).await? else { return Ok(false) };
    let mut put = Batch::one_off("");
    // Most words are those of many incidents.
    let mut vocabulary = BTreeSet::new();
    for (key, row, texts) in read_texts(conn, &range.condition()).await? {
        let words = WordSet::new(&row, &texts);
        put.sql("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?);")
            .arg(key)
            .arg(words.document());
        vocabulary.append(&mut words.into_vocabulary());
    }
    put.sql("INSERT OR IGNORE INTO vocabulary (word) SELECT value FROM json_each(?);")
        .arg(encode_json(&vocabulary)?);
    put.sql("DELETE FROM words_todo WHERE incident <= ?;").arg(range.last);
    put.run(conn).await?;
    Ok(true)
}
