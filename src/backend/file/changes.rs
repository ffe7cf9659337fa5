//! Changes since a cursor, with long polling.

use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use tokio::time::Instant;

use super::error::{Panicked, StoreResult};
use super::event_row::parse_incident_id;
use super::read::summary_at;
use super::row::OPEN_FACETS_END;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::{BackendError, Cursor, Delta};
use crate::model::redaction::RedactedTarget;

/// If a cursor is more than this many events behind, the delta has all open incidents instead.
const MAX_DELTA_EVENTS: i64 = 10_000;

/// A position in the log, and the version of the directory.
///
/// The log counts from 1 in every file. After a backup is restored and other events are written,
/// the same number names another event. So the position also has the end of the event's id as a
/// witness that the log is the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct LogPosition {
    log: i64,
    /// The last two bytes of the id of the event at this position; 0 before the first event.
    witness: u16,
    directory: u8,
}

/// The bit offsets of the parts of a cursor above the directory's version: the log, the witness,
/// and the epoch, which [`super::reopening`] uses.
const LOG_AT: u32 = 8;
const WITNESS_AT: u32 = 44;
pub(super) const EPOCH_AT: u32 = 60;

impl LogPosition {
    fn cursor(self) -> Cursor {
        let log = u64::try_from(self.log).unwrap_or(0) << LOG_AT;
        let log = log & ((1 << WITNESS_AT) - 1);
        Cursor(u64::from(self.witness) << WITNESS_AT | log | u64::from(self.directory))
    }

    /// Decodes a cursor; `None` for one that no store issues.
    fn from_cursor(cursor: Cursor) -> Option<Self> {
        if cursor.0 >> EPOCH_AT != 0 {
            return None;
        }
        let [.., witness_high, witness_low] = (cursor.0 >> WITNESS_AT).to_be_bytes();
        let log = cursor.0 & ((1 << WITNESS_AT) - 1);
        let [.., directory] = cursor.0.to_be_bytes();
        Some(Self {
            log: i64::try_from(log >> LOG_AT).ok()?,
            witness: u16::from_be_bytes([witness_high, witness_low]),
            directory,
        })
    }
}

/// The statement that reads the current position.
const POSITION: &str = "SELECT (SELECT max(log) FROM event), (SELECT version FROM directory),
    (SELECT id FROM event ORDER BY log DESC LIMIT 1)";

fn parse_position(row: Option<&SqliteRow>) -> StoreResult<LogPosition> {
    let Some(row) = row else { return Ok(LogPosition { log: 0, witness: 0, directory: 0 }) };
    let version: Option<i64> = row.try_get(1)?;
    let [.., directory] = version.unwrap_or(0).to_be_bytes();
    Ok(LogPosition {
        log: row.try_get::<Option<i64>, _>(0)?.unwrap_or(0),
        witness: witness(row.try_get(2)?),
        directory,
    })
}

