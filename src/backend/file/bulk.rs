//! Writes many incidents to the projection at once, for imports and rebuilds.

use std::num::NonZeroUsize;

use lru::LruCache;
use sqlx::SqliteConnection;

use super::error::StoreResult;
use super::full_text::WordSet;
use super::list_rows::{INSERT_REVIEWS, OR_SET_OWED, owes_review};
use super::names::NameInterner;
use super::projection::{self, ProjectedIncident};
use super::records::KeyedIncident;
use super::row::Columns;
use super::service_level_table::read_levels;
use super::sql::Batch;
use crate::model::Incident;
use crate::model::searched_texts::SearchedTexts;

/// The number of rows of one statement. The text of a full statement is always the same, so it
/// stays prepared.
const ROWS: usize = 40;
/// The maximum number of remembered words.
const MAX_VOCABULARY: NonZeroUsize = NonZeroUsize::new(40_000).expect("it is not zero");

/// An incident to write to the projection.
pub(super) struct ProjectionWrite {
    pub key: i64,
    pub incident: Incident,
    /// The incident in the projection; `None` if it is new there.
    pub stored: Option<Box<Incident>>,
    /// The texts of its events, for the full-text index; `None` if they must be read from the store
    /// later.
    pub texts: Option<SearchedTexts>,
    /// Whether its texts have changed.
    pub text_changed: bool,
}

/// Writes incidents. Remembers the most recently used words that it has stored, to store each only
/// once.
pub(super) struct BulkWriter {
    vocabulary: LruCache<String, ()>,
}

/// Returns an `INSERT` statement for `count` rows, which begins with `head` and ends with `tail`.
fn insert_statement([head, tail]: [&str; 2], columns: usize, count: usize) -> Batch {
    let row = format!("({})", vec!["?"; columns].join(", "));
    let sql = format!("{head} VALUES {}{tail};", vec![row; count].join(", "));
    if count == ROWS { Batch::new(&sql) } else { Batch::one_off(&sql) }
}

/// Inserts one row for each item, with several rows in each statement.
pub(super) async fn insert_rows<T>(
    conn: &mut SqliteConnection,
    head: &str,
    columns: usize,
    items: &[T],
    add: impl FnMut(&mut Batch, &T) -> StoreResult<()>,
) -> StoreResult<()> {
    insert_rows_or(conn, [head, ""], columns, items, add).await
}

/// Inserts one row for each item, as [`insert_rows`] does, with statements that end with `tail`,
/// which defines the handling of existing rows.
async fn insert_rows_or<T>(
    conn: &mut SqliteConnection,
    [head, tail]: [&str; 2],
    columns: usize,
    items: &[T],
    mut add: impl FnMut(&mut Batch, &T) -> StoreResult<()>,
) -> StoreResult<()> {
    for chunk in items.chunks(ROWS) {
        let mut batch = insert_statement([head, tail], columns, chunk.len());
        for item in chunk {
            add(&mut batch, item)?;
        }
        batch.run(conn).await?;
    }
    Ok(())
}

/// Records which of the new incidents owe a review.
async fn insert_owed_reviews(
    conn: &mut SqliteConnection,
    new_rows: &[ProjectedIncident],
) -> StoreResult<()> {
    let owing = new_rows.iter().filter(|entry| owes_review(entry.columns.facets));
    let owing: Vec<i64> = owing.map(|entry| entry.columns.key).collect();
    insert_rows_or(conn, [INSERT_REVIEWS, OR_SET_OWED], 5, &owing, |batch, key| {
        batch.arg(*key).arg(0).arg(1).arg(0).arg(None::<i64>);
        Ok(())
    })
    .await
}

impl Default for BulkWriter {
    fn default() -> Self {
        Self { vocabulary: LruCache::new(MAX_VOCABULARY) }
    }
}

