//! A pool of connections for reading, which takes a connection back at once.
//!
//! The pool of the driver takes one back in the background. Whoever reads twice in a row would open
//! a second connection meanwhile, and opening one costs more than most reads: `SQLite` parses the
//! whole schema for it.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection};
use tokio::sync::{
    Mutex as AsyncMutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore,
};
use tokio::time::timeout;

/// The time after which a connection that was given back counts as busy. Opening another one takes
/// less.
const BUSY_TIME: Duration = Duration::from_millis(50);

/// A connection that is kept; `None` before it is opened.
type Slot = Option<SqliteConnection>;

/// Connections that are opened when they are needed, and kept.
pub(super) struct Readers {
    options: SqliteConnectOptions,
    /// The maximum time for which a reader waits for another one.
    timeout: Duration,
    /// As many permits as slots. Whoever has one finds a slot that nobody has locked.
    permits: Arc<Semaphore>,
    /// Locked while a slot is chosen.
    slots: Mutex<Vec<Arc<AsyncMutex<Slot>>>>,
}

impl Readers {
    /// Returns a pool of at most `size` connections, none of which is open yet.
    pub(super) fn new(options: SqliteConnectOptions, size: usize, timeout: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(size));
        let slots = (0..size).map(|_| Arc::default()).collect();
        Self { options, timeout, permits, slots: Mutex::new(slots) }
    }

    /// Returns a connection; waits while all of them are in use.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] after the timeout, [`sqlx::Error::PoolClosed`] after
    /// [`Readers::close`], and those of opening the file.
    pub(super) async fn acquire(&self) -> Result<ReadConnection, sqlx::Error> {
        let permit = timeout(self.timeout, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut slot = self.lock_slot().ok_or(sqlx::Error::PoolClosed)?;
        if let Some(conn) = &mut *slot
            && !matches!(timeout(BUSY_TIME, conn.ping()).await, Ok(Ok(())))
        {
            // Its thread has ended, because the driver failed, or still works for a reader that
            // does not wait any more; then it ends by itself.
            *slot = None;
        }
        if slot.is_none() {
            *slot = Some(self.options.connect().await?);
        }
        let conn = OwnedMutexGuard::try_map(slot, Option::as_mut);
        let conn = conn.map_err(|_| sqlx::Error::WorkerCrashed)?;
        Ok(ReadConnection::Own { conn, _permit: permit })
    }

    /// Locks a slot that is not in use, preferably one whose connection is open.
    fn lock_slot(&self) -> Option<OwnedMutexGuard<Slot>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let free = || slots.iter().filter_map(|slot| Arc::clone(slot).try_lock_owned().ok());
        free().find(|slot| slot.is_some()).or_else(|| free().next())
    }

    /// Closes all connections, those in use as soon as they are given back.
    pub(super) async fn close(&self) {
        let slots = std::mem::take(&mut *self.slots.lock().unwrap_or_else(PoisonError::into_inner));
        self.permits.close();
        for slot in slots {
            if let Some(conn) = slot.lock().await.take() {
                conn.close().await.ok();
            }
        }
    }
}

/// A connection for reading that is given back when it is dropped.
pub(super) enum ReadConnection {
    /// Of [`Readers`]. The slot is unlocked before the permit is returned.
    Own { conn: OwnedMappedMutexGuard<Slot, SqliteConnection>, _permit: OwnedSemaphorePermit },
    /// Of a pool of the driver.
    Pooled(PoolConnection<Sqlite>),
}

impl Deref for ReadConnection {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Own { conn, .. } => conn,
            Self::Pooled(conn) => conn,
        }
    }
}

impl DerefMut for ReadConnection {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Own { conn, .. } => conn,
            Self::Pooled(conn) => conn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::file::sql::Batch;

    const SOON: Duration = Duration::from_millis(20);

    fn readers(size: usize) -> Readers {
        Readers::new(SqliteConnectOptions::new().in_memory(true), size, SOON)
    }

    /// Adds a temporary table, which only its connection has.
    async fn mark(conn: &mut SqliteConnection, name: &str) {
        Batch::new(&format!("CREATE TEMP TABLE {name} (n)")).run(conn).await.unwrap();
    }

    async fn marks(conn: &mut SqliteConnection) -> Vec<String> {
        let names = Batch::new("SELECT name FROM sqlite_temp_schema ORDER BY name");
        let rows = names.fetch_all(conn).await.unwrap();
        rows.iter().map(|row| sqlx::Row::get(row, 0)).collect()
    }

    #[tokio::test]
    async fn reads_in_a_row_use_one_connection() {
        let readers = readers(3);
        mark(&mut readers.acquire().await.unwrap(), "first").await;
        for _ in 0..5 {
            assert_eq!(marks(&mut readers.acquire().await.unwrap()).await, ["first"]);
        }
    }

    #[tokio::test]
    async fn readers_at_once_have_connections_of_their_own() {
        let readers = readers(2);
        let (mut first, mut second) =
            (readers.acquire().await.unwrap(), readers.acquire().await.unwrap());
        mark(&mut first, "first").await;
        mark(&mut second, "second").await;
        assert!(matches!(readers.acquire().await, Err(sqlx::Error::PoolTimedOut)));
        drop(second);
        assert_eq!(marks(&mut readers.acquire().await.unwrap()).await, ["second"]);
        drop(first);
        let both = (readers.acquire().await.unwrap(), readers.acquire().await.unwrap());
        let (mut a, mut b) = both;
        let mut all = [marks(&mut a).await, marks(&mut b).await].concat();
        all.sort();
        assert_eq!(all, ["first", "second"]);
    }

    #[tokio::test]
    async fn reader_that_gave_up_delays_no_other() {
        let readers = readers(1);
        let mut conn = readers.acquire().await.unwrap();
        mark(&mut conn, "busy").await;
        let long = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n
            WHERE x < 20000000) SELECT max(x) FROM n";
        let work = Batch::new(long).run(&mut conn);
        assert!(timeout(Duration::from_millis(1), work).await.is_err());
        drop(conn);
        assert_eq!(marks(&mut readers.acquire().await.unwrap()).await, [""; 0]);
    }

    #[tokio::test]
    async fn closing_waits_for_those_in_use() {
        let readers = Arc::new(readers(2));
        let conn = readers.acquire().await.unwrap();
        let closing = tokio::spawn({
            let readers = Arc::clone(&readers);
            async move { readers.close().await }
        });
        while !readers.permits.is_closed() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(readers.acquire().await, Err(sqlx::Error::PoolClosed)));
        assert!(!closing.is_finished());
        drop(conn);
        closing.await.unwrap();
    }
}
