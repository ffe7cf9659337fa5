//! Wakes listeners when the store is written, by this process or by another one.
//!
//! A write by another process is detected by watching the write-ahead log that it appends to. The
//! file itself is watched to detect that it is moved or replaced. If files can't be watched, or if
//! changes made on another machine would not be reported, the listeners poll the store.

#[cfg(target_os = "linux")]
mod files;
#[cfg(not(target_os = "linux"))]
mod folder;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

#[cfg(target_os = "linux")]
use files::FileWatch;
#[cfg(not(target_os = "linux"))]
use folder::FileWatch;

/// How often a listener checks the store if files can't be watched.
const POLL_INTERVAL: Duration = Duration::from_millis(900);

/// Delays after a write, in milliseconds, after which the store is checked again.
///
/// A process appends to the log before the transaction is visible to others, and that last step
/// changes no watched file. The repeated checks also wait for a slow disk.
const RECHECK_DELAYS_MS: [u64; 11] = [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240];

/// Types of file systems (`statfs(2)`) on which a write by another machine is not reported to this
/// one: NFS, SMB, CIFS, SMB2, 9P, FUSE, AFS, Ceph, Coda.
const REMOTE_FILE_SYSTEMS: [u32; 9] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x0102_1997,
    0x6573_5546,
    0x5346_414f,
    0x00c3_6400,
    0x7375_7245,
];

/// Watches one open store for writes, and wakes its listeners.
#[derive(Debug)]
pub(crate) struct StoreWatcher {
    file: PathBuf,
    /// The time of the last write that was noticed.
    sender: watch::Sender<Option<Instant>>,
    /// Set by the first listener, so that a single command on the command line watches nothing.
    mode: Mutex<Option<WatchMode>>,
}

#[derive(Debug)]
enum WatchMode {
    /// The operating system reports writes until the watcher is dropped.
    Notified(#[allow(dead_code, reason = "dropping it ends the watch")] FileWatch),
    Polling,
}

/// Waits for writes to one store.
pub(crate) struct StoreListener {
    receiver: watch::Receiver<Option<Instant>>,
    is_polling: bool,
    /// The index of the next delay in [`RECHECK_DELAYS_MS`], while the last write may not be
    /// visible yet.
    next_recheck: Option<usize>,
}

impl StoreWatcher {
    pub(crate) fn new(file: &Path) -> Arc<Self> {
        Arc::new(Self {
            file: file.to_owned(),
            sender: watch::Sender::new(None),
            mode: Mutex::new(None),
        })
    }

    /// Wakes the listeners after a write by this process.
    pub(crate) fn wake(&self) {
        self.sender.send_replace(Some(Instant::now()));
    }

    /// Returns a new listener. The first one starts watching the file.
    pub(crate) fn listen(&self) -> StoreListener {
        let mut mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        let mode = mode.get_or_insert_with(|| {
            let mode = self.start_file_watch().map_or(WatchMode::Polling, WatchMode::Notified);
            // A process may have appended to the log before it was watched, and commit later.
            self.wake();
            mode
        });
        let is_polling = matches!(mode, WatchMode::Polling);
        // A write just before may not be visible yet.
        let last = *self.sender.borrow();
        let all_delays = Duration::from_millis(RECHECK_DELAYS_MS.iter().sum());
        let next_recheck = last.filter(|at| at.elapsed() < all_delays).map(|_| 0);
        StoreListener { receiver: self.sender.subscribe(), is_polling, next_recheck }
    }

    fn start_file_watch(&self) -> Option<FileWatch> {
        let file = self.file.canonicalize().ok()?;
        if is_remote(file.parent()?) {
            return None;
        }
        let sender = self.sender.clone();
        FileWatch::start(&file, move || {
            sender.send_replace(Some(Instant::now()));
        })
    }
}

#[cfg(target_os = "linux")]
fn is_remote(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|stat| {
        // The width of this field differs between platforms; the magic numbers have 32 bits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "32-bit magic")]
        let kind = stat.f_type as u32;
        REMOTE_FILE_SYSTEMS.contains(&kind)
    })
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_folder: &Path) -> bool {
    false
}

impl StoreListener {
    /// Marks all writes until now as seen, so that only later ones end the next wait. Those that
    /// may not be visible yet are checked again.
    pub(crate) fn mark_seen(&mut self) {
        // An error means that the watcher was dropped, as in `wait`.
        if self.receiver.has_changed().unwrap_or(false) {
            self.next_recheck = Some(0);
        }
        self.receiver.mark_unchanged();
    }

    /// Waits until the store is written, it is time to check it again, or the deadline passes.
    pub(crate) async fn wait(&mut self, deadline: Instant) {
        let pause = match self.next_recheck {
            Some(step) => RECHECK_DELAYS_MS.get(step).copied().map(Duration::from_millis),
            None if self.is_polling => Some(POLL_INTERVAL),
            None => None,
        };
        let until = pause.map_or(deadline, |pause| deadline.min(Instant::now() + pause));
        // An error of `changed` means that the watcher was dropped. Callers stop at their deadline.
        match timeout_at(until, self.receiver.changed()).await {
            Ok(_) => {
                if self.next_recheck.is_some() {
                    // Another process writes frequently: limit how often the store is checked.
                    sleep_until(deadline.min(Instant::now() + Duration::from_millis(10))).await;
                }
                self.next_recheck = Some(0);
            }
            Err(_) => {
                self.next_recheck =
                    self.next_recheck.map(|step| step + 1).filter(|s| *s < RECHECK_DELAYS_MS.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a wait that could take an hour ends to check the store again.
    async fn is_checked_again(listener: &mut StoreListener) -> bool {
        let patience = Instant::now() + Duration::from_secs(20);
        let deadline = Instant::now() + Duration::from_hours(1);
        timeout_at(patience, listener.wait(deadline)).await.is_ok()
    }

    #[tokio::test]
    async fn write_just_before_the_wait_is_checked_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let watcher = StoreWatcher::new(&folder.path().join("store.db"));
        // Another process has written to the log but has not committed yet.
        watcher.wake();
        let mut listener = watcher.listen();
        listener.mark_seen();
        assert!(is_checked_again(&mut listener).await, "it does not wait for another write");
    }

    #[tokio::test]
    async fn write_before_the_first_listener_is_checked_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("store.db");
        std::fs::write(&store, "content").expect("a file");
        // Nobody watched the log when another process wrote to it.
        let watcher = StoreWatcher::new(&store);
        let mut listener = watcher.listen();
        listener.mark_seen();
        assert!(is_checked_again(&mut listener).await, "it does not wait for another write");
    }

    #[tokio::test]
    async fn write_between_a_wait_and_the_next_read_is_checked_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let watcher = StoreWatcher::new(&folder.path().join("store.db"));
        let mut listener = watcher.listen();
        listener.mark_seen();
        // All earlier writes are visible.
        listener.next_recheck = None;
        listener.is_polling = false;
        watcher.wake();
        listener.mark_seen();
        assert!(is_checked_again(&mut listener).await, "it does not wait for another write");
    }
}
