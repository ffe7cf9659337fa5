//! Who sends: one process of this machine for each outbox at a time. The turn is taken for each pass of
//! work, so that one that is stopped in between keeps nobody else from sending.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::time::{Instant, sleep};

use super::paths::open_private_file;

/// The first and the longest pause before it is looked again whether the turn is free.
const RETRY_PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// A lock; given back when it is dropped, or when the process ends.
#[derive(Debug)]
pub(super) struct FileLock {
    /// Held for its lock.
    _file: File,
}

/// Takes the lock of a file where nobody has it.
pub(super) fn try_acquire(path: &Path) -> io::Result<Option<FileLock>> {
    let file = open_private_file(path)?;
    Ok(try_flock(&file, FlockOperation::NonBlockingLockExclusive)?
        .then_some(FileLock { _file: file }))
}

/// Whether a lock of an open file could be had at once.
pub(super) fn try_flock(file: &File, how: FlockOperation) -> io::Result<bool> {
    match flock(file, how) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits for the lock of a file for as long as that is `wanted`, but not longer than `patience`;
/// `None` where it did not come. Nothing else of this process waits meanwhile.
pub(super) async fn acquire(
    path: &Path,
    patience: Duration,
    wanted: impl Fn() -> bool,
) -> io::Result<Option<FileLock>> {
    let deadline = Instant::now() + patience;
    let mut pause = RETRY_PAUSES.0;
    loop {
        if let Some(turn) = try_acquire(path)? {
            return Ok(Some(turn));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || !wanted() {
            return Ok(None);
        }
        sleep(pause.min(left)).await;
        pause = (pause * 2).min(RETRY_PAUSES.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_waited_for_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (short, long) = (Duration::from_millis(30), Duration::from_mins(1));
        let first = acquire(&path, long, || true).await.unwrap().unwrap();
        let begun = Instant::now();
        assert!(acquire(&path, short, || true).await.unwrap().is_none());
        assert!(begun.elapsed() >= short);
        // Nor for longer than it is wanted.
        assert!(acquire(&path, long, || false).await.unwrap().is_none());
        // Nothing else of this thread waits for it: whoever has it can give it back.
        let gives = async { drop(first) };
        let (taken, ()) = tokio::join!(acquire(&path, long, || true), gives);
        assert!(taken.unwrap().is_some());
        assert!(begun.elapsed() < long);
    }
}
