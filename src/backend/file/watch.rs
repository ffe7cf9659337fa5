//! Tells when the store has been written to, by this process or by another.
//!
//! Another process is noticed by the write-ahead log that it appends to, and the file itself when it
//! is moved away or replaced. Where files can't be watched, or changes made on another machine would not show, the store is asked every so often.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How often the store is asked where nothing tells.
const POLL_INTERVAL: Duration = Duration::from_millis(900);

/// The log is written before what it says counts, and nothing tells of that last step: after a
/// write the store is asked again after these pauses, so that a slow disk is waited for.
const RECHECK_DELAYS_MS: [u64; 9] = [10, 20, 40, 80, 160, 320, 640, 1280, 2560];

/// Kinds of file systems on which another machine may write without this one being told
/// (`statfs(2)`): NFS, SMB, CIFS, SMB2, 9P, FUSE, AFS, Ceph, Coda.
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

/// The bell of one open store.
#[derive(Debug)]
pub(crate) struct StoreWatcher {
    file: PathBuf,
    /// When it rang last.
    sender: watch::Sender<Option<Instant>>,
    /// Begun by the first who waits: one command on the command line watches nothing.
    mode: Mutex<Option<WatchMode>>,
}

#[derive(Debug)]
enum WatchMode {
    /// Held for what it does until it is dropped.
    Notified(#[allow(dead_code, reason = "dropping it ends the watch")] RecommendedWatcher),
    Polling,
}

/// Waits for the bell.
pub(crate) struct StoreListener {
    receiver: watch::Receiver<Option<Instant>>,
    is_polling: bool,
    /// The next pause of [`AGAIN_MS`], while a write may not count yet.
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

    /// Something was written by this process.
    pub(crate) fn wake(&self) {
        self.sender.send_replace(Some(Instant::now()));
    }

    /// For somebody who wants to wait.
    pub(crate) fn listen(&self) -> StoreListener {
        let mut watcher = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        let watching = watcher.get_or_insert_with(|| match self.start_file_watch() {
            Some(watcher) => WatchMode::Notified(watcher),
            None => WatchMode::Polling,
        });
        let asking = matches!(watching, WatchMode::Polling);
        // What it rang for just before may not count yet.
        let last = *self.sender.borrow();
        let pauses = Duration::from_millis(RECHECK_DELAYS_MS.iter().sum());
        let again = last.filter(|at| at.elapsed() < pauses).map(|_| 0);
        StoreListener { receiver: self.sender.subscribe(), is_polling: asking, next_recheck: again }
    }

    fn start_file_watch(&self) -> Option<RecommendedWatcher> {
        let file = self.file.canonicalize().ok()?;
        let folder = file.parent()?.to_owned();
        if is_remote(&folder) {
            return None;
        }
        let mut log = file.clone().into_os_string();
        log.push("-wal");
        let log = PathBuf::from(log);
        let sender = self.sender.clone();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // An error may have swallowed a change.
                let written = event.map_or(true, |event| {
                    // Opening and closing, which readers do too, is no change.
                    let about = match event.kind {
                        EventKind::Create(_) => [Some(&log), Some(&file)],
                        EventKind::Modify(ModifyKind::Data(_)) => [Some(&log), None],
                        EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_) => {
                            [None, Some(&file)]
                        }
                        _ => [None, None],
                    };
                    let about = about.into_iter().flatten();
                    event.need_rescan() || about.into_iter().any(|p| event.paths.contains(p))
                });
                if written {
                    sender.send_replace(Some(Instant::now()));
                }
            })
            .ok()?;
        watcher.watch(&folder, RecursiveMode::NonRecursive).ok()?;
        Some(watcher)
    }
}

#[cfg(target_os = "linux")]
fn is_remote(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|found| {
        // The width of this field differs between platforms; the magic numbers have 32 bits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "32-bit magic")]
        let kind = found.f_type as u32;
        REMOTE_FILE_SYSTEMS.contains(&kind)
    })
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_folder: &Path) -> bool {
    false
}

impl StoreListener {
    /// What was told until now counts as known.
    pub(crate) fn mark_seen(&mut self) {
        self.receiver.mark_unchanged();
    }

    /// Waits until something was written, or it is time to ask again, or the deadline.
    pub(crate) async fn wait(&mut self, deadline: Instant) {
        let pause = match self.next_recheck {
            Some(step) => RECHECK_DELAYS_MS.get(step).copied().map(Duration::from_millis),
            None if self.is_polling => Some(POLL_INTERVAL),
            None => None,
        };
        let until = pause.map_or(deadline, |pause| deadline.min(Instant::now() + pause));
        // A bell that is gone can't ring; then the deadline ends the wait.
        match timeout_at(until, self.receiver.changed()).await {
            Ok(_) => {
                if self.next_recheck.is_some() {
                    // Somebody writes a lot: now and then is often enough.
                    sleep_until(deadline.min(Instant::now() + Duration::from_millis(10))).await;
                }
                self.next_recheck = Some(0);
            }
            Err(_) => {
                self.next_recheck =
                    self.next_recheck.map(|step| step + 1).filter(|s| *s < RECHECK_DELAYS_MS.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_just_before_the_wait_is_asked_for_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let bell = StoreWatcher::new(&folder.path().join("store.db"));
        let far = Instant::now() + Duration::from_hours(1);
        // Another process has written its log, but has not committed yet.
        bell.wake();
        let mut signal = bell.listen();
        signal.mark_seen();
        let told = timeout_at(Instant::now() + Duration::from_secs(20), signal.wait(far)).await;
        assert!(told.is_ok(), "it does not wait for another write");
    }
}
