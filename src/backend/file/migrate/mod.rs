//! Brings an old store up to date: checks the space, makes a copy, changes the schema, and works
//! through all incidents in batches.
//!
//! A schema migration that must change every incident does not do so in its own statements. It
//! inserts a row into the table `migration` with the name of a [`Work`], and sets the version of
//! the file to [`UNFINISHED`]. Programs without that work refuse the file then. The work is done
//! here, each batch in a transaction that also records the progress. So a process can be killed at
//! any time: the next one that opens the store continues after the last batch.
//!
//! One process does this at a time: it holds a lock on a file next to the store.

mod copy;
mod observer;
mod reopened;
mod verdicts;

use std::path::{Path, PathBuf};

use sqlx::{Row, SqliteConnection};

pub use observer::{MigrationObserver, MigrationStage};

use copy::MigrationLock;
pub(super) use copy::remove_stale_lock;

use super::connect::CACHE_PRAGMA;
use super::directory_table::rewrite_directory;
use super::error::{StoreError, StoreFaultKind, StoreResult};
use super::full_text::index;
use super::open_error::OpenError;
use super::options::Options;
use super::service_level_table::put_levels;
use super::sql::Batch;
use crate::backend::Cause;

/// The version of the last migration.
pub(super) const SCHEMA_VERSION: i64 = 15;
/// The version that a program must support to read a store: older programs can ignore later
/// additions.
const NEEDED_TO_READ: i64 = 5;
/// The version of a file whose incidents are not all brought up to date.
pub(super) const UNFINISHED: i64 = 1000 + SCHEMA_VERSION;

/// Returns whether a version is that of a file whose incidents are not all brought up to date. One
/// that a program of version 5 was interrupted in has a lower number than this version gives.
pub(super) fn is_unfinished(version: i64) -> bool {
    (1005..=UNFINISHED).contains(&version)
}

/// The size of the page cache while a store is brought up to date, for `PRAGMA cache_size`.
const WORKING_CACHE: &str = "-32000";

/// The effect of a migration on all incidents, by its name in the table `migration`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Work {
    /// Rows get all fields that follow from the events: the verdicts of service levels, the
    /// fingerprint, the key of merged alerts, labels, roles and the last word.
    Verdicts,
    /// Rows of incidents that were reopened get whether anybody has acknowledged them.
    Reopened,
}

impl Work {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "verdicts" => Some(Self::Verdicts),
            "reopened" => Some(Self::Reopened),
            _ => None,
        }
    }

    /// Works on the incidents after a key, or after a position of the log where the work follows that, within
    /// the running transaction. Returns the last one and the number of incidents; `None` if there is
    /// nothing after it.
    async fn run_batch(
        self,
        conn: &mut SqliteConnection,
        after: i64,
    ) -> StoreResult<Option<(i64, u64)>> {
        match self {
            Self::Verdicts => verdicts::run_batch(conn, after).await,
            Self::Reopened => reopened::run_batch(conn, after).await,
        }
    }
}

/// The preparations before the schema is migrated that are needed afterwards; none for a new store.
#[derive(Default)]
pub(super) struct Prepared {
    /// The lock of this process; `None` for a store that was empty or only has no log.
    lock: Option<MigrationLock>,
    /// The path of the copy, if one was made.
    copy: Option<PathBuf>,
}

/// Prepares a store whose file has `version` for the migration of its schema: waits for another
/// process that is migrating it, checks the space, and makes a copy.
///
/// # Errors
/// [`OpenError`] with the obstacle, such as too little space; the store is unchanged.
pub(super) async fn prepare(
    path: &Path,
    conn: &mut SqliteConnection,
    options: &Options,
    version: i64,
) -> Result<Prepared, OpenError> {
    // A new store has nothing to lose, and several processes may create it at the same time. One
    // that has this version already, as a copy, only lacks a write-ahead log.
    if version == 0 || version == SCHEMA_VERSION {
        return Ok(Prepared::default());
    }
    let lock = copy::lock(path, &options.migration).await?;
    let mut prepared = Prepared { lock: Some(lock), copy: None };
    // Another process may have done it meanwhile.
    let version = read_version(conn).await.map_err(|failure| fault(path, failure))?;
    if version < SCHEMA_VERSION {
        prepared.copy = copy_before(path, conn, options, version).await?;
    }
    Ok(prepared)
}

