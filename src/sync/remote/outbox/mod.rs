//! The outbox on disk: a command is in it before it counts as accepted, and stays in it until it is
//! answered.

mod batch;
mod redact;
mod row;
mod settle;
mod state;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::Mutex;

use super::database::{self, DatabaseError, DatabaseKind, SqlResult, Unusable, UseLock};
use super::entry::OutboxEntry;
use super::error::OutboxError;
use super::outbox_snapshot::OutboxSnapshot;
use super::paths::OUTBOX_FILE;
use crate::backend::BackendError;
use crate::model::{CommandId, IncidentId};

pub use batch::Batch;
pub(super) use settle::FailedAttempt;

pub(super) const KIND: DatabaseKind = DatabaseKind {
    application_id: 1_382_313_848,
    migrations: &[
        include_str!("../migrations/outbox_1.sql"),
        include_str!("../migrations/outbox_2.sql"),
        include_str!("../migrations/outbox_3.sql"),
        include_str!("../migrations/outbox_4.sql"),
    ],
    durable: true,
};

/// How many sent commands are still listed.
const MAX_LISTED_SENT: i64 = 50;
/// How many sent commands are stored, so that another process can read their outcome.
const MAX_STORED_SENT: i64 = 2_000;

/// The outbox file of one remote.
pub(super) struct Outbox {
    pub path: PathBuf,
    conn: Mutex<SqliteConnection>,
    /// No other process moves the file away while this lock exists.
    _use_lock: Option<UseLock>,
}

