//! Finds the outboxes under the state folder, and the pending commands in each.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::database::SqlResult;
use super::outbox_snapshot::OutboxCounts;
use super::paths::{CACHE_FILE, OUTBOX_FILE};

/// How long to wait for a process that has an outbox locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How many commands of an old outbox are read to find out whose they are.
const MAX_READ: i64 = 200;

/// A folder with an outbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutboxFolder {
    /// The folder that holds the outbox.
    pub folder: PathBuf,
    /// The addresses by which the remote was reached; none in a folder of an earlier version.
    pub urls: Vec<String>,
    /// The public id of the token.
    pub token: Option<String>,
    /// The identity of the remote's store.
    pub store: Option<String>,
    /// The handles of the requesters of pending commands.
    pub handles: Vec<String>,
    /// When the cache was last written; `None` if there is none.
    pub used_at: Option<SystemTime>,
    /// How many commands wait, and how many were refused.
    pub counts: OutboxCounts,
    /// The reason why the outbox can't be read.
    pub error: Option<String>,
}

impl OutboxFolder {
    /// Returns the user-visible name of the remote: its addresses, otherwise the folder.
    #[must_use]
    pub fn display_name(&self) -> String {
        if self.urls.is_empty() { self.folder.display().to_string() } else { self.urls.join(", ") }
    }

    /// Returns whether it has pending or refused commands, or can't be read.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.counts.pending + self.counts.refused > 0 || self.error.is_some()
    }

    /// Returns the name of the folder.
    pub(super) fn folder_name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Returns the outboxes under a folder, by name. Changes nothing.
pub async fn survey(root: &Path) -> Vec<OutboxFolder> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join(OUTBOX_FILE).is_file())
        .collect();
    folders.sort();
    let mut found = Vec::with_capacity(folders.len());
    for folder in folders {
        found.push(examine(folder).await);
    }
    found
}

async fn examine(folder: PathBuf) -> OutboxFolder {
    let used_at = last_write(&folder);
    let mut found = OutboxFolder { folder, used_at, ..OutboxFolder::default() };
    if let Err(error) = read(&mut found).await {
        found.error = Some(error.to_string());
    }
    found
}

/// Returns when the cache in a folder was last written: itself or its log.
fn last_write(folder: &Path) -> Option<SystemTime> {
    let modified = |file: &str| folder.join(file).metadata().and_then(|m| m.modified()).ok();
    [modified(CACHE_FILE), modified(&format!("{CACHE_FILE}-wal"))].into_iter().flatten().max()
}

async fn read(found: &mut OutboxFolder) -> SqlResult<()> {
    let mut conn = SqliteConnectOptions::new()
        .filename(found.folder.join(OUTBOX_FILE))
        .read_only(true)
        .busy_timeout(LOCK_TIMEOUT)
        .thread_name(|n| format!("survey-{n}"))
        .disable_statement_logging()
        .connect()
        .await?;
    let read = read_from(found, &mut conn).await;
    conn.close().await.ok();
    read
}

async fn read_from(found: &mut OutboxFolder, conn: &mut SqliteConnection) -> SqlResult<()> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *conn).await?;
    if version == 0 {
        return Ok(());
    }
    let (pending, refused): (i64, i64) =
        sqlx::query_as("SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state NOT IN (0, 1)) FROM entry")
            .fetch_one(&mut *conn)
            .await?;
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    found.counts = OutboxCounts { pending: count(pending), refused: count(refused) };
    if version >= 3 {
        found.urls = sqlx::query_scalar("SELECT url FROM address ORDER BY url")
            .fetch_all(&mut *conn)
            .await?;
        let about: Vec<(String, Option<String>)> =
            sqlx::query_as("SELECT name, CAST(value AS TEXT) FROM about")
                .fetch_all(&mut *conn)
                .await?;
        let value = |name: &str| about.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.clone());
        (found.token, found.store) = (value("token"), value("store"));
    }
    if found.counts.pending + found.counts.refused > 0 {
        let envelopes: Vec<String> =
            sqlx::query_scalar("SELECT envelope FROM entry WHERE state != 1 LIMIT ?")
                .bind(MAX_READ)
                .fetch_all(&mut *conn)
                .await?;
        let handle = |text: &String| -> Option<String> {
            let envelope: serde_json::Value = serde_json::from_str(text).ok()?;
            Some(envelope.pointer("/actor/person/handle")?.as_str()?.to_owned())
        };
        found.handles = envelopes.iter().filter_map(handle).collect();
        found.handles.sort();
        found.handles.dedup();
    }
    Ok(())
}
