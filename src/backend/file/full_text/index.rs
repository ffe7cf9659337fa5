//! Updates the full-text index: reads the texts of incidents and writes their words, in batches.

use std::collections::BTreeSet;

use sqlx::{Row, SqliteConnection};

use super::tokens::WordSet;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::json_column::encode_json;
use crate::backend::file::read::summary_at;
use crate::backend::file::sql::Batch;
use crate::model::Summary;
use crate::model::event::StoredBody;
use crate::model::searched_texts::SearchedTexts;

/// The number of incidents that are indexed by one batch of statements.
const INCIDENTS_PER_BATCH: i64 = 200;
/// The number of batches of one transaction, so that other writers can write in between.
const BATCHES_PER_TRANSACTION: usize = 10;
/// The number of incidents indexed at a time after which the segments of the index are merged. Each
/// word of a query is looked up in every segment.
pub(in crate::backend::file) const MERGE_AFTER: u64 = 10_000;
/// The number of pages that are merged in one transaction.
pub(super) const PAGES_PER_MERGE: i64 = 1_000;

/// Some of the incidents whose texts are not indexed yet: those after one key up to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct TodoRange {
    after: i64,
    pub last: i64,
}

impl TodoRange {
    /// Returns the next range after a key; `None` if there are no more.
    pub async fn next(conn: &mut SqliteConnection, after: i64) -> StoreResult<Option<Self>> {
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
    pub fn condition(self) -> String {
        format!(
            "IN (SELECT incident FROM words_todo WHERE incident > {} AND incident <= {})",
            self.after, self.last
        )
    }
}

/// Reads incidents with their searched texts, in the order of their keys. `condition` is an SQL
/// condition on the key.
pub(super) async fn read_texts(
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

/// The result of a step of indexing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct IndexStep {
    pub indexed: u64,
    pub remaining: u64,
}

/// Merges some pages of the index. Returns whether there were pages to merge.
pub(in crate::backend::file) async fn merge_step(
    conn: &mut SqliteConnection,
    pages: i64,
) -> StoreResult<bool> {
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
    // A step without effect changes fewer than two rows, according to the documentation of FTS5.
    Ok(matches!(counts.as_slice(), [before, after] if after - before >= 2))
}

/// Returns how many incidents are not indexed yet.
pub(super) async fn count_todo(conn: &mut SqliteConnection) -> StoreResult<u64> {
    let row = Batch::new("SELECT count(*) FROM words_todo").fetch_optional(conn).await?;
    let count: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

pub(super) async fn index_in_transaction(conn: &mut SqliteConnection) -> StoreResult<IndexStep> {
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

/// Indexes all incidents whose texts are not indexed yet, if they are many, in many transactions.
/// `progress` gets the number of completed ones and the total.
pub(in crate::backend::file) async fn index_if_many(
    conn: &mut SqliteConnection,
    progress: impl Fn(u64, u64) + Send,
) -> StoreResult<()> {
    let total = count_todo(conn).await?;
    if total < MERGE_AFTER {
        return Ok(());
    }
    let mut remaining = total;
    while remaining > 0 {
        progress(total - remaining, total);
        Batch::new("BEGIN IMMEDIATE").run(conn).await?;
        match index_in_transaction(conn).await {
            Ok(step) => remaining = step.remaining,
            Err(failure) => {
                Batch::new("ROLLBACK").run(conn).await.ok();
                return Err(failure);
            }
        }
    }
    progress(total, total);
    let mut pages = -PAGES_PER_MERGE;
    while merge_step(conn, pages).await? {
        pages = PAGES_PER_MERGE;
    }
    Ok(())
}

/// Indexes all incidents whose texts are not indexed yet, within the running transaction.
pub(in crate::backend::file) async fn index_pending(
    conn: &mut SqliteConnection,
) -> StoreResult<()> {
    while index_batch(conn).await? {}
    Ok(())
}

/// A note that was redacted: the key of its incident, and its words.
pub(in crate::backend::file) type RedactedNote = (i64, BTreeSet<String>);

/// Indexes an incident again whose notes were redacted, and removes those of their words from the
/// vocabulary that no indexed text contains any more.
pub(in crate::backend::file) async fn reindex_redacted(
    conn: &mut SqliteConnection,
    key: i64,
    words: &BTreeSet<String>,
) -> StoreResult<()> {
    Batch::new("BEGIN IMMEDIATE").run(conn).await?;
    let done = replace_redacted(conn, key, words).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    Batch::new(end).run(conn).await.and(done)
}

async fn replace_redacted(
    conn: &mut SqliteConnection,
    key: i64,
    words: &BTreeSet<String>,
) -> StoreResult<()> {
    let mut put = Batch::one_off("");
    let mut present = BTreeSet::new();
    for (key, row, texts) in read_texts(conn, &format!("= {key}")).await? {
        let indexed = WordSet::new(&row, &texts);
        put.sql("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?);")
            .arg(key)
            .arg(indexed.document());
        present.append(&mut indexed.into_vocabulary());
    }
    put.sql("INSERT OR IGNORE INTO vocabulary (word) SELECT value FROM json_each(?);")
        .arg(encode_json(&present)?);
    put.sql("DELETE FROM words_todo WHERE incident = ?;").arg(key);
    put.run(conn).await?;
    for word in words.difference(&present) {
        let mut batch = Batch::new(
            "DELETE FROM vocabulary WHERE word = $1
                AND NOT EXISTS (SELECT 1 FROM words WHERE words MATCH $2)",
        );
        // Words have neither quotes nor blanks.
        batch.arg(word.clone()).arg(format!("\"{word}\""));
        batch.run(conn).await?;
    }
    Ok(())
}

/// Merges the index into one segment, which has nothing of texts that were removed.
pub(in crate::backend::file) async fn merge_all(conn: &mut SqliteConnection) -> StoreResult<()> {
    Batch::new("INSERT INTO words (words) VALUES ('optimize')").run(conn).await
}

/// Indexes the next incidents whose texts are not indexed yet. Returns `false` if there are none.
async fn index_batch(conn: &mut SqliteConnection) -> StoreResult<bool> {
    let Some(range) = TodoRange::next(conn, i64::MIN).await? else { return Ok(false) };
    let mut put = Batch::one_off("");
    // Most words occur in many incidents.
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
