//! Reports when the settings file was changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// An editor writes in several steps: it has finished when no event came for this long.
const QUIET_TIME: Duration = Duration::from_millis(60);
/// A file that does not stop changing is read after this long anyway.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// Watches one settings file for changes.
#[derive(Debug)]
pub struct SettingsWatcher {
    file: PathBuf,
    /// The text that was read last; `None` if it can't be read.
    last_text: Option<String>,
    events: mpsc::UnboundedReceiver<()>,
    /// Kept alive because it watches until it is dropped.
    _watcher: RecommendedWatcher,
}

impl SettingsWatcher {
    /// Starts to watch a file. Returns `None` if that is impossible, as when its folder does not
    /// exist.
    #[must_use]
    pub fn start(file: &Path) -> Option<Self> {
        // A link may point elsewhere: then both files count.
        let mut files = BTreeSet::from([std::path::absolute(file).ok()?]);
        files.extend(file.canonicalize());
        let folders: BTreeSet<PathBuf> =
            files.iter().filter_map(|file| file.parent().map(Path::to_owned)).collect();
        let (sender, events) = mpsc::unbounded_channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let is_relevant = event.map_or(true, |event| {
                    !matches!(event.kind, EventKind::Access(_))
                        && (event.need_rescan() || event.paths.iter().any(|p| files.contains(p)))
                });
                if is_relevant {
                    // Nobody receives it when the watcher is about to end.
                    let _ = sender.send(());
                }
            })
            .ok()?;
        let watch_count = folders
            .iter()
            .filter(|folder| watcher.watch(folder, RecursiveMode::NonRecursive).is_ok())
            .count();
        (watch_count > 0).then(|| Self {
            file: file.to_owned(),
            last_text: read_text(file),
            events,
            _watcher: watcher,
        })
    }

    /// Waits until the file has another text than before. Returns whether the file exists.
    pub async fn changed(&mut self) -> bool {
        loop {
            self.wait_until_quiet().await;
            // Opening the file, and saving it without a change, cause events too.
            let current = read_text(&self.file);
            if current != self.last_text {
                self.last_text = current;
                return self.file.exists();
            }
        }
    }

    /// Waits until somebody has changed the file and has finished.
    async fn wait_until_quiet(&mut self) {
        if self.events.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        let latest = Instant::now() + MAX_DELAY;
        while Instant::now() < latest {
            match timeout_at(latest.min(Instant::now() + QUIET_TIME), self.events.recv()).await {
                Ok(Some(())) => {}
                Ok(None) | Err(_) => break,
            }
        }
    }
}

fn read_text(path: &Path) -> Option<String> {
    super::file::read(path).ok().flatten()
}
