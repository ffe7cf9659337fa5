//! The directory: the statement that stores it, and the query.

use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::event_row::WRITER_FORMAT;
use super::json_column::{encode_json, parse_json};
use super::sql::Batch;
use crate::model::directory::Directory;

/// Adds the statement that stores a directory. Its version increases, so that other processes
/// notice the change.
pub(super) fn put_directory(batch: &mut Batch, directory: &Directory) -> StoreResult<()> {
    batch
        .sql(
            "INSERT INTO directory (id, version, format, body) VALUES (1, 1, ?, ?)
                ON CONFLICT (id) DO UPDATE SET version = version + 1, body = excluded.body;",
        )
        .arg(WRITER_FORMAT)
        .arg(encode_json(&Directory { maintenance: Vec::new(), ..directory.clone() })?);
    Ok(())
}

/// Reads the directory; `None` if none was ever set.
pub(super) async fn read_directory(conn: &mut SqliteConnection) -> StoreResult<Option<Directory>> {
    let row = Batch::new("SELECT body FROM directory WHERE id = 1").fetch_optional(conn).await?;
    row.map(|row| parse_json(row.try_get(0)?, "the directory")).transpose()
}

/// Writes the directory in the form of this version, which is read faster than one that an earlier
/// version has written. One that can't be read stays as it is, and so do maintenance windows, which
/// a later form has in a table of their own.
pub(super) async fn rewrite_directory(conn: &mut SqliteConnection) -> StoreResult<()> {
    match read_directory(conn).await {
        Ok(Some(directory)) if directory.maintenance.is_empty() => {
            let mut batch = Batch::default();
            put_directory(&mut batch, &directory)?;
            batch.run(conn).await
        }
        Ok(_) | Err(StoreError::Content(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
