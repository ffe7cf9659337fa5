//! What was read of a remote, on disk: rows, details with timelines, and single facts.
//!
//! Nothing depends on it: where it can't be read there is nothing kept, and where it can't be
//! written less is. A damaged file is moved aside and begun anew.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Connection, Row, Sqlite, SqliteConnection, Transaction};
use tokio::sync::Mutex;

use super::database::{self, DatabaseKind, from_millis, is_corruption, to_millis};
use crate::backend::{Cursor, Delta, Detail, TimelineRange};
use crate::model::{Event, IncidentId, IncidentNumber, Summary};

const KIND: DatabaseKind = DatabaseKind {
    application_id: 1_382_311_792,
    migrations: &[include_str!("migrations/kept_1.sql")],
    durable: false,
};

/// Incidents that are kept as a whole; of more, those that were looked at longest ago go.
pub const MAX_DETAILS: i64 = 500;
/// Rows of ended incidents that are kept.
pub const MAX_ENDED: i64 = 5_000;
/// The most events of one timeline that are kept: its end.
pub const MAX_EVENTS: i64 = 1_000;

/// The file.
pub(super) struct Cache {
    path: PathBuf,
    /// `None` where it can't be opened.
    conn: Mutex<Option<SqliteConnection>>,
}

/// What a piece of work on the file gives.
type SqlResult<T> = Result<T, sqlx::Error>;

