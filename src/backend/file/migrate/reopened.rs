//! Rebuilds the rows of incidents that were reopened: whether anybody had acknowledged them before
//! (version 14). The log is read from its beginning to its end, because few incidents were
//! reopened.

use sqlx::{Row, SqliteConnection};

use super::verdicts;
use crate::backend::file::doctor::timeline::read_timelines_of;
use crate::backend::file::error::StoreResult;
use crate::backend::file::service_level_table::read_levels;
use crate::backend::file::sql::Batch;

/// The number of events that are searched in one transaction.
const EVENTS: i64 = 50_000;
/// The number of timelines that are read together.
const TIMELINES: usize = 500;

/// Updates the incidents that were reopened in the next part of the log, after the position
/// `after`. Returns the last position of that part, and how many incidents begin in it; see
/// [`super::Work::run_batch`].
pub(super) async fn run_batch(
    conn: &mut SqliteConnection,
    after: i64,
) -> StoreResult<Option<(i64, u64)>> {
    let mut part = Batch::new(
        "SELECT max(log), sum(seq = 1) FROM (SELECT log, seq FROM event WHERE log > ?
            ORDER BY log LIMIT ?)",
    );
    part.arg(after).arg(EVENTS);
    let Some(row) = part.fetch_optional(conn).await? else { return Ok(None) };
    let Some(last) = row.try_get::<Option<i64>, _>(0)? else { return Ok(None) };
    let begun = row.try_get::<Option<i64>, _>(1)?.unwrap_or(0);
    // The body is searched as a text: one that is damaged stops no migration.
    let mut batch = Batch::new(
        "SELECT DISTINCT incident FROM event WHERE log > ? AND log <= ?
            AND instr(body, '\"kind\":\"reopened\"') > 0 ORDER BY incident",
    );
    batch.arg(after).arg(last);
    let mut keys: Vec<i64> = Vec::new();
    for row in batch.fetch_all(conn).await? {
        keys.push(row.try_get(0)?);
    }
    if !keys.is_empty() {
        let levels = read_levels(conn).await?;
        for keys in keys.chunks(TIMELINES) {
            let timelines = read_timelines_of(conn, keys).await?;
            verdicts::write(conn, &timelines, &levels).await?;
        }
    }
    Ok(Some((last, u64::try_from(begun).unwrap_or(0))))
}
