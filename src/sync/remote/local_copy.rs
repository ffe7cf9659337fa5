//! Reads the local data about a remote: for a prompt and for completions, which must not wait. No
//! request is sent, and no file is changed.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use super::choose::choose;
use super::database::{SqlResult, from_millis};
use super::paths::{CACHE_FILE, OUTBOX_FILE, RemoteKey};
use super::survey::survey;
use crate::backend::Capabilities;
use crate::model::directory::Directory;
use crate::model::{PersonRef, Summary};

/// How long to wait for a process that has a file locked. A prompt can't wait longer.
const LOCK_TIMEOUT: Duration = Duration::from_millis(20);

/// The most ended incidents that are read, the newest ones.
const MAX_ENDED: i64 = 50;
/// The most outbox entries that are read.
const MAX_ENTRIES: i64 = 500;

/// The local data about a remote.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LocalCopy {
    /// The open incidents, in no order. Pending commands are not applied to them.
    pub open: Vec<Summary>,
    /// The newest of the ended incidents that were ever read.
    pub ended: Vec<Summary>,
    /// People, teams and services.
    pub directory: Directory,
    /// The person that the token belongs to.
    pub me: Option<PersonRef>,
    /// When the rows were fetched; `None` if none ever were.
    pub as_of: Option<DateTime<Utc>>,
    /// The commands in the outbox that wait or were refused, in order.
    pub entries: Vec<UnsentEntry>,
}

/// A command that was not sent, as far as it is needed for a list of names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnsentEntry {
    /// Its position in the order in which commands were requested.
    pub position: u64,
    /// The number of its incident, or `new`.
    pub label: String,
    /// The title of its incident.
    pub title: String,
    /// Whether it was refused, so that a person has to decide.
    pub is_refused: bool,
}

impl LocalCopy {
    /// Reads the cache and the outbox of a remote in a folder of remotes. `token` is the public id
    /// of the token; without it, the data used last at the address is read. `None` if there is no
    /// data about the remote.
    pub async fn read(root: &Path, key: &RemoteKey, token: Option<&str>) -> Option<Self> {
        let found = survey(root).await;
        let folder = choose(root, key, token, &found).folder;
        if !folder.join(CACHE_FILE).is_file() {
            return None;
        }
        let mut copy = Self::default();
        if let Err(error) = copy.read_cache(&folder.join(CACHE_FILE)).await {
            tracing::debug!(%error, "the cache of the remote");
        }
        if let Err(error) = copy.read_outbox(&folder.join(OUTBOX_FILE)).await {
            tracing::debug!(%error, "the outbox of the remote");
        }
        Some(copy)
    }

    async fn read_cache(&mut self, path: &Path) -> SqlResult<()> {
        let mut conn = connect(path).await?;
        let facts = sqlx::query(
            "SELECT name, at, value FROM fact
                WHERE name IN ('cursor', 'searched', 'directory', 'capabilities')",
        )
        .fetch_all(&mut conn)
        .await?;
        for fact in facts {
            let (name, at): (&str, i64) = (fact.try_get(0)?, fact.try_get(1)?);
            match name {
                // All rows are as of the cursor; without one, a search has fetched some of them.
                "cursor" => self.as_of = Some(from_millis(at)),
                "searched" => self.as_of = self.as_of.or_else(|| Some(from_millis(at))),
                "directory" => self.directory = parse(&fact)?.unwrap_or_default(),
                _ => self.me = parse::<Capabilities>(&fact)?.and_then(|about| about.me),
            }
        }
        let open: Vec<String> =
            sqlx::query_scalar("SELECT value FROM row WHERE open = 1").fetch_all(&mut conn).await?;
        let ended: Vec<String> =
            sqlx::query_scalar("SELECT value FROM row WHERE open = 0 ORDER BY number DESC LIMIT ?")
                .bind(MAX_ENDED)
                .fetch_all(&mut conn)
                .await?;
        let parse = |rows: Vec<String>| -> Vec<Summary> {
            rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect()
        };
        (self.open, self.ended) = (parse(open), parse(ended));
        conn.close().await
    }

    async fn read_outbox(&mut self, path: &Path) -> SqlResult<()> {
        let mut conn = connect(path).await?;
        let entries = sqlx::query(
            "SELECT place, label, title, state FROM entry WHERE state != 1 ORDER BY place LIMIT ?",
        )
        .bind(MAX_ENTRIES)
        .fetch_all(&mut conn)
        .await?;
        for entry in entries {
            self.entries.push(UnsentEntry {
                position: u64::try_from(entry.try_get::<i64, _>(0)?).unwrap_or_default(),
                label: entry.try_get(1)?,
                title: entry.try_get(2)?,
                is_refused: entry.try_get::<i64, _>(3)? != 0,
            });
        }
        conn.close().await
    }
}

/// Parses the value of a fact; `None` if another version wrote it in a form that this one can't
/// read.
fn parse<T: DeserializeOwned>(fact: &sqlx::sqlite::SqliteRow) -> SqlResult<Option<T>> {
    Ok(serde_json::from_str(fact.try_get(2)?).ok())
}

async fn connect(path: &Path) -> SqlResult<SqliteConnection> {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(LOCK_TIMEOUT)
        .thread_name(|n| format!("copy-{n}"))
        .disable_statement_logging()
        .connect()
        .await
}
