//! The last publication of each report, status page and publisher.
//!
//! A change contains the record that was read before it (compare and swap), so that only one of
//! several programs that want to publish the same thing does.

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::error::StoreResult;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::{BackendError, PublicationRecord};

/// The first version of the schema that has the table.
const FIRST_VERSION: i64 = 13;

impl FileStore {
    /// Reads the records whose names begin with a text, by name.
    pub(super) async fn read_publications(
        &self,
        prefix: &str,
    ) -> Result<Vec<PublicationRecord>, BackendError> {
        if self.inner.version < FIRST_VERSION {
            return Ok(Vec::new());
        }
        self.with_path_context(async {
            let mut batch = Batch::new(
                "SELECT name, at, body FROM publication WHERE substr(name, 1, length(?)) = ? ORDER BY name",
            );
            batch.arg(prefix.to_owned()).arg(prefix.to_owned());
            let rows = batch.fetch_all(&mut *self.acquire_reader().await?).await?;
            rows.iter()
                .map(|row| {
                    let at = DateTime::from_timestamp_millis(row.try_get(1)?);
                    Ok(PublicationRecord {
                        name: row.try_get(0)?,
                        at: at.unwrap_or(DateTime::UNIX_EPOCH),
                        body: row.try_get(2)?,
                    })
                })
                .collect()
        })
        .await
    }

    /// Replaces the record that was read, if it is unchanged.
    pub(super) async fn swap_publication(
        &self,
        before: Option<&PublicationRecord>,
        after: &PublicationRecord,
    ) -> Result<bool, BackendError> {
        self.check_writable()?;
        let (store, before, after) = (self.clone(), before.cloned(), after.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let stored = store_record(&mut writer.conn, before.as_ref(), &after).await;
            if !stored.as_ref().is_ok_and(|is_stored| *is_stored) {
                writer.roll_back().await;
            }
            stored
        })
        .await
    }

    /// Removes the records whose names begin with a text and that were stored before a time.
    pub(super) async fn prune_publications(
        &self,
        prefix: &str,
        before: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        self.check_writable()?;
        let (store, prefix) = (self.clone(), prefix.to_owned());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let mut batch = Batch::new(
                "DELETE FROM publication WHERE substr(name, 1, length(?)) = ? AND at < ?",
            );
            batch.arg(prefix.clone()).arg(prefix).arg(before.timestamp_millis());
            batch.run(&mut writer.conn).await
        })
        .await
    }
}

/// Stores a record in a transaction, which is still open if another program was first.
async fn store_record(
    conn: &mut SqliteConnection,
    before: Option<&PublicationRecord>,
    after: &PublicationRecord,
) -> StoreResult<bool> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    let mut batch = Batch::new("SELECT body FROM publication WHERE name = ?");
    batch.arg(after.name.clone());
    let stored = batch.fetch_optional(conn).await?;
    let stored: Option<String> = stored.map(|row| row.try_get(0)).transpose()?;
    if stored.as_deref() != before.map(|record| record.body.as_str()) {
        return Ok(false);
    }
    let mut batch =
        Batch::one_off("INSERT OR REPLACE INTO publication (name, at, body) VALUES (?, ?, ?);");
    batch
        .arg(after.name.clone())
        .arg(after.at.timestamp_millis())
        .arg(after.body.clone())
        .sql("COMMIT;");
    batch.run(conn).await?;
    Ok(true)
}
