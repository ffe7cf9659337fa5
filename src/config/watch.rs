//! Tells when the settings file was changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// An editor writes in several steps: it has finished when nothing was told for so long.
const QUIET_TIME: Duration = Duration::from_millis(60);
/// A file that never rests is read anyway.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// Watches one file.
#[derive(Debug)]
pub struct SettingsWatcher {
    file: PathBuf,
    /// What was read last; `None` where it can't be read.
    last_text: Option<String>,
    events: mpsc::UnboundedReceiver<()>,
    /// Held for what it does until it is dropped.
    _watcher: RecommendedWatcher,
}

impl SettingsWatcher {
    /// Begins. `None` where it can't be watched, as when its folder does not exist.
    #[must_use]
    pub fn start(file: &Path) -> Option<Self> {
        // A link may point elsewhere: then both places count.
        let mut files = BTreeSet::from([std::path::absolute(file).ok()?]);
        files.extend(file.canonicalize());
        let folders: BTreeSet<PathBuf> =
            files.iter().filter_map(|file| file.parent().map(Path::to_owned)).collect();
        let (sender, told) = mpsc::unbounded_channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let ours = event.map_or(true, |event| {
                    !matches!(event.kind, EventKind::Access(_))
                        && (event.need_rescan() || event.paths.iter().any(|p| files.contains(p)))
                });
                if ours {
                    // Nobody listens any more: the watch is about to end.
                    let _ = sender.send(());
                }
            })
            .ok()?;
        let places = folders
            .iter()
            .filter(|folder| watcher.watch(folder, RecursiveMode::NonRecursive).is_ok())
            .count();
        (places > 0).then(|| Self {
            file: file.to_owned(),
            last_text: read_text(file),
            events: told,
            _watcher: watcher,
        })
    }

    /// Waits until it says something else than before; gives whether it is there.
    pub async fn changed(&mut self) -> bool {
        loop {
            self.wait_until_quiet().await;
            // Opening it, and saving it without a change, are told too.
            let now = read_text(&self.file);
            if now != self.last_text {
                self.last_text = now;
                return self.file.exists();
            }
        }
    }

    /// Waits until somebody was at it and has finished.
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
