//! Which calls of levels and updates for stakeholders have no notifications yet, and how these are stored once for all programs.

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::table::{prune, put_new};
use crate::backend::file::error::StoreResult;
use crate::backend::file::event_row::{COLUMNS, FROM, decode};
use crate::backend::file::read::summary_at;
use crate::backend::file::sql::Batch;
use crate::backend::{Plan, Unplanned};
use crate::model::notification::step::EXPIRES_AFTER;
use crate::model::{Event, EventBody, Priority, Summary};

/// The number of positions of the log per read.
const POSITIONS: i64 = 5_000;
/// So many positions without notifications are not worth a write.
const MAX_UNSTORED: i64 = 1_000;

/// The end of the log, and the position up to which notifications are planned.
struct Positions {
    planned: i64,
    last: i64,
}

async fn read_positions(conn: &mut SqliteConnection) -> StoreResult<Positions> {
    let batch = Batch::new(
        "SELECT (SELECT log FROM notification_plan WHERE id = 1), (SELECT max(log) FROM event)",
    );
    let row = batch.fetch_optional(conn).await?;
    let number = |column: usize| -> StoreResult<i64> {
        let Some(row) = &row else { return Ok(0) };
        Ok(row.try_get_unchecked::<Option<i64>, _>(column)?.unwrap_or(0))
    };
    Ok(Positions { planned: number(0)?, last: number(1)? })
}

/// Reads the calls after the position up to which notifications are planned, or after `scanned`, up
/// to which this process has found none.
pub(super) async fn read_unplanned(
    conn: &mut SqliteConnection,
    scanned: i64,
    now: DateTime<Utc>,
) -> StoreResult<Unplanned> {
    let Positions { planned: from, last } = read_positions(conn).await?;
    let mut start = from.max(scanned);
    if last <= start {
        return Ok(Unplanned { from, to: from, calls: Vec::new(), has_more: false });
    }
    let imported = read_imported(conn).await?;
    while let Some((_, until)) =
        imported.iter().find(|(after, until)| *after <= start && start < *until)
    {
        start = *until;
    }
    let oldest = (now - EXPIRES_AFTER).timestamp_millis();
    if last - start > POSITIONS {
        start = start.max(read_first_since(conn, oldest).await?.map_or(last, |log| log - 1));
    }
    let end = last.min(start.saturating_add(POSITIONS));
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS}, i.row FROM {FROM} JOIN incident i ON i.key = e.incident
            WHERE e.log > ? AND e.log <= ? AND +e.recorded >= ?
                AND (instr(e.body, '\"kind\":\"escalated\"')
                    OR instr(e.body, '\"kind\":\"stakeholders_updated\"')
                    OR instr(e.body, '\"kind\":\"prioritized\"')
                    OR instr(e.body, '\"kind\":\"resolved\"')
                    OR instr(e.body, '\"kind\":\"expected_recovery_set\"')
                    OR instr(e.body, '\"kind\":\"role_requested\"'))
            ORDER BY e.log"
    ));
    batch.arg(start).arg(end).arg(oldest);
    let mut calls = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let log: i64 = row.try_get(0)?;
        if imported.iter().any(|(after, until)| *after < log && log <= *until) {
            continue;
        }
        let read = summary_at(&row, 9).and_then(|incident| {
            let event = decode(&row, incident.id)?;
            Ok((event, incident))
        });
        // A damaged one must not stop all later ones.
        let (event, incident): (Event, Summary) = match read {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(%error, log, "a call can't be read, so that nobody is notified of it");
                continue;
            }
        };
        // The text may also appear deeper in the JSON of another event.
        let notifies = match event.body {
            EventBody::Escalated { .. }
            | EventBody::StakeholdersUpdated { .. }
            | EventBody::Resolved { .. }
            | EventBody::ExpectedRecoverySet { .. }
            | EventBody::RoleRequested { .. } => true,
            EventBody::Prioritized { priority, .. } => {
                // An earlier event that is broken must not stop it either.
                read_priority_before(conn, &event).await.unwrap_or(None) != Some(priority)
            }
            _ => false,
        };
        if notifies {
            calls.push((event, incident));
        }
    }
    Ok(Unplanned { from, to: end.max(from), calls, has_more: end < last })
}