impl Cache {
    /// Opens the file of a folder. Where that is not possible nothing is kept. Says which file was
    /// moved aside, and why.
    pub(super) async fn open(folder: &Path) -> (Self, Option<(PathBuf, String)>) {
        let path = folder.join("kept.db");
        let (conn, aside) = match database::open(&path, &KIND).await {
            Ok(opened) => (Some(opened.conn), opened.set_aside),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "nothing of the remote is kept");
                (None, None)
            }
        };
        (Self { path, conn: Mutex::new(conn) }, aside)
    }

    /// Does some work; `None` where it failed.
    async fn with_conn<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> SqlResult<T>,
    ) -> Option<T> {
        let mut held = self.conn.lock().await;
        let conn = held.as_mut()?;
        let error = match work(conn).await {
            Ok(done) => return Some(done),
            Err(error) => error,
        };
        tracing::warn!(path = %self.path.display(), %error, "what is kept of the remote");
        if is_corruption(&error) {
            *held = None;
            *held = database::open(&self.path, &KIND).await.ok().map(|opened| opened.conn);
        }
        None
    }

    /// Keeps one fact.
    pub(super) async fn put_fact<T: Serialize>(&self, name: &str, fact: &T, at: DateTime<Utc>) {
        let Ok(value) = serde_json::to_string(fact) else { return };
        self.with_conn(async |conn| {
            sqlx::query("INSERT OR REPLACE INTO fact (name, at, value) VALUES (?, ?, ?)")
                .bind(name.to_owned())
                .bind(to_millis(at))
                .bind(value)
                .execute(conn)
                .await
        })
        .await;
    }

    /// A fact that is kept, and when it was read.
    pub(super) async fn fact<T: DeserializeOwned>(&self, name: &str) -> Option<(T, DateTime<Utc>)> {
        let row = self
            .with_conn(async |conn| {
                sqlx::query("SELECT at, value FROM fact WHERE name = ?")
                    .bind(name.to_owned())
                    .fetch_optional(conn)
                    .await
            })
            .await??;
        let value: &str = row.try_get(1).ok()?;
        Some((serde_json::from_str(value).ok()?, from_millis(row.try_get(0).ok()?)))
    }

    /// Takes in what has changed since a place, and from where to ask on, at once.
    ///
    /// Where what is kept ends elsewhere, as after one that could not be written, there would be a
    /// hole behind the new place: the rows are taken in, and whoever comes next asks on from the old
    /// one.
    pub(super) async fn fold(&self, since: Option<Cursor>, delta: &Delta, at: DateTime<Utc>) {
        let cursor = serde_json::to_string(&delta.cursor).unwrap_or_default();
        let since = since.map(|since| serde_json::to_string(&since).unwrap_or_default());
        self.with_conn(async |conn| {
            let mut all = conn.begin().await?;
            if delta.reset {
                sqlx::query("DELETE FROM row WHERE open = 1").execute(&mut *all).await?;
            }
            for row in &delta.rows {
                put_row(&mut all, row, at, delta.reset).await?;
            }
            let kept: Option<String> =
                sqlx::query_scalar("SELECT value FROM fact WHERE name = 'cursor'")
                    .fetch_optional(&mut *all)
                    .await?;
            // Another process may have been there first.
            if delta.reset || kept == since || kept.as_ref() == Some(&cursor) {
                sqlx::query(
                    "INSERT OR REPLACE INTO fact (name, at, value) VALUES ('cursor', ?, ?)",
                )
                .bind(to_millis(at))
                .bind(cursor)
                .execute(&mut *all)
                .await?;
            }
            prune_rows(&mut all).await?;
            all.commit().await
        })
        .await;
    }

    /// Takes in rows that were read otherwise. An older state never replaces a later one.
    pub(super) async fn put_rows(&self, rows: &[Summary], at: DateTime<Utc>) {
        self.with_conn(async |conn| {
            let mut all = conn.begin().await?;
            for row in rows {
                put_row(&mut all, row, at, false).await?;
            }
            prune_rows(&mut all).await?;
            all.commit().await
        })
        .await;
    }

    /// All rows that are kept; only the open ones where that is enough.
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

    /// One row.
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

    /// The incident of a number.
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

    /// Keeps an incident with the end of its timeline, which may be empty where only the record is
    /// known anew.
    pub(super) async fn put_detail(&self, detail: &Detail, events: &[Event], at: DateTime<Utc>) {
        let Ok(value) = serde_json::to_string(detail) else { return };
        let id = detail.incident.summary.id;
        self.with_conn(async |conn| {
            let mut all = conn.begin().await?;
            sqlx::query(
                "INSERT INTO detail (id, seq, at, used, value) VALUES (?1, ?2, ?3, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET seq = ?2, at = ?3, used = ?3, value = ?4
                    WHERE seq <= ?2",
            )
            .bind(id.as_bytes().to_vec())
            .bind(i64::from(detail.incident.summary.seq))
            .bind(to_millis(at))
            .bind(value)
            .execute(&mut *all)
            .await?;
            put_events(&mut all, id, events).await?;
            put_row(&mut all, &detail.incident.summary, at, false).await?;
            prune_details(&mut all).await?;
            all.commit().await
        })
        .await;
    }

    /// Keeps a part of a timeline of an incident that is kept.
    pub(super) async fn put_timeline(&self, id: IncidentId, events: &[Event]) {
        self.with_conn(async |conn| {
            let mut all = conn.begin().await?;
            let kept: Option<i64> = sqlx::query_scalar("SELECT 1 FROM detail WHERE id = ?")
                .bind(id.as_bytes().to_vec())
                .fetch_optional(&mut *all)
                .await?;
            if kept.is_some() {
                put_events(&mut all, id, events).await?;
            }
            all.commit().await
        })
        .await;
    }

    /// An incident that is kept, and when it was read. It counts as looked at.
    pub(super) async fn detail(&self, id: IncidentId) -> Option<(Detail, DateTime<Utc>)> {
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
        Some((serde_json::from_str(value).ok()?, from_millis(row.try_get(0).ok()?)))
    }

    /// The last event of each incident that is kept as a whole.
    pub(super) async fn detail_seqs(&self) -> HashMap<IncidentId, u32> {
        let rows = self
            .with_conn(async |conn| sqlx::query("SELECT id, seq FROM detail").fetch_all(conn).await)
            .await;
        let each = |row: &sqlx::sqlite::SqliteRow| {
            let id: Vec<u8> = row.try_get(0).ok()?;
            Some((
                IncidentId::from_slice(&id)?,
                u32::try_from(row.try_get::<i64, _>(1).ok()?).ok()?,
            ))
        };
        rows.unwrap_or_default().iter().filter_map(each).collect()
    }

    /// A part of a timeline, as far as it is kept; `None` where nothing of it is, or not what stands
    /// right beside the position: only the end of a long timeline is kept, and what it begins with is
    /// not the begin of the whole.
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
                let any: Option<i64> =
                    sqlx::query_scalar("SELECT 1 FROM event WHERE incident = ? LIMIT 1")
                        .bind(id.as_bytes().to_vec())
                        .fetch_optional(&mut *conn)
                        .await?;
                if any.is_none() || !is_contiguous(&mut *conn, id, part).await? {
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

/// Whether what is kept of a timeline goes on right beside where a part of it begins.
async fn is_contiguous(
    conn: &mut SqliteConnection,
    id: IncidentId,
    part: TimelineRange,
) -> SqlResult<bool> {
    let (beside, is_end) = match part {
        TimelineRange::Last(_) | TimelineRange::Before(..=1, _) => return Ok(true),
        TimelineRange::Before(seq, _) => (seq - 1, false),
        TimelineRange::After(seq) => (seq.saturating_add(1), true),
    };
    // Behind the last event there is nothing, as far as is known.
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM event WHERE incident = ?1 AND seq = ?2)
            OR (?3 AND ?2 > max(
                coalesce((SELECT max(seq) FROM event WHERE incident = ?1), 0),
                coalesce((SELECT seq FROM detail WHERE id = ?1), 0)))",
    )
    .bind(id.as_bytes().to_vec())
    .bind(i64::from(beside))
    .bind(is_end)
    .fetch_one(conn)
    .await
}

