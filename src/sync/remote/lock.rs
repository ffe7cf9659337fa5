//! File locks, which decide who sends: one process of this machine at a time for each outbox. The
//! lock is acquired for each pass of work, so that a process that is suspended in between does not
//! prevent others from sending.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::time::{Instant, sleep};

use super::paths::open_private_file;

/// The first and the longest pause before the next attempt to acquire a lock.
const RETRY_PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// A lock on a file; released when it is dropped, or when the process ends.
#[derive(Debug)]
pub(super) struct FileLock {
    /// Open because the lock belongs to it.
    _file: File,
}

/// Acquires the lock of a file, unless another holder has it.
pub(super) fn try_acquire(path: &Path) -> io::Result<Option<FileLock>> {
    let file = open_private_file(path)?;
    Ok(try_flock(&file, FlockOperation::NonBlockingLockExclusive)?
        .then_some(FileLock { _file: file }))
}

/// Tries to lock an open file without waiting. Returns whether that succeeded.
pub(super) fn try_flock(file: &File, operation: FlockOperation) -> io::Result<bool> {
    match flock(file, operation) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits for the lock of a file while `is_wanted` returns true, but not longer than `timeout`.
/// Returns `None` if the lock did not become free. Other tasks of this process continue meanwhile.
pub(super) async fn acquire(
    path: &Path,
    timeout: Duration,
    is_wanted: impl Fn() -> bool,
) -> io::Result<Option<FileLock>> {
    let deadline = Instant::now() + timeout;
    let mut pause = RETRY_PAUSES.0;
    loop {
        if let Some(lock) = try_acquire(path)? {
            return Ok(Some(lock));
        }
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() || !is_wanted() {
            return Ok(None);
        }
        sleep(pause.min(remaining)).await;
        pause = (pause * 2).min(RETRY_PAUSES.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lock_is_awaited_only_up_to_the_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (short, long) = (Duration::from_millis(30), Duration::from_mins(1));
        let first = acquire(&path, long, || true).await.unwrap().unwrap();
        let started = Instant::now();
        assert!(acquire(&path, short, || true).await.unwrap().is_none());
        assert!(started.elapsed() >= short);
        // Nor for longer than wanted.
        assert!(acquire(&path, long, || false).await.unwrap().is_none());
        // Other tasks of this thread do not wait for it: the holder of the lock can release it.
        let release = async { drop(first) };
        let (acquired, ()) = tokio::join!(acquire(&path, long, || true), release);
        assert!(acquired.unwrap().is_some());
        assert!(started.elapsed() < long);
    }
}
