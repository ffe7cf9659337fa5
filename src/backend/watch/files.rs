//! Watches the files of one store by inotify(7).
//!
//! While the store and its write-ahead log exist, only these two are watched, so that nothing else in
//! their folder costs anything. The folder is watched while one of them is missing, to notice that it
//! appears.

use std::ffi::{CStr, OsStr};
use std::io::{PipeReader, PipeWriter, pipe};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::{Errno, Result as OsResult};

/// The changes of a file after which its path may name another file, or none.
const REPLACED: WatchFlags =
    WatchFlags::ATTRIB.union(WatchFlags::MOVE_SELF).union(WatchFlags::DELETE_SELF);
/// The changes of a folder after which a path in it may name another file.
const APPEARED: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::ONLYDIR);
/// How long to wait before files are watched again that can't be watched at present.
const RETRY_INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 900_000_000 };
/// The size of the buffer for events, in bytes. About 100 events fit.
const BUFFER_BYTES: usize = 4096;

/// A thread that watches the files of a store. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct FileWatch {
    #[allow(dead_code, reason = "dropping it ends the thread")]
    stop: PipeWriter,
}

impl FileWatch {
    /// Begins to watch a store. `wake` is called after each change of it or of its log, and after
    /// changes that may be one.
    ///
    /// Returns `None` if the files can't be watched.
    pub(super) fn start(file: &Path, wake: impl Fn() + Send + 'static) -> Option<Self> {
        let mut files = StoreFiles::new(file).ok()?;
        files.watch().ok()?;
        let (stopped, stop) = pipe().ok()?;
        std::thread::Builder::new()
            .name("store watch".into())
            .spawn(move || run(&mut files, &stopped, wake))
            .ok()?;
        Some(Self { stop })
    }
}

/// Reads events until the other end of `stopped` is closed.
fn run(files: &mut StoreFiles, stopped: &PipeReader, wake: impl Fn()) {
    let mut buffer = [MaybeUninit::<u8>::uninit(); BUFFER_BYTES];
    let mut is_watched = true;
    loop {
        let mut polled =
            [PollFd::new(&files.inotify, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        let timeout = (!is_watched).then_some(&RETRY_INTERVAL);
        match poll(&mut polled, timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                tracing::warn!(%error, "changes of the store are no longer noticed at once");
                return;
            }
        }
        if !polled[1].revents().is_empty() {
            return;
        }
        let is_ready = !polled[0].revents().is_empty();
        let changed = if is_ready { files.read_events(&mut buffer) } else { Change::Replaced };
        if changed == Change::Replaced {
            // Before the store is read: later writes are detected.
            is_watched = files.watch().is_ok();
        }
        if changed != Change::None {
            wake();
        }
    }
}

/// The meaning of events on the files of a store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Change {
    /// Nothing has changed.
    None,
    /// The log was written.
    Written,
    /// A path may name another file than before, or none.
    Replaced,
}

/// The files of a store, and by which watches they are watched.
struct StoreFiles {
    inotify: OwnedFd,
    store: WatchedFile,
    log: WatchedFile,
    folder: PathBuf,
    /// Set while a file is missing.
    folder_watch: Option<i32>,
}

/// A file that is watched if it exists.
struct WatchedFile {
    path: PathBuf,
    changes: WatchFlags,
    watch: Option<i32>,
}

impl WatchedFile {
    /// Watches the file that has the path now, in place of the previous one. Returns whether there
    /// is one.
    fn watch(&mut self, inotify: &OwnedFd) -> OsResult<bool> {
        let added = match inotify::add_watch(inotify, &self.path, self.changes) {
            Ok(watch) => Some(watch),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(error),
        };
        if let Some(earlier) = self.watch.filter(|earlier| Some(*earlier) != added) {
            // It fails if the file was deleted: then the watch has ended already.
            inotify::remove_watch(inotify, earlier).ok();
        }
        self.watch = added;
        Ok(added.is_some())
    }

    fn has_name(&self, name: &[u8]) -> bool {
        self.path.file_name().is_some_and(|own| own == OsStr::from_bytes(name))
    }
}

