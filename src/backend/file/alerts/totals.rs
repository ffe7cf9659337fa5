//! The totals of the alerts of an incident, and how long they are resolved.

use chrono::DateTime;
use sqlx::{Row, SqliteConnection};

use super::table::has_alerts;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::json_column::encode_json;
use crate::backend::file::records::{self, KeyedIncident};
use crate::backend::file::sql::Batch;
use crate::model::IncidentId;
use crate::model::stability::{AlertTotals, Soak, StabilityRules};

/// Reads the totals of the alerts of an incident and of those that were merged into it.
pub(super) async fn read_totals(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
) -> StoreResult<AlertTotals> {
    let merged: Vec<String> =
        record.incident.absorbed.iter().map(|(id, _)| id.to_string()).collect();
    let mut batch = Batch::new(
        "SELECT count(*), count(nullif(state, 1)), max(last) FROM alert WHERE incident = $1
            OR incident IN (SELECT i.key FROM json_each($2) m
                JOIN incident i ON i.id = unhex(replace(m.value, '-', '')))",
    );
    batch.arg(record.key).arg(encode_json(&merged)?);
    let row = batch.fetch_optional(conn).await?;
    let row = row.ok_or_else(|| StoreError::content("alerts can't be counted"))?;
    let number = |column: usize| -> StoreResult<u64> {
        Ok(u64::try_from(row.try_get_unchecked::<i64, _>(column)?).unwrap_or(0))
    };
    let last: Option<i64> = row.try_get_unchecked(2)?;
    let last_at = last.and_then(DateTime::from_timestamp_millis);
    Ok(AlertTotals { count: number(0)?, firing: number(1)?, last_at })
}

/// Returns whether an alert fires of an incident that was merged into this one, also through others:
/// it belongs to this one, though its row follows only once it is reported again. Within the running
/// transaction.
pub(super) async fn has_merged_firing(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
) -> StoreResult<bool> {
    let mut ids: Vec<IncidentId> = record.incident.absorbed.iter().map(|(id, _)| *id).collect();
    let mut index = 0;
    for id in &ids {
        if has_firing(conn, *id).await? {
            return Ok(true);
        }
    }
    let direct = ids.len();
    while let Some(id) = ids.get(index).copied() {
        index += 1;
        if index > direct && has_firing(conn, id).await? {
            return Ok(true);
        }
        let merged = records::load(conn, id, true).await?;
        for (id, _) in merged.into_iter().flat_map(|merged| merged.incident.absorbed) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    Ok(false)
}

/// Returns whether an alert fires of the incident with an id, and no later row has its state.
async fn has_firing(conn: &mut SqliteConnection, incident: IncidentId) -> StoreResult<bool> {
    let mut batch = Batch::new(
        "SELECT 1 FROM incident i JOIN alert a ON a.incident = i.key AND a.state <> 1
            WHERE i.id = ? AND NOT EXISTS (SELECT 1 FROM alert b WHERE b.group_key = a.group_key
                AND b.key = a.key AND b.position > a.position) LIMIT 1",
    );
    batch.arg(incident.as_bytes().to_vec());
    Ok(batch.fetch_optional(conn).await?.is_some())
}

/// Reads how long the alerts of an incident are resolved; `None` if it needs no stability.
pub(in crate::backend::file) async fn read_soak(
    conn: &mut SqliteConnection,
    record: &KeyedIncident,
    rules: &StabilityRules,
) -> StoreResult<Option<Soak>> {
    let row = &record.incident.summary;
    if rules.required_s(row).is_none() || !has_alerts(conn).await? {
        return Ok(None);
    }
    Ok(rules.soak(row, &read_totals(conn, record).await?))
}
