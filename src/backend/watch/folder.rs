//! Watches the folder of one store, on systems where single files can't be watched well.

use std::path::{Path, PathBuf};

use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Watches the files of a store until it is dropped.
#[derive(Debug)]
pub(super) struct FileWatch {
    #[allow(dead_code, reason = "dropping it ends the watch")]
    watcher: RecommendedWatcher,
}

impl FileWatch {
    /// Begins to watch a store. `wake` is called after each change of it or of its log, and after
    /// changes that may be one.
    ///
    /// Returns `None` if the files can't be watched.
    pub(super) fn start(file: &Path, wake: impl Fn() + Send + 'static) -> Option<Self> {
        let folder = file.parent()?;
        let file = file.to_owned();
        let mut log = file.clone().into_os_string();
        log.push("-wal");
        let log = PathBuf::from(log);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // An error may hide a change, so it counts as one.
                let written = event.map_or(true, |event| {
                    // Opening and closing the file is no change: readers do it too.
                    let watched_paths = match event.kind {
                        EventKind::Create(_) => [Some(&log), Some(&file)],
                        EventKind::Modify(ModifyKind::Data(_)) => [Some(&log), None],
                        EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_) => {
                            [None, Some(&file)]
                        }
                        _ => [None, None],
                    };
                    let watched_paths = watched_paths.into_iter().flatten();
                    event.need_rescan()
                        || watched_paths.into_iter().any(|p| event.paths.contains(p))
                });
                if written {
                    wake();
                }
            })
            .ok()?;
        watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
        Some(Self { watcher })
    }
}
