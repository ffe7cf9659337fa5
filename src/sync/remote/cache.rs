//! The cache on disk of data that was fetched from a remote: rows, details with timelines, and
//! single facts.
//!
//! Nothing depends on it. If it can't be read, nothing is cached; if it can't be written, less is.
//! A damaged file is moved aside and replaced by a new one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex as SyncMutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Connection, Row, Sqlite, SqliteConnection, Transaction};
use tokio::sync::Mutex;

use super::database::{
    self, DatabaseKind, SqlResult, Unusable, from_millis, is_corruption, to_millis,
};
use super::paths::CACHE_FILE;
use crate::backend::{Cursor, Delta, Detail, TimelineRange};
use crate::model::redaction::RedactedTarget;
use crate::model::{Event, EventBody, IncidentId, IncidentNumber, Summary};
use crate::sync::reader::Sourced;

pub(super) const KIND: DatabaseKind = DatabaseKind {
    application_id: 1_382_311_792,
    migrations: &[include_str!("migrations/kept_1.sql")],
    durable: false,
};

/// The name of the fact with the events of all incidents.
pub(super) const FEED_FACT: &str = "list feed";
/// The most incidents that are cached in full. Beyond that, those viewed longest ago are removed.
pub const MAX_DETAILS: i64 = 500;
/// The most rows of ended incidents that are cached.
pub const MAX_ENDED: i64 = 5_000;
/// The most events of one timeline that are cached: its latest ones.
pub const MAX_EVENTS: i64 = 1_000;

/// The cache file of one remote.
pub(super) struct Cache {
    path: PathBuf,
    /// `None` if the file can't be opened.
    conn: Mutex<Option<SqliteConnection>>,
    /// The number of requests for facts.
    requests: AtomicU64,
    /// The request that each fact was stored for.
    fact_requests: SyncMutex<HashMap<String, u64>>,
}

