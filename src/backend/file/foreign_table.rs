//! Records of kinds that only a later version defines: stored as they were imported, and exported
//! again.

use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::json_column::encode_json;
use super::sql::Batch;
use crate::backend::record::Record;
use crate::model::unknown::Foreign;

/// Adds the statement that stores a record. The same record is stored once.
pub(super) fn put_foreign(
    batch: &mut Batch,
    record: &Foreign,
    before_events: bool,
) -> StoreResult<()> {
    batch
        .sql("INSERT OR IGNORE INTO foreign_record (before_events, body) VALUES (?, ?);")
        .arg(i64::from(before_events))
        .arg(encode_json(record)?);
    Ok(())
}

/// Reads the records that precede the events of their export, or those after them.
pub(super) async fn read_foreign(
    conn: &mut SqliteConnection,
    before_events: bool,
) -> StoreResult<Vec<Record>> {
    // A store of an earlier version that is only read has no such table.
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'foreign_record'");
    if table.fetch_optional(conn).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut batch =
        Batch::new("SELECT body FROM foreign_record WHERE before_events = ? ORDER BY id");
    batch.arg(i64::from(before_events));
    let mut records = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let record = Record::from_json(row.try_get::<&str, _>(0)?.as_bytes());
        records.push(record.map_err(|e| StoreError::content(format!("a foreign record: {e}")))?);
    }
    Ok(records)
}
