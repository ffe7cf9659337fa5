//! A store that stays open while its file is moved, copied and replaced.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use redphone::backend::file::{FileStore, ReopeningStore, StoreFault, StoreFaultKind};
use redphone::backend::{Backend, BackendError, Cursor, Delta};
use redphone::model::directory::Directory;
use tempfile::{TempDir, tempdir};
use tokio::time::timeout;

use super::fixtures::{declared, open};

const NOW: Duration = Duration::ZERO;

fn with_suffix(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

/// Creates a store with `incidents` incidents and closes it, without sidecar files.
async fn made(path: &Path, incidents: usize) {
    let store = open(path).await;
    for index in 0..incidents {
        declared(&store, &format!("{} {index}", path.display())).await;
    }
    store.close().await;
}

async fn opened(folder: &TempDir, incidents: usize) -> (PathBuf, ReopeningStore) {
    let path = folder.path().join("store.db");
    made(&path, incidents).await;
    let lasting = ReopeningStore::new(open(&path).await);
    (path, lasting)
}

async fn all(lasting: &ReopeningStore) -> Delta {
    lasting.changes(None, NOW).await.unwrap()
}

async fn unreachable(lasting: &ReopeningStore, since: Option<Cursor>) -> String {
    match lasting.changes(since, NOW).await {
        Err(BackendError::Unreachable(said)) => said.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn missing_file_is_named_and_used_again_once_it_is_back() {
    let folder = tempdir().unwrap();
    let (path, lasting) = opened(&folder, 2).await;
    let before = all(&lasting).await.cursor;
    let away = folder.path().join("away.db");
    fs::rename(&path, &away).unwrap();
    let message = unreachable(&lasting, Some(before)).await;
    assert!(message.contains("store.db is not there"), "{message}");
    fs::rename(&away, &path).unwrap();
    let delta = lasting.changes(Some(before), NOW).await.unwrap();
    assert!(delta.reset && delta.directory, "all is told anew");
    assert_eq!(delta.rows.len(), 2);
    let quiet = lasting.changes(Some(delta.cursor), NOW).await.unwrap();
    assert!(!quiet.reset && quiet.rows.is_empty());
}

#[tokio::test]
async fn replaced_file_is_reopened_and_resynced() {
    let folder = tempdir().unwrap();
    let (path, lasting) = opened(&folder, 2).await;
    let before = all(&lasting).await.cursor;
    // The other store has a longer log, so the cursor alone would not reveal the change.
    let other = folder.path().join("other.db");
    made(&other, 5).await;
    fs::remove_file(with_suffix(&path, "-wal")).unwrap();
    fs::remove_file(with_suffix(&path, "-shm")).unwrap();
    fs::rename(&other, &path).unwrap();
    let delta = lasting.changes(Some(before), NOW).await.unwrap();
    assert!(delta.reset);
    assert_eq!(delta.rows.len(), 5);
    // Commands go to the new file.
    let store = open(&path).await;
    let id = declared(&store, "another").await;
    assert!(lasting.incident(id).await.is_ok());
}

#[tokio::test]
async fn wait_ends_when_the_file_disappears() {
    let folder = tempdir().unwrap();
    let (path, lasting) = opened(&folder, 1).await;
    let cursor = all(&lasting).await.cursor;
    let mut waiting = std::pin::pin!(lasting.changes(Some(cursor), Duration::from_mins(10)));
    let early = timeout(Duration::from_millis(100), &mut waiting).await;
    assert!(early.is_err(), "it waits while nothing changes: {early:?}");
    fs::rename(&path, folder.path().join("away.db")).unwrap();
    let waited = timeout(Duration::from_mins(1), waiting).await;
    let message = waited.expect("it does not wait to the end").unwrap_err().to_string();
    assert!(message.contains("not there"), "{message}");
}

#[tokio::test]
async fn wal_of_the_previous_file_is_never_applied_to_another() {
    let folder = tempdir().unwrap();
    let (path, lasting) = opened(&folder, 2).await;
    // A record that is only in the write-ahead log.
    let writer = open(&path).await;
    declared(&writer, "only in the log").await;
    all(&lasting).await;
    let other = folder.path().join("other.db");
    made(&other, 5).await;
    let bytes = fs::read(&other).unwrap();
    fs::rename(&other, &path).unwrap();
    let message = unreachable(&lasting, None).await;
    assert!(message.contains("store.db-wal is still that of the file before"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "it was left as it is");
    fs::remove_file(with_suffix(&path, "-wal")).unwrap();
    fs::remove_file(with_suffix(&path, "-shm")).unwrap();
    assert_eq!(all(&lasting).await.rows.len(), 5);
    drop(writer);
}

#[tokio::test]
async fn partially_copied_file_is_awaited() {
    let folder = tempdir().unwrap();
    let (path, lasting) = opened(&folder, 2).await;
    all(&lasting).await;
    let other = folder.path().join("other.db");
    made(&other, 5).await;
    let bytes = fs::read(&other).unwrap();
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(with_suffix(&path, end)).unwrap();
    }
    for part in [0, 50, 100, 5000, bytes.len() - 1] {
        fs::write(&path, &bytes[..part]).unwrap();
        let message = unreachable(&lasting, None).await;
        assert!(message.contains("not there as a whole"), "{part}: {message}");
        assert_eq!(fs::read(&path).unwrap(), bytes[..part], "nothing was made of it");
    }
    fs::write(&path, &bytes).unwrap();
    assert_eq!(all(&lasting).await.rows.len(), 5);
}

#[tokio::test]
async fn plain_file_store_never_reads_a_removed_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store: FileStore = open(&path).await;
    declared(&store, "one").await;
    fs::rename(&path, folder.path().join("away.db")).unwrap();
    let id = redphone::model::IncidentId::new();
    for error in [
        store.changes(None, NOW).await.unwrap_err(),
        store.directory().await.unwrap_err(),
        store.incident(id).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("not there"), "{error}");
        assert!(error.is_temporary());
    }
}

#[tokio::test]
async fn directory_is_not_written_to_a_file_that_was_moved_away() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let before = store.changes(None, NOW).await.unwrap().cursor;
    let away = folder.path().join("away.db");
    fs::rename(&path, &away).unwrap();
    match store.set_directory(&Directory::default()).await {
        Err(BackendError::Unreachable(cause)) => {
            let fault: &StoreFault = cause.as_error().unwrap().downcast_ref().unwrap();
            assert!(matches!(fault.kind, StoreFaultKind::Moved { replaced: false }), "{fault}");
        }
        other => panic!("{other:?}"),
    }
    fs::rename(&away, &path).unwrap();
    assert!(!store.changes(Some(before), NOW).await.unwrap().directory);
}

#[tokio::test]
async fn store_with_two_names_is_written_once_it_has_one() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    made(&path, 1).await;
    let other = folder.path().join("other.db");
    fs::hard_link(&path, &other).unwrap();
    let lasting = ReopeningStore::new(open(&path).await);
    assert!(lasting.check_write().await.is_err());
    fs::remove_file(&other).unwrap();
    lasting.check_write().await.unwrap();
    assert_eq!(all(&lasting).await.rows.len(), 1);
}
