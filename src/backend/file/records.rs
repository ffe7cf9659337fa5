//! Full records, folded from the last snapshot and the events after it.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::event_row::{self, COLUMNS, FROM};
use super::json_column::parse_json;
use super::service_level_table::judge;
use super::sql::Batch;
use crate::model::{Event, Incident, IncidentId, Status};

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
/// The clocks of old timelines are not judged yet; see [`judge`].
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
        Some(row) => Some(parse_json(row.try_get(0)?, &format!("the snapshot of incident {id}"))?),
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
    let mut loaded = match &rows[first..] {
        [key, snapshot, events, ..] => fold_rows(id, None, key, snapshot, events)?,
        _ => None,
    };
    if let Some(record) = &mut loaded {
        judge(conn, &mut record.incident).await?;
    }
    Ok(loaded)
}

/// The greatest number of merges that are followed from one incident to the next.
const MAX_MERGES: usize = 100;

/// Loads the incident in which an incident continues, within the running transaction: the incident
/// itself, or the end of the chain of merges that begins with it. `None` if that is not open.
pub(super) async fn load_open_end(
    conn: &mut SqliteConnection,
    id: IncidentId,
) -> StoreResult<Option<KeyedIncident>> {
    let mut id = id;
    for _ in 0..MAX_MERGES {
        let Some(record) = load(conn, id, true).await? else { return Ok(None) };
        if record.incident.summary.status.is_open() {
            return Ok(Some(record));
        }
        let merged = record.incident.summary.status == Status::Merged;
        let Some((into, _)) = record.incident.merged_into.filter(|_| merged) else {
            return Ok(None);
        };
        id = into;
    }
    Ok(None)
}

/// Loads all events of an incident, within the running transaction.
pub(super) async fn load_timeline(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
) -> StoreResult<Vec<Event>> {
    let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE e.incident = ? ORDER BY e.seq");
    let mut batch = Batch::new(&sql);
    batch.arg(record.key);
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| event_row::decode(row, record.incident.summary.id)).collect()
}
