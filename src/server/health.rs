//! Whether the server can work: whether the last write succeeded, and whether there is space for
//! the next one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::public_error::public_message;
use crate::backend::file::StoreFault;
use crate::backend::{Backend, BackendError, IngestOutcome, Outcome};

/// How long after a failed write, and how often at most, another write is tried.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);
/// How long the measured free space of the disks is reused.
const DISK_MAX_AGE: Duration = Duration::from_secs(1);
/// On a small disk, this fraction of it is enough free space.
const SMALL_DISK_PART: u64 = 20;

/// The known state of writes and disks.
pub(super) struct Health {
    backend: Arc<dyn Backend>,
    /// Files whose disks need space, besides that of the backend, by their kinds.
    files: Vec<(&'static str, PathBuf)>,
    min_free_bytes: u64,
    state: Mutex<State>,
    stopping: watch::Receiver<bool>,
}

#[derive(Debug)]
struct State {
    /// Set while the last write is one that failed.
    failure: Option<Failure>,
    last_success: Option<DateTime<Utc>>,
    /// The disks as they were last looked up.
    disks: Option<(Instant, Arc<[Disk]>)>,
    /// Whether the last check found a disk without enough space, which was logged then.
    is_short: bool,
}

#[derive(Debug)]
struct Failure {
    since: Instant,
    /// The reason, without the path of a file.
    message: String,
}

/// A file of the server and the disk that holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Disk {
    /// The kind of file: `store`, `access_log` or `log`.
    pub name: &'static str,
    /// The size of the file, in bytes.
    pub used_bytes: u64,
    /// The bytes that may still be written; `None` if unknown.
    pub free_bytes: Option<u64>,
    /// The size of the disk in bytes.
    total_bytes: u64,
}

/// The reason why the server is not ready. Displayed as a sentence that names no file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum NotReady {
    /// The last write failed.
    #[error("nothing can be written, and it is tried again: {0}")]
    WriteFailed(String),
    /// A disk is nearly full.
    #[error("the disk of the {} has {free_mib} MiB left and needs {needed_mib}: free some space", .name.replace('_', " "))]
    DiskShort {
        /// The file that the disk holds.
        name: &'static str,
        /// The space that the disk has free.
        free_mib: u64,
        /// The free space that the server needs.
        needed_mib: u64,
    },
}

impl Health {
    /// Starts with nothing known. `files` are those that the server writes, beside the backend's.
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        files: Vec<(&'static str, PathBuf)>,
        min_free_bytes: u64,
        stopping: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let state = State { failure: None, last_success: None, disks: None, is_short: false };
        Arc::new(Self { backend, files, min_free_bytes, state: Mutex::new(state), stopping })
    }

