//! Export, import and salvage of heartbeats that other programs have defined. Those of the settings are
//! defined anew wherever the settings are.

use sqlx::{Row, SqliteConnection};

use super::table::put_values;
use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::backend::record::Record;
use crate::model::signals::Heartbeat;

/// The query of the heartbeats that programs have defined, as JSON.
pub(in crate::backend::file) const DEFINED_BODIES: &str =
    "SELECT body FROM heartbeat WHERE instr(body, '\"definition\":') > 0 ORDER BY name";

/// Parses the JSON of a heartbeat.
pub(in crate::backend::file) fn parse_heartbeat(body: &str) -> StoreResult<Heartbeat> {
    parse_json(body, "a heartbeat")
}

/// Returns whether the store has the table; one of an earlier version that is only read has none.
pub(in crate::backend::file) async fn has_heartbeats(
    conn: &mut SqliteConnection,
) -> StoreResult<bool> {
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'heartbeat'");
    Ok(table.fetch_optional(conn).await?.is_some())
}

/// Passes the heartbeats that programs have defined to `emit`.
pub(in crate::backend::file) async fn read_records(
    conn: &mut SqliteConnection,
    emit: &mut (dyn FnMut(&Record) -> StoreResult<()> + Send),
) -> StoreResult<()> {
    if !has_heartbeats(conn).await? {
        return Ok(());
    }
    Batch::new(DEFINED_BODIES)
        .for_each_row(conn, |row| {
            let heartbeat = parse_heartbeat(row.try_get(0)?)?;
            if heartbeat.definition.is_some() {
                emit(&Record::Heartbeat(Box::new(heartbeat)))?;
            }
            Ok(true)
        })
        .await
}

/// Adds the statement that stores an imported heartbeat. One that the store has already only gets the
/// definition.
pub(in crate::backend::file) fn put_imported(
    batch: &mut Batch,
    heartbeat: &Heartbeat,
) -> StoreResult<()> {
    batch.sql(
        "INSERT INTO heartbeat (name, last, body) VALUES (?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET body = iif(json_valid(body),
                json_set(body, '$.definition', json(?)), excluded.body);",
    );
    let definition = encode_json(&heartbeat.definition)?;
    put_values(batch, heartbeat)?;
    batch.arg(definition);
    Ok(())
}
