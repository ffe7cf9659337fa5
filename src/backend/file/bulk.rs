//! Puts many incidents into the projection at once, for imports and rebuilding.

use std::collections::HashSet;

use sqlx::SqliteConnection;

use super::error::Done;
use super::full_text::Words;
use super::names::Names;
use super::projection::{self, Projected};
use super::records::Record;
use super::row::Columns;
use super::sql::Batch;
use crate::model::Incident;

/// Rows of one statement. The text of a full statement is always the same and stays prepared.
const ROWS: usize = 40;
/// Words that are remembered as stored; then they are forgotten.
const WORDS_KEPT: usize = 40_000;

/// An incident that waits to be written to the projection.
pub(super) struct Waiting {
    pub key: i64,
    pub incident: Incident,
    /// As the projection has it; `None` where it doesn't.
    pub stored: Option<Box<Incident>>,
    /// All its words, where they are known; else they are taken in later.
    pub words: Option<Words>,
    /// Its words have changed.
    pub wordy: bool,
}

/// Writes incidents, and remembers what has been written where that saves work.
#[derive(Default)]
pub(super) struct Bulk {
    words: HashSet<String>,
}

/// A statement of several rows.
fn rows(head: &str, columns: usize, count: usize) -> Batch {
    let one = format!("({})", vec!["?"; columns].join(", "));
    let sql = format!("{head} VALUES {};", vec![one; count].join(", "));
    if count == ROWS { Batch::new(&sql) } else { Batch::passing(&sql) }
}

/// Runs a statement of several rows over as many items as there are.
pub(super) async fn insert<T>(
    conn: &mut SqliteConnection,
    head: &str,
    columns: usize,
    items: &[T],
    mut add: impl FnMut(&mut Batch, &T) -> Done<()>,
) -> Done<()> {
    for chunk in items.chunks(ROWS) {
        let mut batch = rows(head, columns, chunk.len());
        for item in chunk {
            add(&mut batch, item)?;
        }
        batch.run(conn).await?;
    }
    Ok(())
}

impl Bulk {
    /// Writes these incidents.
    pub(super) async fn write(
        &mut self,
        conn: &mut SqliteConnection,
        names: &mut Names,
        mut waiting: Vec<Waiting>,
    ) -> Done<()> {
        // The index of words takes them in order; else each would become a piece of its own.
        waiting.sort_unstable_by_key(|w| w.key);
        let mut new: Vec<Projected> = Vec::new();
        let mut snapshots = Vec::new();
        for one in &waiting {
            let now = Projected {
                columns: Columns::of(&one.incident),
                names: names.of(conn, &one.incident).await?,
            };
            let mut batch = Batch::default();
            match &one.stored {
                None => {
                    new.push(now);
                    let record = Record { key: one.key, incident: one.incident.clone() };
                    projection::snapshot(&mut batch, 0, &record)?;
                    snapshots.push(batch);
                }
                Some(stored) => {
                    let old = Projected {
                        columns: Columns::of(stored),
                        names: names.of(conn, stored).await?,
                    };
                    projection::update(&mut batch, &old, &now);
                    let record = Record { key: one.key, incident: one.incident.clone() };
                    projection::snapshot(&mut batch, stored.summary.seq, &record)?;
                    snapshots.push(batch);
                }
            }
        }
        insert(
            conn,
            "INSERT INTO incident (key, id, number, facets, service, team, assignee, fingerprint,
                counted, late_day, dedup_key, snoozed, row)",
            13,
            &new,
            |batch, one| {
                projection::arguments(batch, one);
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
        insert(
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
        self.write_words(conn, &waiting).await
    }

    async fn write_words(&mut self, conn: &mut SqliteConnection, waiting: &[Waiting]) -> Done<()> {
        let mut texts: Vec<(i64, String)> = Vec::new();
        let mut new_words: Vec<String> = Vec::new();
        let mut later: Vec<i64> = Vec::new();
        if self.words.len() > WORDS_KEPT {
            self.words.clear();
        }
        for one in waiting {
            match &one.words {
                Some(words) => {
                    texts.push((one.key, words.text()));
                    for word in words.vocabulary() {
                        if !self.words.contains(word) {
                            self.words.insert(word.to_owned());
                            new_words.push(word.to_owned());
                        }
                    }
                }
                None if one.wordy => later.push(one.key),
                None => {}
            }
        }
        insert(conn, "INSERT INTO words (rowid, text)", 2, &texts, |batch, (key, text)| {
            batch.arg(*key).arg(text.clone());
            Ok(())
        })
        .await?;
        new_words.sort_unstable();
        insert(conn, "INSERT OR IGNORE INTO vocabulary (word)", 1, &new_words, |batch, word| {
            batch.arg(word.clone());
            Ok(())
        })
        .await?;
        insert(conn, "INSERT OR IGNORE INTO words_todo (incident)", 1, &later, |batch, key| {
            batch.arg(*key);
            Ok(())
        })
        .await
    }
}