impl BulkWriter {
    /// Writes incidents to the projection and the full-text index.
    pub(super) async fn write(
        &mut self,
        conn: &mut SqliteConnection,
        names: &mut NameInterner,
        mut entries: Vec<ProjectionWrite>,
    ) -> StoreResult<()> {
        // The full-text index needs ascending keys; otherwise each row would start a new segment.
        entries.sort_unstable_by_key(|entry| entry.key);
        if entries.iter().any(|entry| entry.incident.is_unjudged()) {
            let levels = read_levels(conn).await?;
            for entry in &mut entries {
                entry.incident.judge_by(&levels);
            }
        }
        let mut new_rows: Vec<ProjectedIncident> = Vec::new();
        let mut snapshots = Vec::new();
        for entry in &entries {
            let new_state = ProjectedIncident {
                columns: Columns::from_incident(&entry.incident),
                names: names.intern_incident(conn, &entry.incident).await?,
            };
            let mut batch = Batch::default();
            match &entry.stored {
                None => {
                    new_rows.push(new_state);
                    let record = KeyedIncident { key: entry.key, incident: entry.incident.clone() };
                    projection::put_snapshot_if_due(&mut batch, 0, &record)?;
                    snapshots.push(batch);
                }
                Some(stored) => {
                    let old_state = ProjectedIncident {
                        columns: Columns::from_incident(stored),
                        names: names.intern_incident(conn, stored).await?,
                    };
                    projection::update(&mut batch, &old_state, &new_state);
                    let record = KeyedIncident { key: entry.key, incident: entry.incident.clone() };
                    projection::put_snapshot_if_due(&mut batch, stored.summary.seq, &record)?;
                    snapshots.push(batch);
                }
            }
        }
        insert_rows(
            conn,
            "INSERT INTO incident (key, id, number, facets, service, team, assignee, fingerprint,
                counted, late_day, dedup_key, snoozed, row)",
            13,
            &new_rows,
            |batch, entry| {
                projection::bind_row(batch, entry);
                Ok(())
            },
        )
        .await?;
        let mut affected: Vec<(i64, i64, i64)> = Vec::new();
        for entry in &new_rows {
            for service in &entry.names.services {
                affected.push((*service, entry.columns.key, entry.columns.facets));
            }
        }
        affected.sort_unstable();
        insert_rows(
            conn,
            "INSERT INTO affected (service, incident, facets)",
            3,
            &affected,
            |batch, (service, key, facets)| {
                batch.arg(*service).arg(*key).arg(*facets);
                Ok(())
            },
        )
        .await?;
        for entry in new_rows.iter().filter(|entry| entry.columns.muted.is_some()) {
            let mut batch = Batch::default();
            projection::put_muted(&mut batch, &entry.columns);
            batch.run(conn).await?;
        }
        for entry in new_rows.iter().filter(|entry| !entry.names.helpers.is_empty()) {
            let mut batch = Batch::default();
            projection::put_involved(&mut batch, entry);
            batch.run(conn).await?;
        }
        insert_owed_reviews(conn, &new_rows).await?;
        for batch in snapshots.into_iter().filter(|batch| !batch.is_empty()) {
            batch.run(conn).await?;
        }
        self.index_text(conn, &entries).await
    }

    async fn index_text(
        &mut self,
        conn: &mut SqliteConnection,
        entries: &[ProjectionWrite],
    ) -> StoreResult<()> {
        let mut texts: Vec<(i64, String)> = Vec::new();
        let mut new_words: Vec<String> = Vec::new();
        let mut later: Vec<i64> = Vec::new();
        for entry in entries {
            match &entry.texts {
                Some(texts_of_events) => {
                    let words = WordSet::new(&entry.incident.summary, texts_of_events);
                    texts.push((entry.key, words.document()));
                    for word in words.vocabulary() {
                        if !self.vocabulary.promote(word) {
                            self.vocabulary.put(word.to_owned(), ());
                            new_words.push(word.to_owned());
                        }
                    }
                }
                None if entry.text_changed => later.push(entry.key),
                None => {}
            }
        }
        insert_rows(conn, "INSERT INTO words (rowid, text)", 2, &texts, |batch, (key, text)| {
            batch.arg(*key).arg(text.clone());
            Ok(())
        })
        .await?;
        new_words.sort_unstable();
        insert_rows(
            conn,
            "INSERT OR IGNORE INTO vocabulary (word)",
            1,
            &new_words,
            |batch, word| {
                batch.arg(word.clone());
                Ok(())
            },
        )
        .await?;
        insert_rows(conn, "INSERT OR IGNORE INTO words_todo (incident)", 1, &later, |batch, key| {
            batch.arg(*key);
            Ok(())
        })
        .await
    }
}
