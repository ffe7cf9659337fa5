//! The table of alerts that wait, and of incidents whose alerts flap, of `0012_windows.sql`.
//!
//! The rows belong to this one file: alerts waiting in a copy were declared or dropped in the
//! original.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::backend::file::store::FileStore;
use crate::backend::{BackendError, WaitingList};
use crate::model::IncidentId;
use crate::model::alert::{MAX_WAITING_OF_GROUP, WaitingAlert};

/// The first version of the schema that has the table.
const FIRST_VERSION: i64 = 12;
/// The number of rows that are stored at most; older ones are removed.
pub(super) const MAX_ROWS: i64 = 100_000;
/// How long an alert waits before it is removed.
pub(super) const MAX_AGE: TimeDelta = TimeDelta::days(7);
/// The prefix of the keys of incidents whose alerts flap. No group has such a key.
const FLAPPING: &str = "\u{1}flapping:";
/// Greater than any key that begins with [`FLAPPING`], and less than any other.
const FLAPPING_END: &str = "\u{1}flapping;";
/// Greater than the key of any incident whose alerts flap, and not greater than that of any group.
const GROUPS: &str = "\u{2}";

/// An incident that stays open while its alerts flap.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Flapping {
    /// The incident.
    pub incident: IncidentId,
    /// The group of its alerts.
    pub group: String,
    /// The kind of sender.
    pub source: String,
    /// The name of the sender in texts.
    pub sender: String,
    /// For how long they are calm at the end, in seconds.
    pub within_s: i64,
}

fn flapping_key(incident: IncidentId) -> String {
    format!("{FLAPPING}{incident}")
}

/// An alert that waits, with the position of its row.
pub(super) struct WaitingRow {
    pub position: i64,
    pub alert: WaitingAlert,
}

/// Reads the alerts of a group that wait, the one that was reported first first.
pub(super) async fn read_group(
    conn: &mut SqliteConnection,
    group: &str,
) -> StoreResult<Vec<WaitingRow>> {
    let mut batch =
        Batch::new("SELECT position, body FROM waiting_alert WHERE key = ? ORDER BY at, position");
    batch.arg(group.to_owned());
    let rows = batch.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let alert = parse_json(row.try_get(1)?, "a waiting alert")?;
            Ok(WaitingRow { position: row.try_get(0)?, alert })
        })
        .collect()
}

/// Adds the statements that remove rows.
pub(super) fn remove(batch: &mut Batch, positions: &[i64]) -> StoreResult<()> {
    if positions.is_empty() {
        return Ok(());
    }
    batch
        .sql("DELETE FROM waiting_alert WHERE position IN (SELECT value FROM json_each(?));")
        .arg(encode_json(&positions)?);
    Ok(())
}

/// Adds the statement that stores the last report of a waiting alert.
pub(super) fn put_changed(batch: &mut Batch, row: &WaitingRow) -> StoreResult<()> {
    batch
        .sql("UPDATE waiting_alert SET body = ? WHERE position = ?;")
        .arg(encode_json(&row.alert)?)
        .arg(row.position);
    Ok(())
}

/// Adds the statement that stores a waiting alert.
pub(super) fn put_new(batch: &mut Batch, alert: &WaitingAlert) -> StoreResult<()> {
    batch
        .sql("INSERT INTO waiting_alert (key, at, body) VALUES (?, ?, ?);")
        .arg(alert.group.clone())
        .arg(alert.at.timestamp_millis())
        .arg(encode_json(alert)?);
    Ok(())
}

/// Adds the statements that remove the oldest alerts beyond the bounds of a group and of the table.
pub(super) fn prune(batch: &mut Batch, group: &str, now: DateTime<Utc>) {
    let of_group = i64::try_from(MAX_WAITING_OF_GROUP).unwrap_or(i64::MAX);
    batch
        .sql(
            "DELETE FROM waiting_alert WHERE position IN (SELECT position FROM waiting_alert
                WHERE key = ? ORDER BY at DESC, position DESC LIMIT -1 OFFSET ?);
             DELETE FROM waiting_alert WHERE key >= ? AND at < ?;
             DELETE FROM waiting_alert WHERE key >= ?
                AND position <= (SELECT max(position) FROM waiting_alert) - ?;",
        )
        .arg(group.to_owned())
        .arg(of_group)
        .arg(GROUPS)
        .arg((now - MAX_AGE).timestamp_millis())
        .arg(GROUPS)
        .arg(MAX_ROWS);
}

