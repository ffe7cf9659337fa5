//! The service levels by which the store judges clocks that ended before goals were recorded.
//!
//! They are those of the settings when the store was made, or brought up to date from a version that
//! did not record goals. They never change, so that a rebuild gives the same verdicts.

use sqlx::{Row, SqliteConnection};

use super::error::StoreResult;
use super::json_column::{encode_json, parse_json};
use super::sql::Batch;
use crate::model::Incident;
use crate::model::service_level::ServiceLevels;

/// Stores the levels, unless the store has some already.
pub(super) async fn put_levels(
    conn: &mut SqliteConnection,
    levels: &ServiceLevels,
) -> StoreResult<()> {
    let mut batch = Batch::one_off("INSERT OR IGNORE INTO service_level (id, body) VALUES (1, ?);");
    batch.arg(encode_json(levels)?);
    batch.run(conn).await
}

/// Replaces the levels of a store that has nothing yet.
pub(super) async fn replace_levels(
    conn: &mut SqliteConnection,
    levels: &ServiceLevels,
) -> StoreResult<()> {
    let sql = "INSERT OR REPLACE INTO service_level (id, body) VALUES (1, ?);";
    let mut batch = Batch::one_off(sql);
    batch.arg(encode_json(levels)?);
    batch.run(conn).await
}

/// Reads the levels; the defaults if there are none.
pub(super) async fn read_levels(conn: &mut SqliteConnection) -> StoreResult<ServiceLevels> {
    let batch = Batch::new("SELECT body FROM service_level WHERE id = 1");
    match batch.fetch_optional(conn).await? {
        Some(row) => parse_json(row.try_get(0)?, "the service levels"),
        None => Ok(ServiceLevels::default()),
    }
}

/// Reads the levels as [`read_levels`] does; `None` for a store of an older version, which has no
/// table for them.
pub(super) async fn read_levels_if_any(
    conn: &mut SqliteConnection,
) -> StoreResult<Option<ServiceLevels>> {
    if has_levels(conn).await? { read_levels(conn).await.map(Some) } else { Ok(None) }
}

/// Judges the clocks of a record that ended before goals were recorded. A store of an older
/// version, which is read only, has no levels yet: its records are judged when they are shown.
pub(super) async fn judge(conn: &mut SqliteConnection, incident: &mut Incident) -> StoreResult<()> {
    if incident.is_unjudged()
        && let Some(levels) = read_levels_if_any(conn).await?
    {
        incident.judge_by(&levels);
    }
    Ok(())
}

async fn has_levels(conn: &mut SqliteConnection) -> StoreResult<bool> {
    let batch = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'service_level'");
    Ok(batch.fetch_optional(conn).await?.is_some())
}
