//! The table of maintenance windows, of `0012_windows.sql`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use crate::backend::file::error::StoreResult;
use crate::backend::file::event_row::WRITER_FORMAT;
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::backend::record::Record;
use crate::model::directory::Directory;
use crate::model::maintenance::MaintenanceWindow;

/// Windows that were read, with the JSON of which they were parsed.
pub(in crate::backend::file) type CachedWindows = (Vec<String>, Arc<Vec<MaintenanceWindow>>);

/// The most windows that a store has, but for those that have not ended.
const MAX_STORED: i64 = 10_000;
/// The query of the windows as JSON.
pub(in crate::backend::file) const WINDOW_BODIES: &str =
    "SELECT body FROM maintenance ORDER BY starts, id";

/// Parses the JSON of a window.
pub(in crate::backend::file) fn parse_window(body: &str) -> StoreResult<MaintenanceWindow> {
    parse_json(body, "a maintenance window")
}

/// Returns whether the store has the tables; one of an earlier version that is only read has none.
pub(in crate::backend::file) async fn has_maintenance(
    conn: &mut SqliteConnection,
) -> StoreResult<bool> {
    let tables = Batch::new(
        "SELECT 1 FROM sqlite_schema WHERE name = 'maintenance'
            AND EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'muted')",
    );
    Ok(tables.fetch_optional(conn).await?.is_some())
}

/// Passes all windows to `emit`.
pub(in crate::backend::file) async fn read_records(
    conn: &mut SqliteConnection,
    emit: &mut (dyn FnMut(&Record) -> StoreResult<()> + Send),
) -> StoreResult<()> {
    if !has_maintenance(conn).await? {
        return Ok(());
    }
    Batch::new(WINDOW_BODIES)
        .for_each_row(conn, |row| {
            emit(&Record::MaintenanceWindow(Box::new(parse_window(row.try_get(0)?)?)))?;
            Ok(true)
        })
        .await
}

/// Reads the JSON of the windows that have not ended, the one that began first first.
pub(super) async fn read_current_bodies(
    conn: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> StoreResult<Vec<String>> {
    let mut batch = Batch::new(
        "SELECT body FROM maintenance WHERE ends IS NULL OR ends > ? ORDER BY starts, id",
    );
    batch.arg(now.timestamp_millis());
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Reads the windows that have not ended, the one that began first first.
pub(in crate::backend::file) async fn read_current(
    conn: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> StoreResult<Vec<MaintenanceWindow>> {
    let bodies = read_current_bodies(conn, now).await?;
    bodies.iter().map(|body| parse_window(body)).collect()
}

/// Reads the windows that have ended, the one that ended last first; at most `limit`.
pub(super) async fn read_ended(
    conn: &mut SqliteConnection,
    now: DateTime<Utc>,
    limit: u32,
) -> StoreResult<Vec<MaintenanceWindow>> {
    let mut batch =
        Batch::new("SELECT body FROM maintenance WHERE ends <= ? ORDER BY ends DESC, id LIMIT ?");
    batch.arg(now.timestamp_millis()).arg(i64::from(limit));
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| parse_window(row.try_get(0)?)).collect()
}

/// Reads the window with an id; `None` if there is none.
pub(super) async fn read_window(
    conn: &mut SqliteConnection,
    id: Uuid,
) -> StoreResult<Option<MaintenanceWindow>> {
    let mut batch = Batch::new("SELECT body FROM maintenance WHERE id = ?");
    batch.arg(id.as_bytes().to_vec());
    let row = batch.fetch_optional(conn).await?;
    row.map(|row| parse_window(row.try_get(0)?)).transpose()
}

fn put_values(batch: &mut Batch, window: &MaintenanceWindow) -> StoreResult<()> {
    batch
        .arg(window.id.as_bytes().to_vec())
        .arg(window.from.timestamp_millis())
        .arg(window.last_end().map(|end| end.timestamp_millis()))
        .arg(encode_json(window)?);
    Ok(())
}

/// Adds the statements that store a window, remove old ones beyond the bound, and count as a change of
/// the directory, with which the windows are read.
pub(super) fn put_window(
    batch: &mut Batch,
    window: &MaintenanceWindow,
    now: DateTime<Utc>,
) -> StoreResult<()> {
    batch.sql("INSERT OR REPLACE INTO maintenance (id, starts, ends, body) VALUES (?, ?, ?, ?);");
    put_values(batch, window)?;
    batch
        .sql(
            "DELETE FROM maintenance WHERE ends <= ?
                AND id NOT IN (SELECT id FROM maintenance ORDER BY starts DESC LIMIT ?);
             INSERT INTO directory (id, version, format, body) VALUES (1, 1, ?, ?)
                ON CONFLICT (id) DO UPDATE SET version = version + 1;",
        )
        .arg(now.timestamp_millis())
        .arg(MAX_STORED)
        .arg(WRITER_FORMAT)
        .arg(encode_json(&Directory::default())?);
    Ok(())
}

/// Adds the statements that store an imported window, unless there is one with its id.
pub(in crate::backend::file) fn put_imported(
    batch: &mut Batch,
    window: &MaintenanceWindow,
) -> StoreResult<()> {
    batch.sql("INSERT OR IGNORE INTO maintenance (id, starts, ends, body) VALUES (?, ?, ?, ?);");
    put_values(batch, window)?;
    batch.sql("UPDATE directory SET version = version + 1;");
    Ok(())
}