impl StoreFiles {
    fn new(file: &Path) -> OsResult<Self> {
        let folder = file.parent().ok_or(Errno::NOENT)?.to_owned();
        let mut log = file.to_owned().into_os_string();
        log.push("-wal");
        let store = WatchedFile { path: file.to_owned(), changes: REPLACED, watch: None };
        let changes = REPLACED.union(WatchFlags::MODIFY);
        let log = WatchedFile { path: log.into(), changes, watch: None };
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Self { inotify, store, log, folder, folder_watch: None })
    }

    /// Watches both files, and the folder as long as one of them is missing.
    fn watch(&mut self) -> OsResult<()> {
        loop {
            let has_store = self.store.watch(&self.inotify)?;
            let has_log = self.log.watch(&self.inotify)?;
            match self.folder_watch {
                Some(folder) if has_store && has_log => {
                    inotify::remove_watch(&self.inotify, folder).ok();
                    self.folder_watch = None;
                }
                // A file may have appeared before the folder was watched, so both are tried again.
                None if !has_store || !has_log => {
                    let folder = inotify::add_watch(&self.inotify, &self.folder, APPEARED)?;
                    self.folder_watch = Some(folder);
                    continue;
                }
                _ => {}
            }
            return Ok(());
        }
    }

    /// Reads the events that are ready, at most as many as the buffer holds, and returns the greatest
    /// change among them.
    fn read_events(&mut self, buffer: &mut [MaybeUninit<u8>]) -> Change {
        let mut greatest = Change::None;
        let mut is_folder_lost = false;
        let mut reader = Reader::new(&self.inotify, buffer);
        loop {
            let change = match reader.next() {
                Ok(event) => {
                    let (watch, flags) = (Some(event.wd()), event.events());
                    is_folder_lost |= watch == self.folder_watch
                        && flags.intersects(ReadFlags::IGNORED | ReadFlags::MOVE_SELF);
                    let name = event.file_name().map_or(&b""[..], CStr::to_bytes);
                    self.change(watch, flags, name)
                }
                Err(Errno::AGAIN) => break,
                // An error may hide a change, so it counts as one.
                Err(_) => Change::Replaced,
            };
            greatest = greatest.max(change);
            if reader.is_buffer_empty() {
                break;
            }
        }
        if let Some(folder) = self.folder_watch.filter(|_| is_folder_lost) {
            inotify::remove_watch(&self.inotify, folder).ok();
            self.folder_watch = None;
        }
        greatest
    }

    /// Returns the meaning of one event.
    fn change(&self, watch: Option<i32>, flags: ReadFlags, name: &[u8]) -> Change {
        if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            return Change::Replaced;
        }
        if watch == self.folder_watch {
            let is_own = name.is_empty() || self.store.has_name(name) || self.log.has_name(name);
            return if is_own { Change::Replaced } else { Change::None };
        }
        if watch != self.store.watch && watch != self.log.watch {
            // It was queued before its watch was removed.
            return Change::None;
        }
        if flags.contains(ReadFlags::MODIFY) { Change::Written } else { Change::Replaced }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use tempfile::{TempDir, tempdir};

    use super::*;

    /// A folder with a store and its log, which are watched.
    struct Scene {
        folder: TempDir,
        files: StoreFiles,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempdir().unwrap();
            for name in ["store.db", "store.db-wal"] {
                fs::write(folder.path().join(name), "content").unwrap();
            }
            let mut files = StoreFiles::new(&folder.path().join("store.db")).unwrap();
            files.watch().unwrap();
            Self { folder, files }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn append(&self, name: &str) {
            let mut options = fs::OpenOptions::new();
            let mut file = options.append(true).create(true).open(self.path(name)).unwrap();
            file.write_all(b"more").unwrap();
        }

        /// Returns the changes, and watches the files again where necessary.
        fn change(&mut self) -> Change {
            let mut buffer = [MaybeUninit::<u8>::uninit(); BUFFER_BYTES];
            let mut greatest = Change::None;
            while self.has_events() {
                greatest = greatest.max(self.files.read_events(&mut buffer));
            }
            if greatest == Change::Replaced {
                self.files.watch().unwrap();
            }
            greatest
        }

        fn has_events(&self) -> bool {
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            let mut polled = [PollFd::new(&self.files.inotify, PollFlags::IN)];
            poll(&mut polled, Some(&now)).unwrap() > 0
        }
    }

    #[test]
    fn only_writes_to_the_log_are_reported() {
        let mut scene = Scene::new();
        for name in ["other", "store.db-shm", "store.db"] {
            scene.append(name);
        }
        fs::rename(scene.path("other"), scene.path("third")).unwrap();
        fs::remove_file(scene.path("third")).unwrap();
        assert!(!scene.has_events(), "what others do in the folder is not even read");
        scene.append("store.db-wal");
        assert_eq!(scene.change(), Change::Written);
        assert_eq!(scene.change(), Change::None);
    }

    #[test]
    fn log_that_is_made_again_is_watched() {
        let mut scene = Scene::new();
        fs::remove_file(scene.path("store.db-wal")).unwrap();
        assert_eq!(scene.change(), Change::Replaced);
        scene.append("other");
        assert_eq!(scene.change(), Change::None);
        scene.append("store.db-wal");
        assert_eq!(scene.change(), Change::Replaced);
        scene.append("store.db-wal");
        assert_eq!(scene.change(), Change::Written);
        assert_eq!(scene.files.folder_watch, None);
    }

    #[test]
    fn store_that_is_replaced_or_moved_is_reported() {
        let mut scene = Scene::new();
        for round in 0..3 {
            scene.append("restored");
            fs::rename(scene.path("restored"), scene.path("store.db")).unwrap();
            assert_eq!(scene.change(), Change::Replaced, "round {round}");
        }
        fs::rename(scene.path("store.db"), scene.path("moved.db")).unwrap();
        assert_eq!(scene.change(), Change::Replaced);
        scene.append("moved.db");
        assert_eq!(scene.change(), Change::None);
        fs::rename(scene.path("moved.db"), scene.path("store.db")).unwrap();
        assert_eq!(scene.change(), Change::Replaced);
        fs::remove_file(scene.path("store.db")).unwrap();
        assert_eq!(scene.change(), Change::Replaced);
    }

    #[test]
    fn files_of_a_missing_folder_are_not_watched() {
        let folder = tempdir().unwrap();
        let mut files = StoreFiles::new(&folder.path().join("missing/store.db")).unwrap();
        assert_eq!(files.watch(), Err(Errno::NOENT));
    }

    #[test]
    fn watch_of_a_folder_that_was_replaced_begins_again() {
        let mut scene = Scene::new();
        let inner = scene.path("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("store.db"), "content").unwrap();
        scene.files = StoreFiles::new(&inner.join("store.db")).unwrap();
        scene.files.watch().unwrap();
        fs::rename(&inner, scene.path("earlier")).unwrap();
        fs::create_dir(&inner).unwrap();
        assert_eq!(scene.change(), Change::Replaced);
        fs::write(inner.join("store.db"), "content").unwrap();
        assert_eq!(scene.change(), Change::Replaced);
    }
}
