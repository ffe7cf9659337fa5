//! Puts many incidents into the projection at once, for imports and rebuilding.

use std::collections::HashSet;

use sqlx::SqliteConnection;

use super::error::StoreResult;
use super::full_text::WordSet;
use super::names::NameInterner;
use super::projection::{self, ProjectedIncident};
use super::records::KeyedIncident;
use super::row::Columns;
use super::sql::Batch;
use crate::model::Incident;

/// Rows of one statement. The text of a full statement is always the same and stays prepared.
const ROWS: usize = 40;
/// Words that are remembered as stored; then they are forgotten.
const MAX_VOCABULARY: usize = 40_000;

/// An incident that waits to be written to the projection.
pub(super) struct ProjectionWrite {
    pub key: i64,
    pub incident: Incident,
    /// As the projection has it; `None` where it doesn't.
    pub stored: Option<Box<Incident>>,
    /// All its words, where they are known; else they are taken in later.
    pub word_set: Option<WordSet>,
    /// Its words have changed.
    pub text_changed: bool,
}

/// Writes incidents, and remembers what has been written where that saves work.
#[derive(Default)]
pub(super) struct BulkWriter {
    vocabulary: HashSet<String>,
}

/// A statement of several rows.
fn insert_statement(head: &str, columns: usize, count: usize) -> Batch {
    let one = format!("({})", vec!["?"; columns].join(", "));
    let sql = format!("{head} VALUES {};", vec![one; count].join(", "));
    if count == ROWS { Batch::new(&sql) } else { Batch::one_off(&sql) }
}

/// Runs a statement of several rows over as many items as there are.
pub(super) async fn insert_rows<T>(
    conn: &mut SqliteConnection,
    head: &str,
    columns: usize,
    items: &[T],
    mut add: impl FnMut(&mut Batch, &T) -> StoreResult<()>,
) -> StoreResult<()> {
    for chunk in items.chunks(ROWS) {
        let mut batch = insert_statement(head, columns, chunk.len());
        for item in chunk {
            add(&mut batch, item)?;
        }
        batch.run(conn).await?;
    }
    Ok(())
}

impl BulkWriter {
    /// Writes these incidents.
    pub(super) async fn write(
        &mut self,
        conn: &mut SqliteConnection,
        names: &mut NameInterner,
        mut waiting: Vec<ProjectionWrite>,
    ) -> StoreResult<()> {
        // The index of words takes them in order; else each would become a piece of its own.
        waiting.sort_unstable_by_key(|w| w.key);
        let mut new: Vec<ProjectedIncident> = Vec::new();
        let mut snapshots = Vec::new();
        for one in &waiting {
            let now = ProjectedIncident {
                columns: Columns::from_incident(&one.incident),
                names: names.intern_incident(conn, &one.incident).await?,
            };
            let mut batch = Batch::default();
            match &one.stored {
                None => {
                    new.push(now);
                    let record = KeyedIncident { key: one.key, incident: one.incident.clone() };
                    projection::put_snapshot_if_due(&mut batch, 0, &record)?;
                    snapshots.push(batch);
                }
                Some(stored) => {
                    let old = ProjectedIncident {
                        columns: Columns::from_incident(stored),
                        names: names.intern_incident(conn, stored).await?,
                    };
                    projection::update(&mut batch, &old, &now);
                    let record = KeyedIncident { key: one.key, incident: one.incident.clone() };
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
            &new,
            |batch, one| {
                projection::bind_row(batch, one);
                Ok(())
            },
        )
        .await?;
        let mut affected: Vec<(i64, i64, i64)> = Vec::new();
        for one in &new {
            for service in &one.names.services {
                affected.push((*service, one.columns.key, one.columns.facets));
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
        for batch in snapshots.into_iter().filter(|batch| !batch.is_empty()) {
            batch.run(conn).await?;
        }
        self.index_text(conn, &waiting).await
    }

    async fn index_text(
        &mut self,
        conn: &mut SqliteConnection,
        waiting: &[ProjectionWrite],
    ) -> StoreResult<()> {
        let mut texts: Vec<(i64, String)> = Vec::new();
        let mut new_words: Vec<String> = Vec::new();
        let mut later: Vec<i64> = Vec::new();
        if self.vocabulary.len() > MAX_VOCABULARY {
            self.vocabulary.clear();
        }
        for one in waiting {
            match &one.word_set {
                Some(words) => {
                    texts.push((one.key, words.document()));
                    for word in words.vocabulary() {
                        if !self.vocabulary.contains(word) {
                            self.vocabulary.insert(word.to_owned());
                            new_words.push(word.to_owned());
                        }
                    }
                }
                None if one.text_changed => later.push(one.key),
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