    /// Finds out whether anything can be written before the first command comes: a store may be opened that
    /// can only be read.
    pub(super) fn check_at_start(self: &Arc<Self>) {
        let (health, mut stopping) = (Arc::clone(self), self.stopping.clone());
        tokio::spawn(async move {
            tokio::select! {
                written = health.backend.check_write() => {
                    if let Some(error) = write_failure(&written) {
                        health.record_failure(error);
                    }
                }
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        });
    }

    /// Records how the commands of a group ended.
    pub(super) fn record(self: &Arc<Self>, outcomes: &[Result<Outcome, BackendError>]) {
        // A replayed or refused command has written nothing.
        if outcomes.iter().flatten().any(|outcome| !outcome.replayed) {
            self.record_success();
        } else if let Some(error) = outcomes.iter().find_map(write_failure) {
            self.record_failure(error);
        }
    }

    /// Records how the storing of a message of alerts ended.
    pub(super) fn record_alerts(self: &Arc<Self>, outcome: &Result<IngestOutcome, BackendError>) {
        // Reports that are ignored write nothing.
        let has_written = outcome.as_ref().is_ok_and(|outcome| {
            let counts = &outcome.alerts;
            counts.received > counts.ignored.saturating_add(counts.unstored)
        });
        match write_failure(outcome) {
            Some(error) => self.record_failure(error),
            None if has_written => self.record_success(),
            None => {}
        }
    }

    /// Returns when something was last written; `None` before the first time.
    pub(super) fn last_success(&self) -> Option<DateTime<Utc>> {
        self.state().last_success
    }

    /// Checks that the last write succeeded, and that each disk has space.
    pub(super) async fn check(&self) -> Result<(), NotReady> {
        if let Some(failure) = &self.state().failure {
            return Err(NotReady::WriteFailed(failure.message.clone()));
        }
        let disks = self.disks().await;
        let short = disks.iter().find_map(|disk| self.shortage(disk));
        let mut state = self.state();
        let was_short = std::mem::replace(&mut state.is_short, short.is_some());
        drop(state);
        match short {
            Some(short) => {
                if !was_short {
                    tracing::warn!("not ready: {short}");
                }
                Err(short)
            }
            None => Ok(()),
        }
    }

    /// Returns the files of the server and their disks.
    pub(super) async fn disks(&self) -> Arc<[Disk]> {
        if let Some((at, disks)) = &self.state().disks
            && at.elapsed() < DISK_MAX_AGE
        {
            return Arc::clone(disks);
        }
        let storage = self.backend.storage().await;
        let files = self.files.clone();
        // A disk of another machine may answer late.
        let read = move || {
            let store = storage.map(|store| Disk::read("store", &store.path, store.bytes));
            let others = files.iter().map(|(name, path)| {
                let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
                Disk::read(name, path, bytes)
            });
            store.into_iter().chain(others).collect::<Arc<[Disk]>>()
        };
        let disks = tokio::task::spawn_blocking(read).await.unwrap_or_default();
        self.state().disks = Some((Instant::now(), Arc::clone(&disks)));
        disks
    }

    fn shortage(&self, disk: &Disk) -> Option<NotReady> {
        const MIB: u64 = 1024 * 1024;
        let needed = self.min_free_bytes.min(disk.total_bytes / SMALL_DISK_PART);
        let free = disk.free_bytes.filter(|free| *free < needed)?;
        let (free_mib, needed_mib) = (free / MIB, needed.div_ceil(MIB));
        Some(NotReady::DiskShort { name: disk.name, free_mib, needed_mib })
    }

    fn record_success(&self) {
        let mut state = self.state();
        state.last_success = Some(Utc::now());
        if let Some(failure) = state.failure.take() {
            drop(state);
            let seconds = failure.since.elapsed().as_secs();
            tracing::warn!("writing works again, after {seconds} s in which it did not");
        }
    }

    /// Records a failed write. Tries to write from time to time until it succeeds.
    fn record_failure(self: &Arc<Self>, error: &BackendError) {
        let message = public_message(error).unwrap_or_else(|| error.to_string());
        let mut state = self.state();
        if let Some(failure) = &mut state.failure {
            failure.message = message;
            return;
        }
        state.failure = Some(Failure { since: Instant::now(), message });
        drop(state);
        tracing::warn!("not ready, as nothing can be written: {error}");
        let (health, mut stopping) = (Arc::clone(self), self.stopping.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = health.probe() => {}
                // An error means that the sender was dropped, so that the server has stopped.
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        });
    }

