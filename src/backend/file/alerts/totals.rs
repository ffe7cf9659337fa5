//! The totals of the alerts of an incident, and how long they are resolved.

use chrono::DateTime;
use sqlx::{Row, SqliteConnection};

use super::table::has_alerts;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::json_column::encode_json;
use crate::backend::file::records::KeyedIncident;
use crate::backend::file::sql::Batch;
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
