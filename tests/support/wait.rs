//! Waiting for events, with a deadline that only a hang can reach.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// The one deadline of all tests, much longer than anything takes on a machine that is busy with other
/// tests. A wait that takes longer is considered a hang.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// The interval at which a condition without an event is polled.
const INTERVAL: Duration = Duration::from_millis(5);

/// Waits until a condition holds.
#[track_caller]
pub fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) -> impl Future<Output = ()> {
    let waiting = async move {
        while !holds().await {
            sleep(INTERVAL).await;
        }
    };
    let location = std::panic::Location::caller();
    async move {
        let done = timeout(PATIENCE, waiting).await;
        assert!(done.is_ok(), "{location}: it does not come about that {what}");
    }
}

/// Waits until a condition holds, on a thread without a runtime.
#[track_caller]
pub fn until_blocking(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(std::time::Instant::now() < deadline, "it does not come about that {what}");
        std::thread::sleep(INTERVAL);
    }
}

/// Waits until this process watches a folder, so that it waits for changes of a store in it.
/// Returns after 2 s if the system does not list watches or files can't be watched.
pub async fn until_watched(folder: &Path) {
    let inode = format!(" ino:{:x} ", std::fs::metadata(folder).expect("a folder").ino());
    let watched = async {
        while !is_watched(&inode) {
            sleep(INTERVAL).await;
        }
    };
    let _ = timeout(Duration::from_secs(2), watched).await;
}

/// Returns whether an inotify watch of this process is on an inode.
fn is_watched(inode: &str) -> bool {
    let files = std::fs::read_dir("/proc/self/fdinfo").into_iter().flatten();
    // A file descriptor may be closed meanwhile.
    files.flatten().any(|file| {
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        text.lines().any(|line| line.starts_with("inotify ") && line.contains(inode))
    })
}
