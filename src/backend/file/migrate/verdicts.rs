//! Recomputes rows from the events: how clocks of service levels ended, pauses, fingerprints
//! without the ids in titles, and the alert key of merged incidents (version 5); labels, roles and
//! the last word (version 7).

use sqlx::SqliteConnection;

use crate::backend::file::doctor::timeline::{Timeline, read_timelines};
use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::encode_json;
use crate::backend::file::records::SNAPSHOT_EVERY;
use crate::backend::file::row::Columns;
use crate::backend::file::service_level_table::read_levels;
use crate::backend::file::sql::Batch;
use crate::model::service_level::ServiceLevels;

/// The number of reads of timelines in one transaction.
const READS: usize = 8;
/// The number of incidents that one statement text changes; a full text stays prepared.
const ROWS: usize = 32;

/// The statements that change one incident. Few fingerprints and alert keys change, and writing an
/// equal one would write its index too, at a page of its own for each incident.
const UPDATE: &str = "UPDATE incident SET row = ? WHERE key = ?;
UPDATE incident SET fingerprint = ?, dedup_key = ?
    WHERE key = ? AND (fingerprint IS NOT ? OR dedup_key IS NOT ?);";

/// Brings the next incidents up to date; see [`super::Work::run_batch`].
pub(super) async fn run_batch(
    conn: &mut SqliteConnection,
    after: i64,
) -> StoreResult<Option<(i64, u64)>> {
    let levels = read_levels(conn).await?;
    let (mut last, mut count) = (after, 0);
    for _ in 0..READS {
        let timelines = read_timelines(conn, last).await?;
        let Some(read_last) = timelines.last().map(|timeline| timeline.key) else { break };
        last = read_last;
        count += timelines.len() as u64;
        write(conn, &timelines, &levels).await?;
    }
    Ok((count > 0).then_some((last, count)))
}

/// Writes the rows that follow from timelines, and the records of long ones.
pub(super) async fn write(
    conn: &mut SqliteConnection,
    timelines: &[Timeline],
    levels: &ServiceLevels,
) -> StoreResult<()> {
    let mut rows = Vec::with_capacity(timelines.len());
    let mut snapshots = Batch::default();
    for timeline in timelines {
        let length = u32::try_from(timeline.events.len()).unwrap_or(u32::MAX);
        let at = (length >= SNAPSHOT_EVERY).then_some(length / SNAPSHOT_EVERY * SNAPSHOT_EVERY);
        // A timeline that can't be folded is not changed: `doctor` reports it.
        let Ok((mut incident, record)) = timeline.fold(at) else { continue };
        incident.judge_by(levels);
        let columns = Columns::from_incident(&incident);
        if columns.key == timeline.key {
            rows.push(columns);
        }
        if let Some(mut record) = record.or_else(|| at.map(|_| incident)) {
            record.judge_by(levels);
            snapshots
                .sql("INSERT OR REPLACE INTO snapshot (incident, seq, record) VALUES (?, ?, ?);")
                .arg(timeline.key)
                .arg(i64::from(record.summary.seq))
                .arg(encode_json(&record)?);
        }
    }
    for chunk in rows.chunks(ROWS) {
        let text = UPDATE.repeat(chunk.len());
        let mut batch = if chunk.len() == ROWS { Batch::new(&text) } else { Batch::one_off(&text) };
        for columns in chunk {
            batch.arg(columns.row.clone()).arg(columns.key);
            batch.arg(columns.fingerprint).arg(columns.dedup_key.clone()).arg(columns.key);
            batch.arg(columns.fingerprint).arg(columns.dedup_key.clone());
        }
        batch.run(conn).await?;
    }
    if snapshots.is_empty() { Ok(()) } else { snapshots.run(conn).await }
}