/// The reason why the commands of another outbox can't be moved into this one.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImportError {
    /// The other outbox can't be opened.
    #[error(transparent)]
    Open(#[from] DatabaseError),
    /// The path of the other outbox is not UTF-8, which `SQLite` needs.
    #[error("its name can't be read")]
    Name,
    /// The commands can't be moved.
    #[error(transparent)]
    Move(#[from] BackendError),
}

impl Outbox {
    /// Opens the outbox file in a folder. Also returns which file was moved aside, and why.
    pub(super) async fn open(
        folder: &Path,
    ) -> Result<(Self, Option<(PathBuf, Unusable)>), DatabaseError> {
        let path = folder.join(OUTBOX_FILE);
        let opened = database::open(&path, &KIND).await?;
        let conn = Mutex::new(opened.conn);
        Ok((Self { path, conn, _use_lock: opened.use_lock }, opened.set_aside))
    }

    /// Moves commands of another outbox of the same remote into this one, unless a process has it
    /// open, which sends them itself. Returns whether they were moved.
    pub(super) async fn import(
        &self,
        other: &Path,
        which: Import<'_>,
    ) -> Result<bool, ImportError> {
        // Opening the other file migrates it, and prevents other processes from moving it away
        // meanwhile.
        let opened = database::open(other, &KIND).await?;
        if let Some(use_lock) = &opened.use_lock
            && !use_lock.is_sole_user().map_err(DatabaseError::Io)?
        {
            return Ok(false);
        }
        let name = other.to_str().ok_or(ImportError::Name)?.to_owned();
        let handle = match which {
            Import::All => None,
            Import::Requester(handle) => Some(handle.to_owned()),
        };
        let moved = self.with_conn(async |conn| {
            sqlx::query("ATTACH DATABASE ? AS other").bind(name).execute(&mut *conn).await?;
            let moved = move_entries(conn, handle).await;
            sqlx::query("DETACH DATABASE other").execute(&mut *conn).await?;
            moved
        });
        moved.await?;
        Ok(true)
    }

    fn backend_error(&self, error: sqlx::Error) -> BackendError {
        let file = self.path.display().to_string();
        let file = String::from(crate::model::text::sanitize(&file));
        BackendError::broken(OutboxError::Unusable { file, error })
    }

    pub(super) async fn with_conn<T>(
        &self,
        operation: impl AsyncFnOnce(&mut SqliteConnection) -> SqlResult<T>,
    ) -> Result<T, BackendError> {
        let mut conn = self.conn.lock().await;
        database::end_stale_transaction(&mut conn, &self.path, &KIND).await;
        operation(&mut conn).await.map_err(|error| self.backend_error(error))
    }

    /// Returns whether an error of the outbox means that its file can't be written now, so that
    /// waiting with a command is useless.
    pub(super) fn is_unwritable(error: &BackendError) -> bool {
        let BackendError::Broken(cause) = error else { return false };
        let Some(OutboxError::Unusable { error, .. }) =
            cause.as_error().and_then(|error| error.downcast_ref::<OutboxError>())
        else {
            return false;
        };
        database::is_unwritable(error)
    }

    /// Stores commands; they are on the disk when this returns. A command that is stored already
    /// does not change.
    pub(super) async fn enqueue(&self, batch: &Batch) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            let aliases = row::read_aliases(&mut tx).await?;
            for envelope in &batch.envelopes {
                row::insert(&mut tx, batch, envelope, &aliases).await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Returns the number of changes, including those of other processes.
    pub(super) async fn revision(&self) -> Result<i64, BackendError> {
        self.with_conn(async |conn| {
            sqlx::query_scalar("SELECT n FROM revision").fetch_one(conn).await
        })
        .await
    }

    /// Returns all pending and refused commands, and the latest sent ones.
    pub(super) async fn snapshot(&self) -> Result<OutboxSnapshot, BackendError> {
        let rows = self
            .with_conn(async |conn| {
                sqlx::query(
                    "SELECT * FROM entry WHERE state != 1 OR place IN
                        (SELECT place FROM entry WHERE state = 1
                         ORDER BY settled DESC, place DESC LIMIT ?)
                     ORDER BY place",
                )
                .bind(MAX_LISTED_SENT)
                .fetch_all(conn)
                .await
            })
            .await?;
        let entries = rows.iter().filter_map(|row| self.decode_entry(row).map(Arc::new)).collect();
        Ok(OutboxSnapshot { entries, me: None, remote: self.remote().await? })
    }

    /// Returns a command, whatever became of it.
    pub(super) async fn get(&self, id: CommandId) -> Result<Option<OutboxEntry>, BackendError> {
        let row = self
            .with_conn(async |conn| {
                sqlx::query("SELECT * FROM entry WHERE id = ?")
                    .bind(id.as_bytes().to_vec())
                    .fetch_optional(conn)
                    .await
            })
            .await?;
        Ok(row.as_ref().and_then(|row| self.decode_entry(row)))
    }

    /// Decodes a row. One that does not even have an id is skipped: it remains in the file, and
    /// does not prevent anything else from being sent.
    fn decode_entry(&self, row: &SqliteRow) -> Option<OutboxEntry> {
        row::decode_entry(row)
            .inspect_err(|error| tracing::warn!(path = %self.path.display(), %error, "outbox"))
            .ok()
    }

    /// Deletes commands that were sent long ago. Not called while commands settle: a waiter must
    /// find its command.
    pub(super) async fn prune(&self) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            sqlx::query(
                "DELETE FROM entry WHERE place IN (SELECT place FROM entry WHERE state = 1
                    ORDER BY settled DESC, place DESC LIMIT -1 OFFSET ?)",
            )
            .bind(MAX_STORED_SENT)
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Deletes commands that were not sent.
    pub(super) async fn remove(&self, ids: &[CommandId]) -> Result<(), BackendError> {
        self.with_conn(async |conn| {
            let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
            for id in ids {
                sqlx::query("DELETE FROM entry WHERE id = ? AND state != 1")
                    .bind(id.as_bytes().to_vec())
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await
        })
        .await
    }

    /// Returns the incident in which a declared one is counted; the same id if it is an incident of
    /// its own.
    pub(super) async fn resolve_alias(&self, id: IncidentId) -> Result<IncidentId, BackendError> {
        let aliases = self.with_conn(async |conn| row::read_aliases(conn).await).await?;
        Ok(aliases.iter().find(|(from, _)| *from == id).map_or(id, |(_, to)| *to))
    }
}

/// Which commands of another outbox are moved.
#[derive(Clone, Copy, Debug)]
pub(super) enum Import<'a> {
    /// All, the sent ones too.
    All,
    /// Unsent ones requested by a person, by the handle.
    Requester(&'a str),
}

/// Moves commands of an attached outbox. They are stored here before they are deleted there, and
/// one that is here already is not stored again: so nothing is lost if this is interrupted.
async fn move_entries(conn: &mut SqliteConnection, handle: Option<String>) -> SqlResult<()> {
    sqlx::query("INSERT OR IGNORE INTO alias (id, is_now) SELECT id, is_now FROM other.alias")
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "INSERT OR IGNORE INTO entry (id, chain, envelope, label, title, state, tries, said, answer,
            behind, settled_at, settled, person, token, store, generation, approved, earlier_number,
            clock_offset)
         SELECT id, chain, envelope, label, title, state, tries, said, answer,
            behind, settled_at, settled, person, token,
            coalesce(store, (SELECT value FROM other.about WHERE name = 'store')), generation,
            approved, earlier_number, clock_offset
         FROM other.entry WHERE ?1 IS NULL OR (state != 1 AND ?1 = coalesce(person,
            CASE WHEN json_valid(envelope) THEN json_extract(envelope, '$.actor.person.handle') END))
         ORDER BY place",
    )
    .bind(handle.clone())
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "DELETE FROM other.entry WHERE id IN (SELECT id FROM main.entry)
            AND (?1 IS NULL OR state != 1)",
    )
    .bind(handle.clone())
    .execute(&mut *conn)
    .await?;
    // With all its content, the addresses of the other one lead here.
    sqlx::query(
        "INSERT OR IGNORE INTO address (url) SELECT url FROM other.address WHERE ?1 IS NULL",
    )
    .bind(handle)
    .execute(conn)
    .await
    .map(drop)
}
