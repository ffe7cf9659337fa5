//! Reports when the settings file was changed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::files::FileStamp;

/// An editor writes in several steps: it has finished when no event came for this long.
const QUIET_TIME: Duration = Duration::from_millis(60);
/// How long to wait at most for a file that keeps changing.
const MAX_DELAY: Duration = Duration::from_secs(1);
/// How often the file is checked without an event: a folder on its path may have been created or
/// replaced, or its file system may report nothing. Each check wakes an idle program.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// The most links that are followed on the way to the file, as on Linux.
const MAX_LINKS: usize = 40;

/// Watches one settings file for changes.
#[derive(Debug)]
pub struct SettingsWatcher {
    file: PathBuf,
    /// The text that was read last; `None` if it can't be read.
    last_text: Option<String>,
    last_stamp: Option<FileStamp>,
    events: mpsc::UnboundedReceiver<()>,
    /// The file and the links on the way to it.
    paths: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// The folders that are watched.
    folders: BTreeSet<PathBuf>,
    /// `None` where the system can't watch files.
    watcher: Option<RecommendedWatcher>,
}

impl SettingsWatcher {
    /// Starts to watch a file. Returns `None` if its path can't be completed to an absolute one.
    #[must_use]
    pub fn start(file: &Path) -> Option<Self> {
        let file = std::path::absolute(file).ok()?;
        let paths = Arc::new(Mutex::new(BTreeSet::new()));
        let (sender, events) = mpsc::unbounded_channel();
        let relevant = Arc::clone(&paths);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_relevant = event.map_or(true, |event| {
                let paths = relevant.lock().unwrap_or_else(PoisonError::into_inner);
                !matches!(event.kind, EventKind::Access(_))
                    && (event.need_rescan() || event.paths.iter().any(|p| paths.contains(p)))
            });
            if is_relevant {
                // Nobody receives it when the watcher is about to end.
                let _ = sender.send(());
            }
        });
        let mut this = Self {
            last_text: read_text(&file),
            last_stamp: FileStamp::read(&file),
            file,
            events,
            paths,
            folders: BTreeSet::new(),
            watcher: watcher.ok(),
        };
        this.follow_links();
        Some(this)
    }

    /// Waits until the file has another text than before. Returns whether the file exists.
    pub async fn changed(&mut self) -> bool {
        loop {
            let has_event = self.wait_until_quiet().await;
            let stamp = FileStamp::read(&self.file);
            if !has_event && stamp == self.last_stamp {
                continue;
            }
            self.last_stamp = stamp;
            // A link on the way may lead elsewhere now, where the next change will be.
            self.follow_links();
            // Opening the file, and saving it without a change, cause events too.
            let current = read_text(&self.file);
            if current != self.last_text {
                self.last_text = current;
                return self.file.exists();
            }
        }
    }

    /// Watches the folders of the file and of each link on its path, and no others.
    fn follow_links(&mut self) {
        let paths = links_and_target(&self.file);
        let folders: BTreeSet<PathBuf> =
            paths.iter().filter_map(|path| path.parent().map(Path::to_owned)).collect();
        *self.paths.lock().unwrap_or_else(PoisonError::into_inner) = paths;
        let Some(watcher) = &mut self.watcher else { return };
        for folder in self.folders.difference(&folders) {
            // It may be removed, and its watch with it.
            watcher.unwatch(folder).ok();
        }
        // A folder that can't be watched is checked from time to time.
        self.folders = folders
            .into_iter()
            .filter(|folder| {
                self.folders.contains(folder)
                    || watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
            })
            .collect();
    }

    /// Waits until a change of the file is complete, or until it must be checked. Returns whether
    /// there was an event.
    async fn wait_until_quiet(&mut self) -> bool {
        // An error means that there is no watcher.
        match timeout(POLL_INTERVAL, self.events.recv()).await {
            Ok(None) => {
                tokio::time::sleep(POLL_INTERVAL).await;
                return false;
            }
            Err(_) if FileStamp::read(&self.file) == self.last_stamp => return false,
            Ok(Some(())) | Err(_) => {}
        }
        let latest = Instant::now() + MAX_DELAY;
        while Instant::now() < latest {
            match timeout_at(latest.min(Instant::now() + QUIET_TIME), self.events.recv()).await {
                Ok(Some(())) => {}
                Ok(None) | Err(_) => break,
            }
        }
        true
    }
}