    /// Writes something that changes nothing, until that or a command succeeds.
    async fn probe(&self) {
        while self.state().failure.is_some() {
            tokio::time::sleep(PROBE_INTERVAL).await;
            match self.backend.check_write().await {
                Ok(()) => self.record_success(),
                Err(error) => {
                    let message = public_message(&error).unwrap_or_else(|| error.to_string());
                    if let Some(failure) = &mut self.state().failure {
                        failure.message = message;
                    }
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the error of a command if it means that writing is impossible.
fn write_failure<T>(outcome: &Result<T, BackendError>) -> Option<&BackendError> {
    let error = outcome.as_ref().err()?;
    let fault = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    let stops_writes = match fault {
        Some(fault) => StoreFault::stops_writes(fault),
        None => matches!(error, BackendError::Unreachable(_)),
    };
    stops_writes.then_some(error)
}

impl Disk {
    /// Looks up the disk of a file, or of the folder where it will be.
    fn read(name: &'static str, path: &Path, used_bytes: u64) -> Self {
        let space = path.ancestors().find_map(|path| {
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            rustix::fs::statvfs(path).ok()
        });
        let bytes = |blocks: u64, size: u64| blocks.saturating_mul(size);
        Self {
            name,
            used_bytes,
            free_bytes: space.as_ref().map(|space| bytes(space.f_bavail, space.f_frsize)),
            total_bytes: space.map_or(0, |space| bytes(space.f_blocks, space.f_frsize)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::file::{FileStore, MigrationObserver, Options};
    use crate::model::Rules;
    use crate::model::directory::Directory;

    async fn health(folder: &Path, min_free_bytes: u64) -> Arc<Health> {
        let options = Options {
            name: "local".into(),
            rules: Rules::default(),
            overlay: Directory::default(),
            overlay_file: None,
            create: true,
            lock_timeout: Duration::from_millis(10),
            migration: MigrationObserver::default(),
            clock: crate::backend::file::StoreClock::default(),
        };
        let store = FileStore::open(&folder.join("store.db"), options).await.unwrap();
        let (_, stopping) = watch::channel(false);
        let files = vec![("access_log", folder.join("missing/access.log"))];
        Health::new(Arc::new(store), files, min_free_bytes, stopping)
    }

    #[tokio::test]
    async fn each_file_has_its_size_and_the_free_space_of_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let disks = health(folder.path(), 0).await.disks().await;
        let names: Vec<_> = disks.iter().map(|disk| disk.name).collect();
        assert_eq!(names, ["store", "access_log"]);
        assert!(disks[0].used_bytes > 4096 && disks[1].used_bytes == 0, "{disks:?}");
        assert!(disks.iter().all(|disk| disk.free_bytes.is_some()), "{disks:?}");
    }

    #[tokio::test]
    async fn nearly_full_disk_is_named_by_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let health = health(folder.path(), 64 << 20).await;
        let disk = |free: u64, total: u64| {
            let disk = Disk {
                name: "access_log",
                used_bytes: 0,
                free_bytes: Some(free),
                total_bytes: total,
            };
            health.shortage(&disk).map(|short| short.to_string())
        };
        let short = disk(3 << 20, 1 << 40).unwrap();
        let expected = "the disk of the access log has 3 MiB left and needs 64: free some space";
        assert_eq!(short, expected);
        assert_eq!(disk(64 << 20, 1 << 40), None);
        // A small disk needs less of it.
        assert_eq!(disk(2 << 20, 32 << 20), None);
        assert!(disk(0, 2 << 20).is_some());
    }

    #[test]
    fn only_faults_of_every_write_count() {
        use crate::backend::file::{Panicked, StoreFaultKind as Kind};

        let counts = |error: BackendError| write_failure::<()>(&Err(error)).is_some();
        let fault = |kind| {
            let path = "/var/lib/store.db".into();
            BackendError::from(StoreFault { path, kind })
        };
        assert!(counts(fault(Kind::Moved { replaced: false })));
        assert!(counts(fault(Kind::Sql(sqlx::Error::Io(std::io::ErrorKind::Other.into())))));
        assert!(counts(BackendError::Unreachable("no answer".into())));
        assert!(!counts(fault(Kind::Panicked(Panicked { advice: "send it again" }))));
        assert!(!counts(fault(Kind::Damaged("a record".into()))));
        assert!(!counts(BackendError::NotFound("no".into())));
        assert!(!counts(BackendError::Limited { until: Utc::now() }));
    }
}
