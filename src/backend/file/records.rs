//! Full records, folded from the last snapshot and the events after it.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::event_row::{self, COLUMNS, FROM};
use super::sql::Batch;
use crate::model::{Incident, IncidentId};

/// The number of events after which a snapshot is stored.
pub(super) const SNAPSHOT_EVERY: u32 = 64;

/// The record of an incident, with its key in the store.
#[derive(Clone, Debug)]
pub(super) struct KeyedIncident {
    pub key: i64,
    pub incident: Incident,
}

/// Returns the statements whose rows [`fold_rows`] expects. `incident` is the parameter with the
/// incident's id, such as `$1`. Only events with a sequence number greater than `after` are read.
pub(super) fn load_sql(incident: &str, after: &str) -> String {
    let key = format!("(SELECT key FROM incident WHERE id = {incident})");
    format!(
        "SELECT key FROM incident WHERE id = {incident};
         SELECT record FROM snapshot WHERE incident = {key} AND seq > {after};
         SELECT {COLUMNS} FROM {FROM} WHERE e.incident = {key}
            AND e.seq > max({after}, coalesce((SELECT seq FROM snapshot WHERE incident = {key}), 0))
            ORDER BY e.seq;"
    )
}

/// Folds the rows of the statements of [`load_sql`] into a record, beginning with the `cached` one.
pub(super) fn fold_rows(
    id: IncidentId,
    cached: Option<Incident>,
    key: &[SqliteRow],
    snapshot: &[SqliteRow],
    events: &[SqliteRow],
) -> StoreResult<Option<KeyedIncident>> {
    let Some(key) = key.first() else { return Ok(None) };
    let key: i64 = key.try_get(0)?;
    let fold_error =
        |detail: String| StoreError::content(format!("the timeline of incident {id}: {detail}"));
    let mut incident = match snapshot.first() {
        Some(row) => {
            Some(serde_json::from_str(row.try_get(0)?).map_err(|e| fold_error(e.to_string()))?)
        }
        None => cached,
    };
    for row in events {
        let event = event_row::decode(row, id)?;
        match &mut incident {
            Some(incident) => incident.apply_next(&event).map_err(|e| fold_error(e.to_string()))?,
            None => {
                incident = Incident::fold([&event]).map_err(|e| fold_error(e.to_string()))?;
            }
        }
    }
    incident
        .map(|incident| Some(KeyedIncident { key, incident }))
        .ok_or_else(|| fold_error("it has no events".into()))
}

/// Loads the record of an incident from one consistent state of the store; `None` if it does not
/// exist.
pub(super) async fn load(
    conn: &mut SqliteConnection,
    id: IncidentId,
    within_transaction: bool,
) -> StoreResult<Option<KeyedIncident>> {
    let mut sql = load_sql("$1", "0");
    if !within_transaction {
        sql = format!("BEGIN;{sql}COMMIT;");
    }
    let mut batch = Batch::new(&sql);
    batch.arg(id.as_bytes().to_vec());
    let rows = match batch.fetch_result_sets(conn).await {
        Ok(rows) => rows,
        Err(failure) => {
            if !within_transaction {
                Batch::new("ROLLBACK").run(conn).await.ok();
            }
            return Err(failure);
        }
    };
    let first = usize::from(!within_transaction);
    match &rows[first..] {
        [key, snapshot, events, ..] => fold_rows(id, None, key, snapshot, events),
        _ => Ok(None),
    }
}
