//! Counts the alerts of each check, from the alerts and the rows of their incidents.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::alerts::has_alerts;
use super::error::StoreResult;
use super::json_column::{encode_json, parse_json};
use super::row::unpack_row;
use super::sql::Batch;
use super::store::FileStore;
use crate::backend::{BackendError, NoiseSearch};
use crate::model::Summary;
use crate::model::alert::TEST_SOURCE;
use crate::model::noise::{CountedAlert, NoiseCounter, NoiseReport};

/// How many alerts are counted at most.
const MAX_ALERTS: i64 = 200_000;
/// The number of incidents per read.
const CHUNK: usize = 500;

impl FileStore {
    /// Counts the checks whose alerts were reported in a window.
    pub(super) async fn count_noise(
        &self,
        search: &NoiseSearch,
        now: DateTime<Utc>,
    ) -> Result<NoiseReport, BackendError> {
        let search = *search;
        self.with_path_context(async {
            let mut conn = self.acquire_reader().await?;
            count(&mut conn, search, now).await
        })
        .await
    }
}

async fn count(
    conn: &mut SqliteConnection,
    search: NoiseSearch,
    now: DateTime<Utc>,
) -> StoreResult<NoiseReport> {
    let NoiseSearch { from, to, limit } = search;
    let mut counter = NoiseCounter::default();
    let mut count = 0_i64;
    if has_alerts(conn).await? {
        let mut batch = Batch::new(
            "SELECT incident, body FROM alert WHERE last >= ? AND last < ?
                ORDER BY position DESC LIMIT ?",
        );
        batch.arg(from.timestamp_millis()).arg(to.timestamp_millis()).arg(MAX_ALERTS + 1);
        batch
            .for_each_row(conn, |row| {
                count += 1;
                if count <= MAX_ALERTS {
                    let alert: CountedAlert = parse_json(row.try_get(1)?, "an alert")?;
                    if alert.source != TEST_SOURCE {
                        counter.add(&alert, row.try_get(0)?);
                    }
                }
                Ok(true)
            })
            .await?;
    }
    let incidents = read_incidents(conn, counter.incidents()).await?;
    let mut report = counter.report(&incidents, (from, to), limit, now);
    report.is_partial = count > MAX_ALERTS;
    Ok(report)
}

/// Reads the rows of incidents by their keys. Those that only went past the acknowledgement, because programs
/// resolved them or moved them on, count as never acknowledged.
async fn read_incidents(
    conn: &mut SqliteConnection,
    keys: HashSet<i64>,
) -> StoreResult<HashMap<i64, Summary>> {
    let keys: Vec<i64> = keys.into_iter().collect();
    let mut found = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(CHUNK) {
        let mut batch = Batch::new(
            "SELECT key, row FROM incident WHERE key IN (SELECT value FROM json_each(?))",
        );
        batch.arg(encode_json(&chunk)?);
        for row in batch.fetch_all(conn).await? {
            if let Some(summary) = unpack_row(row.try_get(1)?) {
                found.insert(row.try_get(0)?, summary);
            }
        }
        let attended = find_attended(conn, chunk).await?;
        for key in chunk.iter().filter(|key| !attended.contains(*key)) {
            if let Some(summary) = found.get_mut(key) {
                summary.acknowledged_at = None;
            }
        }
    }
    Ok(found)
}

/// Finds the incidents that somebody has acknowledged, here or in the sending system, or that
/// people have moved or resolved.
async fn find_attended(conn: &mut SqliteConnection, keys: &[i64]) -> StoreResult<HashSet<i64>> {
    let mut batch = Batch::new(
        "SELECT DISTINCT e.incident FROM json_each(?) k
            CROSS JOIN event e ON e.incident = k.value JOIN name a ON a.id = e.actor
            WHERE json_extract(e.body, '$.kind') = 'acknowledged'
                OR (json_extract(e.body, '$.kind') IN ('status_moved', 'resolved')
                    AND json_extract(a.text, '$.integration') IS NULL)",
    );
    batch.arg(encode_json(&keys)?);
    let rows = batch.fetch_all(conn).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