fn witness(id: Option<&[u8]>) -> u16 {
    match id {
        Some([.., high, low]) => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

/// Reads the current position, and whether the log has the event that `then` was issued for.
async fn read_position(
    conn: &mut SqliteConnection,
    then: Option<LogPosition>,
) -> StoreResult<(LogPosition, bool)> {
    let mut batch = Batch::new(&format!("{POSITION}, (SELECT id FROM event WHERE log = ?)"));
    batch.arg(then.map_or(0, |then| then.log));
    let row = batch.fetch_optional(conn).await?;
    let id: Option<&[u8]> = match &row {
        Some(row) => row.try_get(3)?,
        None => None,
    };
    // A store that was put back has no event at some positions.
    let is_same =
        |then: LogPosition| then.witness == witness(id) && (id.is_some() || then.log == 0);
    Ok((parse_position(row.as_ref())?, then.is_some_and(is_same)))
}

/// Runs a read as a task of its own, so that it ends even if the caller stops waiting, such as a
/// client whose connection breaks. A transaction that stayed open would disturb the next read on
/// the same connection.
pub(super) async fn read_to_completion<T: Send + 'static>(
    read: impl Future<Output = StoreResult<T>> + Send + 'static,
) -> StoreResult<T> {
    let panicked = |_| BackendError::unreachable(Panicked { advice: "ask again" });
    tokio::spawn(read).await.map_err(panicked)?
}

/// Waits for a change since the cursor, at most for `wait`, and returns the delta.
pub(super) async fn wait_for_changes(
    store: &FileStore,
    since: Option<Cursor>,
    wait: Duration,
) -> StoreResult<Delta> {
    let deadline = Instant::now() + wait;
    let since = since.and_then(LogPosition::from_cursor);
    // A watch of the folder costs milliseconds when it ends: none for a single answer.
    let mut listener = (since.is_some() && !wait.is_zero()).then(|| store.listen());
    loop {
        // A write from now on ends the wait below, even if it happens during the read.
        if let Some(listener) = &mut listener {
            listener.mark_seen();
        }
        let mut conn = store.acquire_reader().await?;
        let (now, is_same) = read_position(&mut conn, since).await?;
        match since {
            None => return read_to_completion(async move { read_all_open(&mut conn).await }).await,
            Some(then)
                if !is_same || now.log < then.log || now.log - then.log > MAX_DELTA_EVENTS =>
            {
                return read_to_completion(async move { read_all_open(&mut conn).await }).await;
            }
            Some(then) if now != then => {
                return read_to_completion(async move { read_delta(&mut conn, then).await }).await;
            }
            Some(_) if Instant::now() >= deadline => {
                return Ok(Delta {
                    cursor: now.cursor(),
                    reset: false,
                    rows: Vec::new(),
                    directory: false,
                    redacted: Vec::new(),
                });
            }
            Some(_) => {}
        }
        drop(conn);
        if let Some(listener) = &mut listener {
            listener.wait(deadline).await;
        }
    }
}

async fn read_all_open(conn: &mut SqliteConnection) -> StoreResult<Delta> {
    let delta = read_all_open_in_transaction(conn).await;
    roll_back_if_failed(conn, delta).await
}

/// Decodes each row as it is read: thousands of rows in both forms would more than double the memory of
/// the program.
async fn read_all_open_in_transaction(conn: &mut SqliteConnection) -> StoreResult<Delta> {
    let open = format!("FROM incident WHERE facets < {OPEN_FACETS_END}");
    let results = Batch::new(&format!("BEGIN; {POSITION}; SELECT count(*) {open};"))
        .fetch_result_sets(conn)
        .await?;
    let first = |index: usize| results.get(index).and_then(|rows| rows.first());
    let now = parse_position(first(1))?;
    let count: i64 = first(2).map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    let mut rows = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    Batch::new(&format!("SELECT row {open}"))
        .for_each_row(conn, |row| {
            rows.push(summary_at(row, 0)?);
            Ok(true)
        })
        .await?;
    Batch::new("COMMIT").run(conn).await?;
    let redacted = Vec::new();
    Ok(Delta { cursor: now.cursor(), reset: true, rows, directory: true, redacted })
}

async fn read_delta(conn: &mut SqliteConnection, then: LogPosition) -> StoreResult<Delta> {
    let mut batch = Batch::new(&format!(
        "BEGIN; {POSITION};
         SELECT row FROM incident WHERE key IN (SELECT incident FROM event WHERE log > $1);
         SELECT i.id, e.body ->> '$.part', e.body ->> '$.target' FROM event e
            JOIN incident i ON i.key = e.incident
            WHERE e.log > $1 AND instr(e.body, '\"kind\":\"redacted\"');
         COMMIT"
    ));
    batch.arg(then.log);
    let results = batch.fetch_result_sets(conn).await;
    let results = roll_back_if_failed(conn, results).await?;
    let now = parse_position(results.get(1).and_then(|rows| rows.first()))?;
    let rows = match results.get(2) {
        Some(rows) => rows.iter().map(|row| summary_at(row, 0)).collect::<StoreResult<_>>()?,
        None => Vec::new(),
    };
    let redacted = results.get(3).into_iter().flatten().map(redacted_target);
    Ok(Delta {
        cursor: now.cursor(),
        reset: false,
        rows,
        directory: now.directory != then.directory,
        redacted: redacted.collect::<StoreResult<Vec<_>>>()?.into_iter().flatten().collect(),
    })
}

/// Decodes the redaction of an event; `None` for one that only a later version defines.
fn redacted_target(row: &SqliteRow) -> StoreResult<Option<RedactedTarget>> {
    let incident = parse_incident_id(row.try_get(0)?)?;
    let (part, target): (Option<&str>, Option<&str>) = (row.try_get(1)?, row.try_get(2)?);
    let part = part.and_then(|part| part.parse().ok());
    let target = target.and_then(|target| target.parse().ok());
    Ok(part.zip(target).map(|(part, target)| RedactedTarget { incident, part, target }))
}

/// Rolls back the transaction if the read failed.
async fn roll_back_if_failed<T>(
    conn: &mut SqliteConnection,
    result: StoreResult<T>,
) -> StoreResult<T> {
    if result.is_err() {
        Batch::new("ROLLBACK").run(conn).await.ok();
    }
    result
}
