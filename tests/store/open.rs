//! Which files can be opened as a store, and the errors for all others.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use redphone::backend::file::{FileStore, OpenError, Options, StoreFault, StoreFaultKind};
use redphone::backend::{Backend, BackendError};
use redphone::model::IncidentCommand;
use rstest::rstest;
use rusqlite::Connection;
use std::time::Duration;
use tempfile::tempdir;

use super::fixtures::{ask, declared, open, open_impatient, options, refused};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn new_store_is_private_to_its_owner() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("redphone").join("deep").join("store.db");
    let store = open(&path).await;
    declared(&store, "secret").await;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(path.parent().unwrap().parent().unwrap()), 0o700);
    for end in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(end);
        assert_eq!(mode(Path::new(&name)), 0o600, "{name:?}");
    }
}

#[tokio::test]
async fn existing_folder_retains_its_mode() {
    let folder = tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    open(&folder.path().join("store.db")).await;
    assert_eq!(mode(folder.path()), 0o755);
}

#[tokio::test]
async fn missing_store_is_created_only_on_request() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let error = FileStore::open(&path, Options { create: false, ..options() }).await.unwrap_err();
    assert!(matches!(error, OpenError::Missing(_)));
    assert!(error.to_string().contains("store.db does not exist"), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_folder_is_refused() {
    let folder = tempdir().unwrap();
    let message = refused(folder.path()).await;
    assert!(message.contains("is a folder: name a file in it"), "{message}");
}

#[tokio::test]
async fn a_path_under_a_file_is_refused() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    let message = refused(&folder.path().join("file").join("store.db")).await;
    assert!(message.contains("not a folder"), "{message}");
}

#[tokio::test]
async fn file_that_is_not_sqlite_is_refused_and_unchanged() {
    let folder = tempdir().unwrap();
    for content in ["hello", "a much longer text than a header of SQLite would be, by far"] {
        let path = folder.path().join("notes.txt");
        fs::write(&path, content).unwrap();
        let message = refused(&path).await;
        assert!(message.contains("notes.txt is not a redphone store"), "{message}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[tokio::test]
async fn file_of_another_program_is_refused_and_unchanged() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("other.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    let message = refused(&path).await;
    assert!(message.contains("belongs to another program"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    open(&path).await.close().await;
    let file = Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    file.execute("UPDATE meta SET value = 99 WHERE name = 'needed_to_read'", []).unwrap();
    let message = refused(&path).await;
    assert!(message.contains("newer redphone") && message.contains("99"), "{message}");
}

/// A later version has changed the schema, and defines who may still read and write the store.
#[rstest]
#[case(98, 2, true)]
#[case(98, 98, false)]
#[case(5, 98, false)]
#[tokio::test]
async fn store_of_a_later_version_is_used_as_far_as_it_allows(
    #[case] version: i64,
    #[case] needed_to_write: i64,
    #[case] is_writable: bool,
) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "Cards fail").await;
    store.close().await;
    let file = Connection::open(&path).unwrap();
    if version == 98 {
        file.pragma_update(None, "user_version", version).unwrap();
        file.execute_batch("CREATE TABLE pigeon (id INTEGER PRIMARY KEY)").unwrap();
    }
    let sql = "UPDATE meta SET value = ?1 WHERE name = 'needed_to_write'";
    file.execute(sql, [needed_to_write]).unwrap();
    drop(file);
    let store = open(&path).await;
    assert_eq!(store.is_read_only(), !is_writable);
    assert_eq!(store.incident(id).await.unwrap().incident.summary.title, "Cards fail");
    let noted = store.execute(&ask(id, IncidentCommand::AddNote { text: "n".into() })).await;
    match noted {
        Ok(_) => assert!(is_writable),
        Err(error) => {
            let message = error.to_string();
            assert!(!is_writable && message.contains("update redphone"), "{message}");
        }
    }
    store.close().await;
    let rebuilt = redphone::backend::file::doctor::rebuild(&path).await;
    assert_eq!(rebuilt.is_ok(), is_writable, "{rebuilt:?}");
    let header = super::fixtures::exported(&open(&path).await).await.swap_remove(0);
    assert!(header.contains(&format!("\"needed_to_write\":{needed_to_write}")), "{header}");
}

#[tokio::test]
async fn export_of_a_later_version_makes_a_new_store_read_only() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let header =
        |needed_to_write| redphone::backend::record::Record::header(Some(needed_to_write), None);
    let store = open(&path).await;
    super::fixtures::import(&store, &[header(2)]).await;
    store.close().await;
    let store = open(&path).await;
    assert!(!store.is_read_only());
    super::fixtures::import(&store, &[header(77)]).await;
    store.close().await;
    assert!(open(&path).await.is_read_only());

    let path = folder.path().join("used.db");
    let store = open(&path).await;
    declared(&store, "Cards fail").await;
    let mut importer = store.importer().await.unwrap();
    let error = importer.add(header(77)).await.unwrap_err();
    assert!(error.to_string().contains("into a new store"), "{error}");
    drop(importer);
    declared(&store, "goes on").await;
}

#[tokio::test]
async fn a_file_or_folder_that_cannot_be_written_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    open(&path).await.close().await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    if fs::OpenOptions::new().write(true).open(&path).is_ok() {
        // Root can write any file, so this test uses /proc, which even root can't write.
        let message = refused(Path::new("/proc/redphone-store.db")).await;
        assert!(message.contains("can't be made"), "{message}");
        return;
    }
    let message = refused(&path).await;
    assert!(message.contains("is read-only: make it writable"), "{message}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let message = refused(&path).await;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(message.contains("make the folder writable"), "{message}");
}

#[tokio::test]
async fn locked_store_is_reported_after_a_wait() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open_impatient(&path).await;
    let id = declared(&store, "locked").await;
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let acknowledge = ask(id, IncidentCommand::Acknowledge);
    let error = store.execute(&acknowledge).await.unwrap_err();
    assert!(matches!(error, BackendError::Unreachable(_)), "{error:?}");
    assert!(error.is_temporary());
    assert!(error.to_string().contains("locked by another process"), "{error}");
    // It stays a fault of the store, with SQLite's own error as its source.
    let fault: &StoreFault = error.source().unwrap().downcast_ref().unwrap();
    assert!(matches!(fault.kind, StoreFaultKind::Sql(_)) && fault.path == path, "{fault:?}");
    assert!(fault.source().unwrap().is::<sqlx::Error>(), "{fault:?}");
    // Reading still works, and so does writing once the lock is released.
    assert_eq!(store.incident(id).await.unwrap().incident.summary.seq, 1);
    other.execute_batch("ROLLBACK").unwrap();
    assert!(!store.execute(&acknowledge).await.unwrap().replayed);
}

#[tokio::test]
async fn lock_that_is_released_in_time_is_only_awaited() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "locked").await;
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let acknowledge = ask(id, IncidentCommand::Acknowledge);
    let mut executing = std::pin::pin!(store.execute(&acknowledge));
    let waited = tokio::time::timeout(Duration::from_millis(300), &mut executing).await;
    assert!(waited.is_err(), "it waits for the lock: {waited:?}");
    other.execute_batch("ROLLBACK").unwrap();
    executing.await.unwrap();
}

#[tokio::test]
async fn many_processes_can_open_a_new_store_at_once() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let opened =
        futures_util::future::join_all((0..6).map(|_| FileStore::open(&path, options()))).await;
    for store in opened {
        declared(&store.unwrap(), "from all of them").await;
    }
    assert_eq!(open(&path).await.changes(None, Duration::ZERO).await.unwrap().rows.len(), 6);
}