async fn put_row(
    all: &mut Transaction<'_, Sqlite>,
    row: &Summary,
    at: DateTime<Utc>,
    anew: bool,
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
    .bind(anew)
    .execute(&mut **all)
    .await?;
    Ok(())
}

async fn put_events(
    all: &mut Transaction<'_, Sqlite>,
    id: IncidentId,
    events: &[Event],
) -> SqlResult<()> {
    let Some((first, last)) = events.first().zip(events.last()) else { return Ok(()) };
    // A gap would hide what happened in between: what is not joined to these goes.
    sqlx::query(
        "DELETE FROM event WHERE incident = ?1
            AND NOT EXISTS (SELECT 1 FROM event WHERE incident = ?1 AND seq BETWEEN ?2 AND ?3)",
    )
    .bind(id.as_bytes().to_vec())
    .bind(i64::from(first.seq) - 1)
    .bind(i64::from(last.seq) + 1)
    .execute(&mut **all)
    .await?;
    for event in events {
        let Ok(value) = serde_json::to_string(event) else { continue };
        sqlx::query("INSERT OR REPLACE INTO event (incident, seq, value) VALUES (?, ?, ?)")
            .bind(id.as_bytes().to_vec())
            .bind(i64::from(event.seq))
            .bind(value)
            .execute(&mut **all)
            .await?;
    }
    sqlx::query(
        "DELETE FROM event WHERE incident = ?1
            AND seq <= (SELECT max(seq) FROM event WHERE incident = ?1) - ?2",
    )
    .bind(id.as_bytes().to_vec())
    .bind(MAX_EVENTS)
    .execute(&mut **all)
    .await?;
    Ok(())
}

async fn prune_rows(all: &mut Transaction<'_, Sqlite>) -> SqlResult<()> {
    sqlx::query(
        "DELETE FROM row WHERE open = 0 AND id IN
            (SELECT id FROM row WHERE open = 0 ORDER BY used DESC LIMIT -1 OFFSET ?)",
    )
    .bind(MAX_ENDED)
    .execute(&mut **all)
    .await?;
    Ok(())
}

async fn prune_details(all: &mut Transaction<'_, Sqlite>) -> SqlResult<()> {
    let gone: Vec<Vec<u8>> = sqlx::query_scalar(
        "DELETE FROM detail WHERE id IN
            (SELECT id FROM detail ORDER BY used DESC LIMIT -1 OFFSET ?) RETURNING id",
    )
    .bind(MAX_DETAILS)
    .fetch_all(&mut **all)
    .await?;
    for id in gone {
        sqlx::query("DELETE FROM event WHERE incident = ?").bind(id).execute(&mut **all).await?;
    }
    Ok(())
}
