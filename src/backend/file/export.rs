//! Exports everything that a store holds, from one consistent state.

use std::io;

use sqlx::{Row, SqliteConnection};

use super::administration_table::read_administration;
use super::alerts;
use super::command_identity::{add_digest, digest_column, read_used_ids};
use super::contacts;
use super::directory_table::read_directory;
use super::error::{ExportFault, StoreError, StoreResult};
use super::event_row::{self, COLUMNS, parse_incident_id};
use super::evidence_table;
use super::foreign_table::read_foreign;
use super::heartbeats;
use super::json_column::parse_json;
use super::maintenance;
use super::meta::{NeededVersions, read_needed};
use super::notifications::transfer;
use super::service_level_table::read_levels_if_any;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::BackendError;
use crate::backend::record::Record;

/// Receives the records of an export.
pub(super) type Sink<'a> = &'a mut (dyn FnMut(&Record) -> io::Result<()> + Send);

fn sink_error(error: io::Error) -> StoreError {
    BackendError::unreachable(ExportFault::from(error)).into()
}

impl FileStore {
    /// Passes every record of one consistent state of the store to `sink`, also how people are reached,
    /// the header first and the end last. Returns the number of records, with these two.
    ///
    /// # Errors
    /// [`BackendError`] if the store can't be read. An error of the sink is returned as
    /// [`BackendError::Unreachable`].
    pub async fn export(
        &self,
        sink: &mut (dyn FnMut(&Record) -> io::Result<()> + Send),
    ) -> Result<u64, BackendError> {
        self.export_records(sink, Addresses::Included).await
    }

    /// Passes every record to `sink` as [`Self::export`] does, except contacts unless `addresses`
    /// is set.
    ///
    /// # Errors
    /// Those of [`Self::export`].
    pub async fn export_records(
        &self,
        sink: &mut (dyn FnMut(&Record) -> io::Result<()> + Send),
        addresses: Addresses,
    ) -> Result<u64, BackendError> {
        self.with_path_context(async {
            export(&mut *self.acquire_reader().await?, sink, addresses).await
        })
        .await
    }
}

/// Whether an export has the addresses of people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Addresses {
    /// It has the contacts that people have set.
    Included,
    /// It has none.
    Omitted,
}

/// Passes every record to the sink and returns their number.
async fn export(
    conn: &mut SqliteConnection,
    sink: Sink<'_>,
    addresses: Addresses,
) -> StoreResult<u64> {
    Batch::new("BEGIN").run(conn).await?;
    let result = export_in_transaction(conn, sink, addresses).await;
    Batch::new("ROLLBACK").run(conn).await.ok();
    result
}

async fn export_in_transaction(
    conn: &mut SqliteConnection,
    sink: Sink<'_>,
    addresses: Addresses,
) -> StoreResult<u64> {
    let mut count = 0;
    let mut emit = |record: &Record| {
        count += 1;
        sink(record).map_err(sink_error)
    };
    let needed = read_needed(conn).await?;
    let needed_to_write = needed.and_then(NeededVersions::to_write_records);
    emit(&Record::header(needed_to_write, read_levels_if_any(conn).await?))?;
    if let Some(directory) = read_directory(conn).await? {
        emit(&Record::Directory(Box::new(directory)))?;
    }
    Batch::new("SELECT body FROM problem ORDER BY id")
        .for_each_row(conn, |row| {
            emit(&Record::Problem(parse_json(row.try_get(0)?, "a problem")?))?;
            Ok(true)
        })
        .await?;
    Batch::new("SELECT body FROM change ORDER BY id")
        .for_each_row(conn, |row| {
            emit(&Record::Change(parse_json(row.try_get(0)?, "a change")?))?;
            Ok(true)
        })
        .await?;
    for used in read_used_ids(conn).await? {
        emit(&Record::Command(used))?;
    }
    for event in read_administration(conn).await? {
        emit(&Record::Administration(Box::new(event)))?;
    }
    for record in read_foreign(conn, true).await? {
        emit(&record)?;
    }
    let digest = digest_column(conn).await?;
    // The first event of an incident has the incident's id, so the projection is not needed.
    Batch::new(&format!(
        "SELECT {COLUMNS}, f.subject, {digest} FROM event e JOIN name a ON a.id = e.actor
            JOIN event f ON f.incident = e.incident AND f.seq = 1 ORDER BY e.log"
    ))
    .for_each_row(conn, |row| {
        let incident = parse_incident_id(row.try_get(9)?)?;
        let mut event = event_row::decode(row, incident)?;
        add_digest(&mut event, row.try_get(10)?);
        emit(&Record::Event(Box::new(event)))?;
        Ok(true)
    })
    .await?;
    transfer::read_records(conn, &mut emit).await?;
    alerts::transfer::read_records(conn, &mut emit).await?;
    if addresses == Addresses::Included {
        contacts::table::read_records(conn, &mut emit).await?;
    }
    maintenance::read_records(conn, &mut emit).await?;
    heartbeats::transfer::read_records(conn, &mut emit).await?;
    evidence_table::read_records(conn, &mut emit).await?;
    for record in read_foreign(conn, false).await? {
        emit(&record)?;
    }
    // The header is not counted.
    sink(&Record::End { records: count - 1 }).map_err(sink_error)?;
    Ok(count + 1)
}
