//! When incidents of P1 and P2 put services out.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Row, SqliteConnection};

use super::names::Names;
use crate::backend::file::error::StoreResult;
use crate::backend::file::read::summary_at;
use crate::backend::file::row::{self, DAY_MS, OPEN_FACETS_END, first_key_at};
use crate::backend::file::sql::Batch;
use crate::model::measures::Counted;
use crate::model::measures::pages::{Objective, Outage};
use crate::model::text::equals_folded;

/// The conditions on an incident `i` that counts. Those that are declared as a budget is used too fast are
/// none: they would use it up. The column of the key is empty once an incident has ended, so the declaration
/// is read.
const COUNTS: &str = "i.counted = 0 AND (i.facets >> 4 & 3) < 2
    AND (i.dedup_key IS NULL OR i.dedup_key NOT GLOB 'burn:*')
    AND NOT EXISTS (SELECT 1 FROM event e WHERE e.incident = i.key AND e.seq = 1
        AND instr(e.body, '\"dedup_key\":\"burn:'))";

/// Reads when incidents put the services of objectives out, at least within the days of each.
pub(super) async fn read_outages(
    conn: &mut SqliteConnection,
    objectives: Vec<Objective>,
    names: &Names,
    now: DateTime<Utc>,
) -> StoreResult<Vec<(Objective, Vec<Outage>)>> {
    let Some(days) = objectives.iter().map(|objective| objective.window_days).max() else {
        return Ok(Vec::new());
    };
    let from = now - TimeDelta::days(i64::from(days));
    let earlier = read_earlier(conn, from).await?;
    let mut found = Vec::with_capacity(objectives.len());
    for objective in objectives {
        let mut outages = match names.find(true, &objective.service) {
            Some(service) => read_reported(conn, service, from).await?,
            None => Vec::new(),
        };
        let affects =
            |services: &[String]| services.iter().any(|one| equals_folded(one, &objective.service));
        let of_service = earlier.iter().filter(|(services, _)| affects(services));
        outages.extend(of_service.map(|(_, outage)| *outage));
        found.push((objective, outages));
    }
    Ok(found)
}

/// Reads the outages of a service that were reported since a time.
async fn read_reported(
    conn: &mut SqliteConnection,
    service: u32,
    from: DateTime<Utc>,
) -> StoreResult<Vec<Outage>> {
    let mut batch = Batch::new(&format!(
        "SELECT i.row FROM affected a JOIN incident i ON i.key = a.incident
            WHERE a.service = ? AND a.incident >= ? AND (a.facets >> 4 & 3) < 2 AND {COUNTS}"
    ));
    batch.arg(i64::from(service)).arg(first_key_at(from.timestamp()));
    let mut outages = Vec::new();
    batch
        .for_each_row(conn, |row| {
            let fact = row::unpack_fact(row.try_get(0)?, 0, 0, Counted::Yes, 0);
            outages.extend(
                fact.map(|fact| Outage { start_ms: fact.detected_ms, end_ms: fact.resolved_ms }),
            );
            Ok(true)
        })
        .await?;
    Ok(outages)
}

/// Reads the outages that were reported before a time and lasted until then or later, with the
/// names of the services that they affect. There are few. A `+` before a column excludes its index.
/// What was resolved on the day of its report has no late day, so that day is read as well.
async fn read_earlier(
    conn: &mut SqliteConnection,
    from: DateTime<Utc>,
) -> StoreResult<Vec<(Vec<String>, Outage)>> {
    let mut batch = Batch::new(&format!(
        "SELECT i.row FROM incident i WHERE i.facets < $1 AND +i.key < $2 AND {COUNTS}
         UNION ALL
         SELECT i.row FROM incident i
            WHERE i.late_day >= $3 AND +i.key < $2 AND +i.facets >= $1 AND {COUNTS}
         UNION ALL
         SELECT i.row FROM incident i
            WHERE i.key >= $4 AND i.key < $2 AND +i.late_day IS NULL AND +i.facets >= $1 AND {COUNTS}"
    ));
    let day = from.timestamp_millis().div_euclid(DAY_MS);
    batch
        .arg(OPEN_FACETS_END)
        .arg(first_key_at(from.timestamp()))
        .arg(day)
        .arg(first_key_at(day * DAY_MS / 1000));
    let mut outages = Vec::new();
    batch
        .for_each_row(conn, |row| {
            let Ok(summary) = summary_at(row, 0) else { return Ok(true) };
            let outage = Outage {
                start_ms: summary.detected_at.timestamp_millis(),
                end_ms: summary.resolved_at.map(|at| at.timestamp_millis()),
            };
            outages.push((summary.services, outage));
            Ok(true)
        })
        .await?;
    Ok(outages)
}
