//! Gives everything a store holds, from one consistent state.

use std::io;

use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::event_row::{self, COLUMNS};
use super::others::{self, parse_json};
use super::sql::Batch;
use super::writer::parse_incident_id;
use crate::backend::BackendError;
use crate::backend::record::Record;

/// Where a record goes.
pub(super) type Sink<'a> = &'a mut (dyn FnMut(&Record) -> io::Result<()> + Send);

fn sink_error(error: &io::Error) -> StoreError {
    BackendError::Unreachable(format!("the export can't be written: {error}")).into()
}

/// Gives every record to the sink and says how many there were.
pub(super) async fn export(conn: &mut SqliteConnection, sink: Sink<'_>) -> StoreResult<u64> {
    Batch::new("BEGIN").run(conn).await?;
    let done = export_in_transaction(conn, sink).await;
    Batch::new("ROLLBACK").run(conn).await.ok();
    done
}

async fn export_in_transaction(conn: &mut SqliteConnection, sink: Sink<'_>) -> StoreResult<u64> {
    let mut count = 0;
    let mut give = |record: &Record| {
        count += 1;
        sink(record).map_err(|e| sink_error(&e))
    };
    give(&Record::header())?;
    if let Some(directory) = others::read_directory(conn).await? {
        give(&Record::Directory(Box::new(directory)))?;
    }
    Batch::new("SELECT body FROM problem ORDER BY id")
        .for_each_row(conn, |row| {
            give(&Record::Problem(parse_json(row.try_get(0)?, "a problem")?))?;
            Ok(true)
        })
        .await?;
    Batch::new("SELECT body FROM change ORDER BY id")
        .for_each_row(conn, |row| {
            give(&Record::Change(parse_json(row.try_get(0)?, "a change")?))?;
            Ok(true)
        })
        .await?;
    // The first event of an incident knows its id: the projection is not asked.
    Batch::new(&format!(
        "SELECT {COLUMNS}, f.subject FROM event e JOIN name a ON a.id = e.actor
            JOIN event f ON f.incident = e.incident AND f.seq = 1 ORDER BY e.log"
    ))
    .for_each_row(conn, |row| {
        let incident = parse_incident_id(row.try_get(9)?)?;
        give(&Record::Event(Box::new(event_row::decode(row, incident)?)))?;
        Ok(true)
    })
    .await?;
    Ok(count)
}