/// Records that an incident stays open as its alerts flap, until they were calm up to `until`.
pub(super) async fn put_flapping(
    conn: &mut SqliteConnection,
    flapping: &Flapping,
    until: DateTime<Utc>,
) -> StoreResult<()> {
    let mut batch = Batch::new(
        "DELETE FROM waiting_alert WHERE key = ?;
         INSERT INTO waiting_alert (key, at, body) VALUES (?, ?, ?);",
    );
    batch
        .arg(flapping_key(flapping.incident))
        .arg(flapping_key(flapping.incident))
        .arg(until.timestamp_millis())
        .arg(encode_json(flapping)?);
    batch.run(conn).await
}

/// Reads whether an incident stays open as its alerts flap.
pub(super) async fn read_flapping(
    conn: &mut SqliteConnection,
    incident: IncidentId,
) -> StoreResult<Option<Flapping>> {
    let mut batch = Batch::new("SELECT body FROM waiting_alert WHERE key = ? LIMIT 1");
    batch.arg(flapping_key(incident));
    let row = batch.fetch_optional(conn).await?;
    row.map(|row| parse_json(row.try_get(0)?, "a flapping incident")).transpose()
}

/// Forgets that the alerts of an incident flap.
pub(super) async fn remove_flapping(
    conn: &mut SqliteConnection,
    incident: IncidentId,
) -> StoreResult<()> {
    let mut batch = Batch::new("DELETE FROM waiting_alert WHERE key = ?");
    batch.arg(flapping_key(incident));
    batch.run(conn).await
}

/// Reads the incident whose alerts are calm first, with the time at which they are.
pub(super) async fn read_first_calm(
    conn: &mut SqliteConnection,
) -> StoreResult<Option<(DateTime<Utc>, Flapping)>> {
    let mut batch = Batch::new(
        "SELECT at, body FROM waiting_alert WHERE key >= ? AND key < ? ORDER BY at LIMIT 1",
    );
    batch.arg(FLAPPING).arg(FLAPPING_END);
    let Some(row) = batch.fetch_optional(conn).await? else { return Ok(None) };
    let flapping = parse_json(row.try_get(1)?, "a flapping incident")?;
    Ok(DateTime::from_timestamp_millis(row.try_get(0)?).map(|at| (at, flapping)))
}

impl FileStore {
    /// Returns whether the store has the table; one of an earlier version that is only read has none.
    pub(super) fn has_waiting(&self) -> bool {
        self.inner.version >= FIRST_VERSION
    }

    /// Reads the alerts that wait, the one that was reported last first; at most `limit`.
    pub(in crate::backend::file) async fn read_waiting(
        &self,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<WaitingList, BackendError> {
        if !self.has_waiting() {
            return Ok(WaitingList::default());
        }
        self.with_path_context(async {
            let mut conn = self.acquire_reader().await?;
            list(&mut conn, limit, now).await
        })
        .await
    }
}

async fn list(
    conn: &mut SqliteConnection,
    limit: u32,
    now: DateTime<Utc>,
) -> StoreResult<WaitingList> {
    let since = (now - MAX_AGE).timestamp_millis();
    let mut batch = Batch::new(
        "SELECT body FROM waiting_alert WHERE key >= ? AND at >= ? ORDER BY at DESC, position DESC",
    );
    batch.arg(GROUPS).arg(since);
    let mut list = WaitingList::default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    batch
        .for_each_row(conn, |row| {
            let alert: WaitingAlert = parse_json(row.try_get(0)?, "a waiting alert")?;
            if !alert.has_expired(now) {
                list.total += 1;
                if list.alerts.len() < limit {
                    list.alerts.push(alert);
                }
            }
            Ok(true)
        })
        .await?;
    Ok(list)
}
