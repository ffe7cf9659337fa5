//! Properties of a store: its identity, its generation, and the numbers that it may not issue
//! again.

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::event_row::WRITER_FORMAT;
use super::sql::Batch;
use crate::backend::{PutBack, StoreInfo};

/// The expression for the highest number that was given or is not to be given.
pub(super) const LAST_NUMBER: &str = "max(ifnull((SELECT max(number) FROM incident), 0),
    (SELECT value FROM meta WHERE name = 'number_floor'))";
/// The expression for the next position in the log.
pub(super) const NEXT_LOG: &str = "max(ifnull((SELECT max(log) FROM event), 0),
    (SELECT value FROM meta WHERE name = 'log_floor')) + 1";

/// The properties of a store, and its highest number and position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct StoreMeta {
    pub info: StoreInfo,
    /// The key with which marks of this store are signed.
    pub mark_key: Vec<u8>,
    /// The highest number of an incident.
    pub number: u64,
    /// The position of the last event in the log.
    pub log: u64,
    /// Up to which number and position none is given any more.
    pub floors: (u64, u64),
}

/// Reads the properties of a store; `None` if it is of the version that had none.
pub(super) async fn read_meta(conn: &mut SqliteConnection) -> StoreResult<Option<StoreMeta>> {
    let has_meta = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'meta'")
        .fetch_optional(conn)
        .await?
        .is_some();
    if !has_meta {
        return Ok(None);
    }
    let rows = Batch::new(
        "SELECT (SELECT value FROM meta WHERE name = 'store'),
            (SELECT value FROM meta WHERE name = 'generation'),
            (SELECT value FROM meta WHERE name = 'mark_key'),
            (SELECT value FROM meta WHERE name = 'put_back_at'),
            (SELECT value FROM meta WHERE name = 'put_back_to'),
            (SELECT max(number) FROM incident), (SELECT max(log) FROM event),
            (SELECT value FROM meta WHERE name = 'number_floor'),
            (SELECT value FROM meta WHERE name = 'log_floor')",
    );
    let Some(row) = rows.fetch_optional(conn).await? else {
        return Err(StoreError::content("the properties of the store"));
    };
    let text = |column: usize| -> StoreResult<String> {
        let text: Option<String> = row.try_get_unchecked(column)?;
        text.ok_or_else(|| StoreError::content("the properties of the store"))
    };
    let number = |column: usize| -> StoreResult<Option<i64>> {
        Ok(row.try_get_unchecked::<Option<i64>, _>(column)?)
    };
    let time = |column| -> StoreResult<Option<DateTime<Utc>>> {
        Ok(number(column)?.and_then(DateTime::from_timestamp_millis))
    };
    let count = |column| -> StoreResult<u64> {
        Ok(number(column)?.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    };
    let put_back = match time(3)? {
        Some(at) => Some(PutBack { at, to: time(4)? }),
        None => None,
    };
    Ok(Some(StoreMeta {
        info: StoreInfo { id: text(0)?, generation: text(1)?, put_back },
        mark_key: row.try_get_unchecked::<Option<Vec<u8>>, _>(2)?.unwrap_or_default(),
        number: count(5)?,
        log: count(6)?,
        floors: (count(7)?, count(8)?),
    }))
}

/// The versions of the schema that a program must support.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NeededVersions {
    pub to_read: i64,
    pub to_write: i64,
}

/// The version of stores that a program must support to write to one with the records of this
/// version. Later versions have only changed which code fills which table of the file.
const NEEDED_FOR_RECORDS: i64 = 7;

impl NeededVersions {
    /// Returns the version of stores that a program must support to write to one with the records
    /// of this store.
    pub(super) fn to_write_records(self) -> Option<u32> {
        let needed = match self.to_write {
            own @ ..=WRITER_FORMAT => own.min(NEEDED_FOR_RECORDS),
            later => later,
        };
        u32::try_from(needed).ok()
    }
}

/// Reads the versions that a program must support; `None` for a store of the version that had no
/// properties.
pub(super) async fn read_needed(
    conn: &mut SqliteConnection,
) -> StoreResult<Option<NeededVersions>> {
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'meta'");
    if table.fetch_optional(conn).await?.is_none() {
        return Ok(None);
    }
    let batch = Batch::new(
        "SELECT (SELECT value FROM meta WHERE name = 'needed_to_read'),
            (SELECT value FROM meta WHERE name = 'needed_to_write')",
    );
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(None) };
    let version =
        |column: usize| -> StoreResult<Option<i64>> { Ok(row.try_get_unchecked(column)?) };
    let (to_read, to_write) = (version(0)?, version(1)?);
    Ok(to_read.zip(to_write).map(|(to_read, to_write)| NeededVersions { to_read, to_write }))
}

/// Adds the statement that raises the version that a program must support to write the store.
pub(super) fn raise_needed_to_write(batch: &mut Batch, version: u32) {
    batch
        .sql("UPDATE meta SET value = max(value, ?) WHERE name = 'needed_to_write';")
        .arg(i64::from(version));
}

/// Begins a new generation of a store that was put back: no number up to `number` and no position up
/// to `log` is given any more.
pub(super) async fn begin_generation(
    conn: &mut SqliteConnection,
    number: u64,
    log: u64,
    now: DateTime<Utc>,
) -> StoreResult<()> {
    let stored = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let mut batch = Batch::new(
        "BEGIN IMMEDIATE;
         UPDATE meta SET value = lower(hex(randomblob(8))) WHERE name = 'generation';
         UPDATE meta SET value = max(value, ?) WHERE name = 'number_floor';
         UPDATE meta SET value = max(value, ?) WHERE name = 'log_floor';
         INSERT OR REPLACE INTO meta (name, value) VALUES ('put_back_at', ?),
            ('put_back_to', (SELECT recorded FROM event ORDER BY log DESC LIMIT 1));
         COMMIT;",
    );
    batch.arg(stored(number)).arg(stored(log)).arg(now.timestamp_millis());
    let result = batch.run(conn).await;
    if result.is_err() {
        Batch::new("ROLLBACK").run(conn).await.ok();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_need_no_version_that_only_the_file_needs() {
        let to_write_records =
            |to_write| NeededVersions { to_read: 5, to_write }.to_write_records();
        assert_eq!(to_write_records(WRITER_FORMAT), Some(7));
        assert_eq!([2, 7, 99].map(to_write_records), [Some(2), Some(7), Some(99)]);
    }
}