/// Brings all incidents up to date, after the schema is.
///
/// # Errors
/// [`OpenError`] for a fault of the store; the next attempt continues after the last batch.
pub(super) async fn finish(
    path: &Path,
    conn: &mut SqliteConnection,
    options: &Options,
    prepared: Prepared,
) -> Result<(), OpenError> {
    let Prepared { lock, copy } = prepared;
    let fault = |failure| fault(path, failure);
    put_levels(conn, &options.rules.levels).await.map_err(fault)?;
    rewrite_directory(conn).await.map_err(fault)?;
    let Some(_lock) = lock else {
        while !run_batch(path, conn, options).await.map_err(fault)? {}
        return Ok(());
    };
    // Nobody else uses the store now, so its pages can be cached until they are complete.
    set_cache(conn, WORKING_CACHE).await.map_err(fault)?;
    let worked = work(path, conn, options).await.map_err(fault);
    set_cache(conn, CACHE_PRAGMA).await.map_err(fault)?;
    worked?;
    options.migration.report(path, &MigrationStage::Done { copy });
    Ok(())
}

async fn set_cache(conn: &mut SqliteConnection, size: &str) -> StoreResult<()> {
    Batch::one_off(&format!("PRAGMA cache_size = {size}")).run(conn).await
}

/// Does all the work, then indexes the texts, if there are many: otherwise the first search does.
async fn work(path: &Path, conn: &mut SqliteConnection, options: &Options) -> StoreResult<()> {
    while !run_batch(path, conn, options).await? {}
    let report = |done, total| {
        options.migration.report(path, &MigrationStage::Indexing { done, total });
    };
    if let Err(failure) = index::index_if_many(conn, report).await {
        // The store is migrated without it, and the first search continues with the index.
        tracing::warn!("indexing the texts was interrupted: {failure}");
    }
    Ok(())
}

fn fault(path: &Path, failure: StoreError) -> OpenError {
    let kind = match failure {
        StoreError::Sql(e) => StoreFaultKind::Sql(e),
        other => StoreFaultKind::Damaged(Cause::new(other)),
    };
    OpenError::fault(path, kind)
}

async fn read_version(conn: &mut SqliteConnection) -> StoreResult<i64> {
    let row = Batch::one_off("PRAGMA user_version").fetch_optional(conn).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
}

/// Checks the space and makes a copy of the store before the migration. Returns the path of the
/// copy; `None` for a store without incidents, of which none is made.
async fn copy_before(
    path: &Path,
    conn: &mut SqliteConnection,
    options: &Options,
    version: i64,
) -> Result<Option<PathBuf>, OpenError> {
    let count = Batch::one_off("SELECT count(*) FROM incident").fetch_optional(conn).await;
    let count: i64 = count.ok().flatten().and_then(|row| row.try_get(0).ok()).unwrap_or(1);
    if count == 0 {
        return Ok(None);
    }
    let copy = copy::path_for(path, version);
    copy::check_space(path)?;
    options.migration.report(path, &MigrationStage::Copying { copy: copy.clone() });
    copy::copy(path, conn, &copy).await?;
    Ok(Some(copy))
}

/// Does the next batch of work in a transaction of its own. Returns whether all is done.
async fn run_batch(
    path: &Path,
    conn: &mut SqliteConnection,
    options: &Options,
) -> StoreResult<bool> {
    let result = run_batch_in_transaction(path, conn, options).await;
    if result.is_err() {
        Batch::new("ROLLBACK").run(conn).await.ok();
    }
    result
}

async fn run_batch_in_transaction(
    path: &Path,
    conn: &mut SqliteConnection,
    options: &Options,
) -> StoreResult<bool> {
    let rows = Batch::new(
        "BEGIN IMMEDIATE; SELECT work, after, done, total FROM migration ORDER BY work LIMIT 1;",
    )
    .fetch_result_sets(conn)
    .await?;
    let Some(row) = rows.get(1).and_then(|rows| rows.first()) else {
        let sql = format!(
            "UPDATE meta SET value = {NEEDED_TO_READ}
                WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND {UNFINISHED};
             PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        );
        Batch::one_off(&sql).run(conn).await?;
        return Ok(true);
    };
    let name: String = row.try_get(0)?;
    let (after, done, total): (i64, i64, i64) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    let work = Work::from_name(&name)
        .ok_or_else(|| StoreError::content(format!("the work {name:?} is unknown")))?;
    let mut batch = Batch::default();
    let count = if let Some((last, count)) = work.run_batch(conn, after).await? {
        let count = i64::try_from(count).unwrap_or(0);
        batch.sql("UPDATE migration SET after = ?, done = done + ? WHERE work = ?; COMMIT;");
        batch.arg(last).arg(count).arg(name);
        count
    } else {
        batch.sql("DELETE FROM migration WHERE work = ?; COMMIT;").arg(name);
        0
    };
    batch.run(conn).await?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    let stage = MigrationStage::Working { done: number(done + count), total: number(total) };
    if total > 0 {
        options.migration.report(path, &stage);
    }
    Ok(false)
}