/// Returns the links on the way to a file, folders among them, and where the way ends.
fn links_and_target(file: &Path) -> BTreeSet<PathBuf> {
    let steps = |path: &Path| -> Vec<OsString> {
        path.components().rev().map(|step| step.as_os_str().to_owned()).collect()
    };
    let (mut found, mut links) = (BTreeSet::new(), 0);
    let (mut current, mut pending) = (PathBuf::new(), steps(file));
    while let Some(step) = pending.pop() {
        if matches!(Path::new(&step).components().next(), Some(Component::ParentDir)) {
            current.pop();
            continue;
        }
        // The root replaces the path before it.
        let path = current.join(step);
        match std::fs::read_link(&path) {
            Ok(to) if links < MAX_LINKS => {
                links += 1;
                found.insert(path);
                pending.extend(steps(&to));
            }
            _ => current = path,
        }
    }
    found.insert(current);
    found
}

fn read_text(path: &Path) -> Option<String> {
    super::file::read(path).ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// How long the detection of a change may take. It takes less than a second; the limit is for a
    /// machine that is busy with other work.
    const PATIENCE: Duration = Duration::from_secs(30);

    async fn sees_a_change(watcher: &mut SettingsWatcher) -> bool {
        timeout(PATIENCE, watcher.changed()).await.expect("the change is seen")
    }

    /// Writes a version of the settings, and changes the target of the link `data` as Kubernetes
    /// does: the previous version is removed.
    fn publish(folder: &Path, version: u32) {
        let new = folder.join(format!("v{version}"));
        fs::create_dir(&new).unwrap();
        fs::write(new.join("config.toml"), format!("# {version}")).unwrap();
        symlink(format!("v{version}"), folder.join("data_tmp")).unwrap();
        fs::rename(folder.join("data_tmp"), folder.join("data")).unwrap();
        fs::remove_dir_all(folder.join(format!("v{}", version - 1))).ok();
    }

    #[tokio::test]
    async fn each_swap_of_a_linked_folder_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        publish(folder.path(), 1);
        // The file is a link into the folder, as in a ConfigMap, or only its folder is a link.
        let file = folder.path().join("config.toml");
        symlink("data/config.toml", &file).unwrap();
        for path in [file, folder.path().join("data/config.toml")] {
            let next = 1 + fs::read_dir(folder.path())
                .unwrap()
                .filter_map(|entry| {
                    let name = entry.unwrap().file_name().into_string().unwrap();
                    name.strip_prefix('v')?.parse::<u32>().ok()
                })
                .max()
                .unwrap();
            let mut watcher = SettingsWatcher::start(&path).unwrap();
            for version in next..next + 4 {
                publish(folder.path(), version);
                assert!(sees_a_change(&mut watcher).await);
                assert_eq!(watcher.last_text, Some(format!("# {version}")));
            }
            assert!(watcher.folders.len() <= 3, "{:?}", watcher.folders);
        }
    }

    #[tokio::test]
    async fn link_that_leads_elsewhere_is_followed_to_the_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["one", "two"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("x.toml"), format!("# {name}")).unwrap();
        }
        symlink(path("one/x.toml"), path("config.toml")).unwrap();
        let mut watcher = SettingsWatcher::start(&path("config.toml")).unwrap();
        symlink(path("two/x.toml"), path("new")).unwrap();
        fs::rename(path("new"), path("config.toml")).unwrap();
        assert!(sees_a_change(&mut watcher).await);
        fs::write(path("two/x.toml"), "# three").unwrap();
        assert!(sees_a_change(&mut watcher).await);
        assert_eq!(watcher.last_text.as_deref(), Some("# three"));
        fs::remove_file(path("two/x.toml")).unwrap();
        assert!(!sees_a_change(&mut watcher).await);
    }

    #[tokio::test]
    async fn folder_that_is_replaced_by_another_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["conf", "next"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("config.toml"), format!("# {name}")).unwrap();
        }
        let mut watcher = SettingsWatcher::start(&path("conf/config.toml")).unwrap();
        fs::rename(path("conf"), path("old")).unwrap();
        fs::rename(path("next"), path("conf")).unwrap();
        // Both renames may be detected, or only the last.
        while !sees_a_change(&mut watcher).await {}
        assert_eq!(watcher.last_text.as_deref(), Some("# next"));
        fs::write(path("conf/config.toml"), "# again").unwrap();
        assert!(sees_a_change(&mut watcher).await);
    }
}