impl Cache {
    /// Opens the cache file in a folder. If that fails, nothing is cached. Also returns which file
    /// was moved aside, and why.
    pub(super) async fn open(folder: &Path) -> (Self, Option<(PathBuf, Unusable)>) {
        let path = folder.join(CACHE_FILE);
        let (conn, set_aside) = match database::open(&path, &KIND).await {
            Ok(opened) => (Some(opened.conn), opened.set_aside),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "nothing of the remote is kept");
                (None, None)
            }
        };
        let cache = Self {
            path,
            conn: Mutex::new(conn),
            requests: AtomicU64::new(0),
            fact_requests: SyncMutex::default(),
        };
        (cache, set_aside)
    }

    /// Runs an operation on the file. Returns `None` if it failed; a damaged file is replaced then.
    async fn with_conn<T>(
        &self,
        operation: impl AsyncFnOnce(&mut SqliteConnection) -> SqlResult<T>,
    ) -> Option<T> {
        let mut slot = self.conn.lock().await;
        let conn = slot.as_mut()?;
        database::end_stale_transaction(conn, &self.path, &KIND).await;
        let error = match operation(conn).await {
            Ok(done) => return Some(done),
            Err(error) => error,
        };
        tracing::warn!(path = %self.path.display(), %error, "what is kept of the remote");
        if is_corruption(&error) {
            // A connection deletes its log by name when it is closed, which must not be that of the
            // next file.
            if let Some(conn) = slot.take() {
                conn.close().await.ok();
            }
            *slot = database::open(&self.path, &KIND).await.ok().map(|opened| opened.conn);
        }
        None
    }

    /// Returns the number of a request for a fact that starts now; that of a later one is higher.
    pub(super) fn start_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// Stores the response to a request under the fact's name, unless the response to a later
    /// request is stored.
    pub(super) async fn put_fact<T: Serialize>(
        &self,
        name: &str,
        request: u64,
        fact: &T,
        at: DateTime<Utc>,
    ) {
        let Ok(value) = serde_json::to_string(fact) else { return };
        self.with_conn(async |conn| {
            // Checked while the connection is locked, so that no other task stores a value in
            // between.
            if !self.is_latest(name, request) {
                return Ok(());
            }
            sqlx::query("INSERT OR REPLACE INTO fact (name, at, value) VALUES (?, ?, ?)")
                .bind(name.to_owned())
                .bind(to_millis(at))
                .bind(value)
                .execute(conn)
                .await
                .map(|_| ())
        })
        .await;
    }

    /// Records that a fact is stored for a request. Returns `false` if one of a later request is.
    fn is_latest(&self, name: &str, request: u64) -> bool {
        let mut stored = self.fact_requests.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = stored.entry(name.to_owned()).or_insert(request);
        *latest = request.max(*latest);
        *latest == request
    }

    /// Returns a cached fact, and when it was fetched.
    pub(super) async fn fact<T: DeserializeOwned>(&self, name: &str) -> Option<Sourced<T>> {
        let row = self
            .with_conn(async |conn| {
                sqlx::query("SELECT at, value FROM fact WHERE name = ?")
                    .bind(name.to_owned())
                    .fetch_optional(conn)
                    .await
            })
            .await??;
        let value: &str = row.try_get(1).ok()?;
        Some(Sourced::cached(serde_json::from_str(value).ok()?, from_millis(row.try_get(0).ok()?)))
    }

    /// Deletes everything: the cached data is of another store, or of one that was restored from a
    /// copy.
    pub(super) async fn clear(&self) {
        self.with_conn(async |conn| {
            let mut tx = conn.begin().await?;
            for sql in
                ["DELETE FROM row", "DELETE FROM detail", "DELETE FROM event", "DELETE FROM fact"]
            {
                sqlx::query(sql).execute(&mut *tx).await?;
            }
            tx.commit().await
        })
        .await;
    }

    /// Removes everything that may contain a redacted part: the rows of the incidents, their
    /// records, and the events of all incidents. All of it can be fetched again, and the rows come
    /// with the changes.
    pub(super) async fn redact(&self, redacted: &[RedactedTarget]) {
        self.with_conn(async |conn| {
            let mut tx = conn.begin().await?;
            for RedactedTarget { incident, .. } in redacted {
                for sql in [
                    "DELETE FROM row WHERE id = ?",
                    "DELETE FROM detail WHERE id = ?",
                    "DELETE FROM event WHERE incident = ?",
                ] {
                    let id = incident.as_bytes().to_vec();
                    sqlx::query(sql).bind(id).execute(&mut *tx).await?;
                }
            }
            sqlx::query("DELETE FROM fact WHERE name = ?")
                .bind(FEED_FACT)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            // The log contains the removed data until it is overwritten.
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(conn).await.map(drop)
        })
        .await;
    }

    /// Stores the changes since a cursor together with the next cursor, in one transaction.
    ///
    /// If the stored cursor is not `since`, for example because an earlier delta could not be
    /// written, advancing it would leave a hole. Only the rows are stored then, and the next
    /// request starts from the old cursor again.
    pub(super) async fn fold(&self, since: Option<Cursor>, delta: &Delta, at: DateTime<Utc>) {
        let cursor = serde_json::to_string(&delta.cursor).unwrap_or_default();
        let since = since.map(|since| serde_json::to_string(&since).unwrap_or_default());
        self.with_conn(async |conn| {
            let mut tx = conn.begin().await?;
            if delta.reset {
                sqlx::query("DELETE FROM row WHERE open = 1").execute(&mut *tx).await?;
            }
            for row in &delta.rows {
                put_row(&mut tx, row, at, delta.reset).await?;
            }
            let stored: Option<String> =
                sqlx::query_scalar("SELECT value FROM fact WHERE name = 'cursor'")
                    .fetch_optional(&mut *tx)
                    .await?;
            // Another process may have stored the same first.
            if delta.reset || stored == since || stored.as_ref() == Some(&cursor) {
                sqlx::query(
                    "INSERT OR REPLACE INTO fact (name, at, value) VALUES ('cursor', ?, ?)",
                )
                .bind(to_millis(at))
                .bind(cursor)
                .execute(&mut *tx)
                .await?;
            }
            prune_rows(&mut tx).await?;
            tx.commit().await
        })
        .await;
    }

    /// Stores rows that were fetched in other ways. An older state never replaces a later one.
    pub(super) async fn put_rows(&self, rows: &[Summary], at: DateTime<Utc>) {
        self.with_conn(async |conn| {
            let mut tx = conn.begin().await?;
            for row in rows {
                put_row(&mut tx, row, at, false).await?;
            }
            prune_rows(&mut tx).await?;
            tx.commit().await
        })
        .await;
    }

    /// Returns the cached rows: all, or the open ones alone.
    pub(super) async fn rows(&self, ended_too: bool) -> Vec<Summary> {
        let sql = if ended_too {
            "SELECT value FROM row"
        } else {
            "SELECT value FROM row WHERE open = 1"
        };
        let rows: Option<Vec<String>> =
            self.with_conn(async |conn| sqlx::query_scalar(sql).fetch_all(conn).await).await;
        rows.unwrap_or_default().iter().filter_map(|row| serde_json::from_str(row).ok()).collect()
    }

    /// Returns the cached row of an incident.
    pub(super) async fn row(&self, id: IncidentId) -> Option<Summary> {
        let row: String = self
            .with_conn(async |conn| {
                sqlx::query_scalar("SELECT value FROM row WHERE id = ?")
                    .bind(id.as_bytes().to_vec())
                    .fetch_optional(conn)
                    .await
            })
            .await??;
        serde_json::from_str(&row).ok()
    }

    /// Returns the id of the incident with a number.
    pub(super) async fn find(&self, number: IncidentNumber) -> Option<IncidentId> {
        let number = i64::try_from(number.0).ok()?;
        let id: Vec<u8> = self
            .with_conn(async |conn| {
                sqlx::query_scalar("SELECT id FROM row WHERE number = ?")
                    .bind(number)
                    .fetch_optional(conn)
                    .await
            })
            .await??;
        IncidentId::from_slice(&id)
    }

    /// Stores an incident with the end of its timeline. `events` may be empty if only the record
    /// was fetched.
    pub(super) async fn put_detail(&self, detail: &Detail, events: &[Event], at: DateTime<Utc>) {
        let Ok(value) = serde_json::to_string(detail) else { return };
        let id = detail.incident.summary.id;
        self.with_conn(async |conn| {
            let mut tx = conn.begin().await?;
            let stored = sqlx::query(
                "INSERT INTO detail (id, seq, at, used, value) VALUES (?1, ?2, ?3, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET seq = ?2, at = ?3, used = ?3, value = ?4
                    WHERE seq <= ?2",
            )
            .bind(id.as_bytes().to_vec())
            .bind(i64::from(detail.incident.summary.seq))
            .bind(to_millis(at))
            .bind(value)
            .execute(&mut *tx)
            .await?;
            // Data that was fetched with an older record is older too.
            if stored.rows_affected() > 0 {
                put_events(&mut tx, id, events).await?;
            }
            put_row(&mut tx, &detail.incident.summary, at, false).await?;
            prune_details(&mut tx).await?;
            tx.commit().await
        })
        .await;
    }

    /// Stores a part of the timeline of an incident, if the incident is cached.
    pub(super) async fn put_timeline(&self, id: IncidentId, events: &[Event]) {
        self.with_conn(async |conn| {
            let mut tx = conn.begin().await?;
            let cached: Option<i64> = sqlx::query_scalar("SELECT 1 FROM detail WHERE id = ?")
                .bind(id.as_bytes().to_vec())
                .fetch_optional(&mut *tx)
                .await?;
            if cached.is_some() {
                put_events(&mut tx, id, events).await?;
            }
            tx.commit().await
        })
        .await;
    }

    /// Returns a cached incident, and when it was fetched. The incident counts as viewed.
    pub(super) async fn detail(&self, id: IncidentId) -> Option<Sourced<Detail>> {
        let row = self
            .with_conn(async |conn| {
                sqlx::query(
                    "UPDATE detail SET used = max(used, ?) WHERE id = ? RETURNING at, value",
                )
                .bind(to_millis(Utc::now()))
                .bind(id.as_bytes().to_vec())
                .fetch_optional(conn)
                .await
            })
            .await??;
        let value: &str = row.try_get(1).ok()?;
        Some(Sourced::cached(serde_json::from_str(value).ok()?, from_millis(row.try_get(0).ok()?)))
    }

    /// Returns the last event of each incident that is cached in full.
    pub(super) async fn detail_seqs(&self) -> HashMap<IncidentId, u32> {
        let rows = self
            .with_conn(async |conn| sqlx::query("SELECT id, seq FROM detail").fetch_all(conn).await)
            .await;
        let decode = |row: &sqlx::sqlite::SqliteRow| {
            let id: Vec<u8> = row.try_get(0).ok()?;
            Some((
                IncidentId::from_slice(&id)?,
                u32::try_from(row.try_get::<i64, _>(1).ok()?).ok()?,
            ))
        };
        rows.unwrap_or_default().iter().filter_map(decode).collect()
    }

    /// Returns the cached part of a timeline. The result is `None` if no event is cached, or none
    /// next to the requested position: only the end of a long timeline is cached, and its first
    /// cached event is not the first of the timeline.
    pub(super) async fn timeline(&self, id: IncidentId, part: TimelineRange) -> Option<Vec<Event>> {
        let (sql, first, count) = match part {
            TimelineRange::Last(count) => (
                "SELECT value FROM event WHERE incident = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
                i64::MAX,
                count,
            ),
            TimelineRange::Before(seq, count) => (
                "SELECT value FROM event WHERE incident = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
                i64::from(seq),
                count,
            ),
            TimelineRange::After(seq) => (
                "SELECT value FROM event WHERE incident = ? AND seq > ? ORDER BY seq LIMIT ?",
                i64::from(seq),
                1000,
            ),
        };
        let values: Vec<String> = self
            .with_conn(async |conn| {
                let exists: Option<i64> =
                    sqlx::query_scalar("SELECT 1 FROM event WHERE incident = ? LIMIT 1")
                        .bind(id.as_bytes().to_vec())
                        .fetch_optional(&mut *conn)
                        .await?;
                if exists.is_none() || !is_contiguous(&mut *conn, id, part).await? {
                    return Ok(None);
                }
                sqlx::query_scalar(sql)
                    .bind(id.as_bytes().to_vec())
                    .bind(first)
                    .bind(i64::from(count))
                    .fetch_all(conn)
                    .await
                    .map(Some)
            })
            .await??;
        let mut events: Vec<Event> =
            values.iter().map(|value| serde_json::from_str(value).ok()).collect::<Option<_>>()?;
        if !matches!(part, TimelineRange::After(_)) {
            events.reverse();
        }
        Some(events)
    }
}