/// Reads the priority that an incident had before an event; `None` if it is not known.
async fn read_priority_before(
    conn: &mut SqliteConnection,
    event: &Event,
) -> StoreResult<Option<Priority>> {
    let mut batch = Batch::new(&format!(
        "SELECT {COLUMNS} FROM {FROM} JOIN incident i ON i.key = e.incident
            WHERE i.id = ? AND e.seq < ?
                AND (e.seq = 1 OR instr(e.body, '\"kind\":\"prioritized\"'))
            ORDER BY e.seq DESC"
    ));
    batch.arg(event.incident.as_bytes().to_vec()).arg(i64::from(event.seq));
    for row in batch.fetch_all(conn).await? {
        // The text may also appear deeper in the JSON of another event.
        match decode(&row, event.incident)?.body {
            EventBody::Prioritized { priority, .. } | EventBody::Declared { priority, .. } => {
                return Ok(Some(priority));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Reads the positions of imported events that are still ahead: those after the first number of each
/// pair and up to the second one.
async fn read_imported(conn: &mut SqliteConnection) -> StoreResult<Vec<(i64, i64)>> {
    let batch = Batch::new("SELECT log, until FROM notification_plan WHERE id > 1");
    let rows = batch.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let until: Option<i64> = row.try_get(1)?;
            Ok((row.try_get(0)?, until.unwrap_or(0)))
        })
        .collect()
}

/// Returns the position of the first event that was recorded since a time; `None` if there is none.
async fn read_first_since(conn: &mut SqliteConnection, since: i64) -> StoreResult<Option<i64>> {
    let mut batch = Batch::new("SELECT min(+log) FROM event WHERE recorded >= ?");
    batch.arg(since);
    let row = batch.fetch_optional(conn).await?;
    Ok(row.map(|row| row.try_get_unchecked::<Option<i64>, _>(0)).transpose()?.flatten())
}

/// Returns whether a plan changes so little that it is only remembered in memory.
pub(super) fn is_negligible(plan: &Plan) -> bool {
    plan.notifications.is_empty() && plan.to - plan.from < MAX_UNSTORED
}

/// Stores a plan in a transaction; `None`, with the transaction still open, if another program has
/// planned from the same position.
pub(super) async fn store_plan(
    conn: &mut SqliteConnection,
    plan: &Plan,
) -> StoreResult<Option<()>> {
    Batch::new("BEGIN IMMEDIATE;").run(conn).await?;
    if read_positions(conn).await?.planned != plan.from {
        return Ok(None);
    }
    let mut batch = Batch::one_off("");
    for notification in &plan.notifications {
        put_new(&mut batch, notification, None)?;
    }
    batch
        .sql("INSERT OR REPLACE INTO notification_plan (id, log) VALUES (1, ?);")
        .arg(plan.to)
        .sql("DELETE FROM notification_plan WHERE id > 1 AND until <= ?;")
        .arg(plan.to);
    prune(&mut batch);
    batch.sql("COMMIT;");
    batch.run(conn).await?;
    Ok(Some(()))
}

/// Adds the statements that prevent notifications about imported events: those at the position
/// `first` and after it, up to `last`.
pub(super) fn skip_imported(batch: &mut Batch, first: i64, last: i64) {
    batch
        .sql(
            "UPDATE notification_plan SET log = ? WHERE id = 1
                AND log >= ifnull((SELECT max(log) FROM event WHERE log < ?), 0);",
        )
        .arg(last)
        .arg(first)
        // Calls before the import have no notifications yet.
        .sql(
            "INSERT INTO notification_plan (id, log, until)
                SELECT max(id) + 1, ?, ? FROM notification_plan
                HAVING (SELECT log FROM notification_plan WHERE id = 1) < ?;",
        )
        .arg(first - 1)
        .arg(last)
        .arg(last);
}
