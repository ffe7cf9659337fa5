//! The copy of a store that is made before a migration, the space that this needs, and the lock of
//! the migrating process.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock, statvfs};
use sqlx::SqliteConnection;

use super::observer::{MigrationObserver, MigrationStage};
use crate::backend::Cause;
use crate::backend::file::connect::{parent_folder, with_suffix};
use crate::backend::file::error::{StoreError, StoreFaultKind};
use crate::backend::file::open_error::OpenError;
use crate::backend::file::refusal::{Bytes, StoreRefusal};
use crate::backend::file::sql::Batch;

/// How often a process that waits for another one checks whether that has ended.
const CHECK_EVERY: Duration = Duration::from_millis(100);
/// Room for the write-ahead log while incidents are brought up to date, in bytes.
const LOG_BYTES: u64 = 32 << 20;

/// The lock of the migrating process. The file is removed with it.
pub(super) struct MigrationLock {
    _file: File,
    path: PathBuf,
}

impl Drop for MigrationLock {
    fn drop(&mut self) {
        // A waiting process has the file open, and checks the store before doing anything.
        std::fs::remove_file(&self.path).ok();
    }
}

/// Returns the path of the file that a process locks while it brings a store up to date.
fn lock_path(store: &Path) -> PathBuf {
    with_suffix(store, "-migrating")
}

/// Acquires the lock, and waits for another process that has it.
pub(super) async fn lock(
    store: &Path,
    observer: &MigrationObserver,
) -> Result<MigrationLock, OpenError> {
    let path = lock_path(store);
    let lock_error = |source: io::Error| {
        OpenError::refused(StoreRefusal::MigrationLock { path: store.to_owned(), source })
    };
    loop {
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(lock_error)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            // The file may have been removed by the process that had the lock before.
            Ok(()) if is_at(&file, &path) => return Ok(MigrationLock { _file: file, path }),
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                observer.report(store, &MigrationStage::Waiting);
                tokio::time::sleep(CHECK_EVERY).await;
            }
            Err(e) => return Err(lock_error(e.into())),
        }
    }
}

/// Removes the file of the lock if no process has it: one that was killed after the store was up to
/// date, such as while its texts were indexed, has left it.
pub(in crate::backend::file) fn remove_stale_lock(store: &Path) {
    let path = lock_path(store);
    let Ok(file) = OpenOptions::new().write(true).open(&path) else { return };
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() && is_at(&file, &path) {
        drop(MigrationLock { _file: file, path });
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let [opened, named] = [file.metadata(), std::fs::metadata(path)].map(|m| m.ok().map(identity));
    opened.is_some() && opened == named
}

/// Returns the path of the copy of a store of a version.
pub(super) fn path_for(store: &Path, version: i64) -> PathBuf {
    with_suffix(store, &format!(".before-migration-{version}"))
}

/// Refuses if the disk has no space for a copy of the store, for the growth of the store, and for
/// its write-ahead log.
pub(super) fn check_space(store: &Path) -> Result<(), OpenError> {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let size = length(store) + length(&with_suffix(store, "-wal"));
    let needed = size + size / 4 + LOG_BYTES.min(size);
    let folder = parent_folder(store);
    let Ok(disk) = statvfs(folder) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= needed {
        return Ok(());
    }
    Err(OpenError::refused(StoreRefusal::NoRoomToMigrate {
        path: store.to_owned(),
        folder: folder.to_owned(),
        needed: Bytes(needed),
        free: Bytes(free),
    }))
}

/// Creates a copy of the store. A file with its final name is complete and durable.
pub(super) async fn copy(
    store: &Path,
    conn: &mut SqliteConnection,
    copy: &Path,
) -> Result<(), OpenError> {
    let part = with_suffix(copy, ".part");
    let copy_error = |source: io::Error| {
        let (path, copy) = (store.to_owned(), copy.to_owned());
        OpenError::refused(StoreRefusal::MigrationCopy { path, copy, source })
    };
    std::fs::remove_file(&part).or_else(ignore_missing).map_err(copy_error)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(&part).map_err(copy_error)?;
    let Some(name) = part.to_str() else {
        let e = io::Error::new(io::ErrorKind::InvalidFilename, "its path is not UTF-8");
        return Err(copy_error(e));
    };
    let mut batch = Batch::one_off("VACUUM INTO ?");
    batch.arg(name.to_owned());
    if let Err(failure) = batch.run(conn).await {
        std::fs::remove_file(&part).ok();
        return Err(match failure {
            StoreError::Sql(e) => OpenError::fault(store, StoreFaultKind::Sql(e)),
            other => OpenError::refused(StoreRefusal::Store(Cause::new(other))),
        });
    }
    let synced = File::open(&part)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&part, copy))
        .and_then(|()| File::open(parent_folder(copy))?.sync_all());
    synced.map_err(copy_error)
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