/// Returns whether the cached timeline continues right next to where a part begins.
async fn is_contiguous(
    conn: &mut SqliteConnection,
    id: IncidentId,
    part: TimelineRange,
) -> SqlResult<bool> {
    let (adjacent_seq, is_end) = match part {
        TimelineRange::Last(_) | TimelineRange::Before(..=1, _) => return Ok(true),
        TimelineRange::Before(seq, _) => (seq - 1, false),
        TimelineRange::After(seq) => (seq.saturating_add(1), true),
    };
    // After the last cached event nothing more is known to exist.
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM event WHERE incident = ?1 AND seq = ?2)
            OR (?3 AND ?2 > max(
                coalesce((SELECT max(seq) FROM event WHERE incident = ?1), 0),
                coalesce((SELECT seq FROM detail WHERE id = ?1), 0)))",
    )
    .bind(id.as_bytes().to_vec())
    .bind(i64::from(adjacent_seq))
    .bind(is_end)
    .fetch_one(conn)
    .await
}

async fn put_row(
    tx: &mut Transaction<'_, Sqlite>,
    row: &Summary,
    at: DateTime<Utc>,
    replace: bool,
) -> SqlResult<()> {
    let Ok(value) = serde_json::to_string(row) else { return Ok(()) };
    sqlx::query(
        "INSERT INTO row (id, number, open, seq, used, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET number = ?2, open = ?3, seq = ?4, used = ?5, value = ?6
            WHERE seq <= ?4 OR ?7",
    )
    .bind(row.id.as_bytes().to_vec())
    .bind(row.number.and_then(|number| i64::try_from(number.0).ok()))
    .bind(row.status.is_open())
    .bind(i64::from(row.seq))
    .bind(to_millis(at))
    .bind(value)
    .bind(replace)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn put_events(
    tx: &mut Transaction<'_, Sqlite>,
    id: IncidentId,
    events: &[Event],
) -> SqlResult<()> {
    let Some((first, last)) = events.first().zip(events.last()) else { return Ok(()) };
    // A gap would hide what happened in between: of events that are not contiguous, only the later
    // ones are stored.
    let (before, after) = (i64::from(first.seq) - 1, i64::from(last.seq) + 1);
    let (is_contiguous, last_cached): (bool, Option<i64>) = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM event WHERE incident = ?1 AND seq BETWEEN ?2 AND ?3),
            (SELECT max(seq) FROM event WHERE incident = ?1)",
    )
    .bind(id.as_bytes().to_vec())
    .bind(before)
    .bind(after)
    .fetch_one(&mut **tx)
    .await?;
    // Earlier copies of parts redacted since must be removed.
    let redacts = events.iter().any(|event| matches!(event.body, EventBody::Redacted { .. }));
    if redacts {
        sqlx::query("DELETE FROM event WHERE incident = ?")
            .bind(id.as_bytes().to_vec())
            .execute(&mut **tx)
            .await?;
    } else if !is_contiguous {
        if last_cached > Some(after) {
            return Ok(());
        }
        sqlx::query("DELETE FROM event WHERE incident = ?")
            .bind(id.as_bytes().to_vec())
            .execute(&mut **tx)
            .await?;
    }
    for event in events {
        let Ok(value) = serde_json::to_string(event) else { continue };
        sqlx::query("INSERT OR REPLACE INTO event (incident, seq, value) VALUES (?, ?, ?)")
            .bind(id.as_bytes().to_vec())
            .bind(i64::from(event.seq))
            .bind(value)
            .execute(&mut **tx)
            .await?;
    }
    sqlx::query(
        "DELETE FROM event WHERE incident = ?1
            AND seq <= (SELECT max(seq) FROM event WHERE incident = ?1) - ?2",
    )
    .bind(id.as_bytes().to_vec())
    .bind(MAX_EVENTS)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn prune_rows(tx: &mut Transaction<'_, Sqlite>) -> SqlResult<()> {
    sqlx::query(
        "DELETE FROM row WHERE open = 0 AND id IN
            (SELECT id FROM row WHERE open = 0 ORDER BY used DESC LIMIT -1 OFFSET ?)",
    )
    .bind(MAX_ENDED)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn prune_details(tx: &mut Transaction<'_, Sqlite>) -> SqlResult<()> {
    let removed: Vec<Vec<u8>> = sqlx::query_scalar(
        "DELETE FROM detail WHERE id IN
            (SELECT id FROM detail ORDER BY used DESC LIMIT -1 OFFSET ?) RETURNING id",
    )
    .bind(MAX_DETAILS)
    .fetch_all(&mut **tx)
    .await?;
    for id in removed {
        sqlx::query("DELETE FROM event WHERE incident = ?").bind(id).execute(&mut **tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
