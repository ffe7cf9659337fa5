//! What has changed since a cursor.

use std::time::Duration;

use sqlx::{Row, SqliteConnection};
use tokio::time::Instant;

use super::FileStore;
use super::error::{Done, Failure};
use super::read::row_at;
use super::row::OPEN;
use super::sql::Batch;
use crate::backend::{Cursor, Delta};

/// Further behind than this, all open incidents are given anew.
const FAR: i64 = 10_000;

/// A position in the log, and the directory's version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Position {
    log: i64,
    directory: u64,
}

/// The bits of a cursor that hold the directory's version.
const DIRECTORY_BITS: u32 = 12;

impl Position {
    fn cursor(self) -> Cursor {
        let log = u64::try_from(self.log).unwrap_or(0);
        Cursor(log << DIRECTORY_BITS | (self.directory & ((1 << DIRECTORY_BITS) - 1)))
    }

    fn of(cursor: Cursor) -> Self {
        Self {
            log: i64::try_from(cursor.0 >> DIRECTORY_BITS).unwrap_or(0),
            directory: cursor.0 & ((1 << DIRECTORY_BITS) - 1),
        }
    }
}

/// The statements that tell the position.
const POSITION: &str = "SELECT (SELECT max(log) FROM event), (SELECT version FROM directory)";

fn position(row: Option<&sqlx::sqlite::SqliteRow>) -> Done<Position> {
    let Some(row) = row else { return Ok(Position { log: 0, directory: 0 }) };
    let version: Option<i64> = row.try_get(1)?;
    Ok(Position {
        log: row.try_get::<Option<i64>, _>(0)?.unwrap_or(0),
        directory: u64::try_from(version.unwrap_or(0)).unwrap_or(0) & ((1 << DIRECTORY_BITS) - 1),
    })
}

/// Reads to the end even if whoever asks goes away in the middle, as one whose connection to a server
/// breaks: a transaction that is left open would be in the way of the next one to read.
pub(super) async fn to_the_end<T: Send + 'static>(
    read: impl Future<Output = Done<T>> + Send + 'static,
) -> Done<T> {
    tokio::spawn(read).await.map_err(|error| Failure::content(error.to_string()))?
}

/// Waits for a change, at most so long, and gives what there is.
pub(super) async fn changes(
    store: &FileStore,
    since: Option<Cursor>,
    wait: Duration,
) -> Done<Delta> {
    let deadline = Instant::now() + wait;
    let mut signal = store.signal();
    loop {
        // What is told from here on is not missed, however it falls.
        signal.mark_seen();
        let mut conn = store.reader().await?;
        let now = position(Batch::new(POSITION).row(&mut conn).await?.as_ref())?;
        match since.map(Position::of) {
            None => return to_the_end(async move { all_open(&mut conn).await }).await,
            Some(then) if now.log < then.log || now.log - then.log > FAR => {
                return to_the_end(async move { all_open(&mut conn).await }).await;
            }
            Some(then) if now != then => {
                return to_the_end(async move { delta(&mut conn, then).await }).await;
            }
            Some(_) if Instant::now() >= deadline => {
                return Ok(Delta {
                    cursor: now.cursor(),
                    reset: false,
                    rows: Vec::new(),
                    directory: false,
                });
            }
            Some(_) => {}
        }
        drop(conn);
        signal.told(deadline).await;
    }
}

async fn all_open(conn: &mut SqliteConnection) -> Done<Delta> {
    let results = Batch::new(&format!(
        "BEGIN; {POSITION}; SELECT row FROM incident WHERE facets < {OPEN}; COMMIT"
    ))
    .rows_of_each(conn)
    .await;
    let results = ended(conn, results).await?;
    let now = position(results.get(1).and_then(|rows| rows.first()))?;
    let rows = match results.get(2) {
        Some(rows) => rows.iter().map(|row| row_at(row, 0)).collect::<Done<_>>()?,
        None => Vec::new(),
    };
    Ok(Delta { cursor: now.cursor(), reset: true, rows, directory: true })
}

async fn delta(conn: &mut SqliteConnection, then: Position) -> Done<Delta> {
    let mut batch = Batch::new(&format!(
        "BEGIN; {POSITION};
         SELECT row FROM incident WHERE key IN (SELECT incident FROM event WHERE log > ?);
         COMMIT"
    ));
    batch.arg(then.log);
    let results = batch.rows_of_each(conn).await;
    let results = ended(conn, results).await?;
    let now = position(results.get(1).and_then(|rows| rows.first()))?;
    let rows = match results.get(2) {
        Some(rows) => rows.iter().map(|row| row_at(row, 0)).collect::<Done<_>>()?,
        None => Vec::new(),
    };
    Ok(Delta {
        cursor: now.cursor(),
        reset: false,
        rows,
        directory: now.directory != then.directory,
    })
}

/// Leaves no transaction open after a failure.
async fn ended<T>(conn: &mut SqliteConnection, result: Done<T>) -> Done<T> {
    if result.is_err() {
        Batch::new("ROLLBACK").run(conn).await.ok();
    }
    result
}
