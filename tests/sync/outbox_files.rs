//! Files of the outbox and the cache: permissions, damage, other versions, other names.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use redphone::backend::Backend;
use redphone::sync::remote::{EntryState, Submission};

use super::fixtures::{RemoteFixture, all_sent};
use super::outbox::note;
use crate::support::remote_stub::StubMode;
use crate::support::requests::{declare, declared};
use crate::support::wait::{PATIENCE, until};

#[tokio::test]
async fn folder_and_files_are_private_to_their_owner() {
    let fixture = RemoteFixture::new().await;
    let remote = fixture.remote().await;
    let (_, declaration) = declare("Cards fail");
    remote.submit_and_wait(&declaration).await.unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&fixture.cache_folder()), 0o700);
    for entry in std::fs::read_dir(fixture.cache_folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

/// Waits until a file is no longer open.
async fn closed(path: &std::path::Path) {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = std::path::PathBuf::from(log);
    until("it is closed", async || !log.exists()).await;
}

/// Overwrites a file once it is no longer open.
async fn damage(path: &std::path::Path) {
    closed(path).await;
    std::fs::write(path, vec![7_u8; 5000]).unwrap();
}

#[tokio::test]
async fn a_damaged_outbox_is_set_aside_and_named() {
    let fixture = RemoteFixture::new().await;
    drop(fixture.remote().await);
    damage(&fixture.cache_folder().join("outbox.db")).await;
    let remote = fixture.remote().await;
    let [warning] = remote.warnings() else { panic!("{:?}", remote.warnings()) };
    assert!(
        warning.contains("what it holds was not sent") && warning.contains(".aside-"),
        "{warning}"
    );
    let aside = std::fs::read_dir(fixture.cache_folder()).unwrap().any(|entry| {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        name.starts_with("outbox.db.aside-")
    });
    assert!(aside);
    // The outbox works again.
    let (_, declaration) = declare("Cards fail");
    assert!(matches!(remote.submit_and_wait(&declaration).await.unwrap(), Submission::Done(_)));
}

#[tokio::test]
async fn damaged_outbox_is_not_moved_while_a_process_has_it_open() {
    let fixture = RemoteFixture::new().await;
    drop(fixture.remote().await);
    let path = fixture.cache_folder().join("outbox.db");
    damage(&path).await;
    let open = std::fs::File::create(fixture.cache_folder().join("outbox.db.use")).unwrap();
    rustix::fs::flock(&open, rustix::fs::FlockOperation::LockShared).unwrap();
    let why = fixture.try_remote().await.unwrap_err();
    assert!(why.contains("another redphone has it open"), "{why}");
    assert_eq!(std::fs::read(&path).unwrap(), vec![7_u8; 5000]);
    drop(open);
    let remote = fixture.remote().await;
    let [aside] = &remote.set_aside_outboxes()[..] else {
        panic!("{:?}", remote.set_aside_outboxes())
    };
    assert_eq!(std::fs::read(aside).unwrap(), vec![7_u8; 5000]);
}

#[tokio::test]
async fn newer_outbox_stays_and_a_damaged_cache_is_replaced() {
    let fixture = RemoteFixture::new().await;
    let remote = fixture.remote().await;
    let (_, declaration) = declare("Cards fail");
    fixture.stub.set_mode(StubMode::Offline);
    remote.enqueue(vec![declaration]).await.unwrap();
    drop(remote);
    damage(&fixture.cache_folder().join("kept.db")).await;
    let remote = fixture.remote().await;
    assert!(remote.warnings()[0].contains("kept.db.aside-"), "{:?}", remote.warnings());
    assert_eq!(remote.watch_outbox().borrow().pending().count(), 1, "what waits is still there");
    drop(remote);
    let later = rusqlite::Connection::open(fixture.cache_folder().join("outbox.db")).unwrap();
    later.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(later);
    // A newer program may have the file open, so it is not moved.
    let refused = |why: &str| {
        assert!(why.contains("outbox.db") && why.ends_with(": update this one"), "{why}");
    };
    refused(&fixture.try_remote().await.unwrap_err());
    refused(&fixture.try_remote().await.unwrap_err());
    let file = rusqlite::Connection::open(fixture.cache_folder().join("outbox.db")).unwrap();
    let left: i64 = file.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
    file.execute_batch("PRAGMA user_version = 2; PRAGMA application_id = 7").unwrap();
    drop(file);
    let why = fixture.try_remote().await.unwrap_err();
    assert!(why.ends_with("it belongs to another program: move it away"), "{why}");
}

#[tokio::test]
async fn entry_of_another_version_does_not_block_the_others() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let remote = fixture.remote().await;
    let sent = note(id, "sent");
    remote.submit_and_wait(&sent).await.unwrap();
    fixture.stub.set_mode(StubMode::Offline);
    let odd = note(id, "odd");
    for envelope in [odd.clone(), note(id, "good")] {
        remote.enqueue(vec![envelope]).await.unwrap();
    }
    drop(remote);
    let file = rusqlite::Connection::open(fixture.cache_folder().join("outbox.db")).unwrap();
    let change = |sql, id: redphone::model::CommandId| {
        assert_eq!(file.execute(sql, [id.as_bytes().to_vec()]).unwrap(), 1);
    };
    change("UPDATE entry SET answer = '{\"later\": 1}' WHERE id = ?", sent.id);
    change("UPDATE entry SET envelope = '{\"later\": 1}' WHERE id = ?", odd.id);
    drop(file);
    fixture.stub.set_mode(StubMode::Online);
    let remote = fixture.remote().await;
    let listing = all_sent(&remote).await;
    assert_eq!(fixture.notes(id).await, ["sent", "good"]);
    assert!(matches!(listing.get(sent.id).unwrap().state, EntryState::Sent(_)));
    let refused = listing.get(odd.id).unwrap();
    let why = refused.refusal().unwrap().to_string();
    assert!(why.contains("written by another version"), "{why}");
    assert!(refused.reason_not_to_retry().is_some());
    assert_eq!(remote.drop_entry(odd.id).await.unwrap(), 1);
    assert!(remote.watch_outbox().borrow().get(odd.id).is_none());
}

#[tokio::test]
async fn remote_opens_concurrently_on_one_thread() {
    let fixture = RemoteFixture::new().await;
    let openings = async { tokio::join!(fixture.remote(), fixture.remote(), fixture.remote()) };
    tokio::time::timeout(PATIENCE, openings).await.expect("nobody waits for ever");
}

/// The FNV-1a hash in the names of the folders.
fn hash(parts: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[tokio::test]
async fn outboxes_of_other_names_of_the_api_are_merged_and_sent() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let url = "https://redphone.example";
    let open_in = async |folder: &std::path::Path, name: &str| {
        let mut options = super::fixtures::options(folder, "ines");
        options.key.name = name.into();
        let stub = Arc::clone(&fixture.stub) as Arc<dyn Backend>;
        redphone::sync::remote::Remote::open(stub, options).await.unwrap()
    };
    let open = async |name: &str| open_in(fixture.folder.path(), name).await;
    let remotes = fixture.folder.path().join("remotes");
    std::fs::create_dir(&remotes).unwrap();
    fixture.stub.set_mode(StubMode::Offline);
    // Two folders of an earlier version, one by the host and one by a profile.
    for (name, prefix) in [("redphone.example", "redphone-example"), ("prod", "prod")] {
        let other = tempfile::TempDir::new_in(fixture.folder.path()).unwrap();
        let remote = open_in(other.path(), name).await;
        remote.enqueue(vec![note(id, name)]).await.unwrap();
        let folder = remote.outbox_file().parent().unwrap().to_owned();
        drop(remote);
        closed(&folder.join("outbox.db")).await;
        let earlier = remotes.join(format!("{prefix}-{:016x}", hash(&[name, url, "ines"])));
        std::fs::create_dir(&earlier).unwrap();
        std::fs::rename(folder.join("outbox.db"), earlier.join("outbox.db")).unwrap();
    }
    let remote = open("redphone.example").await;
    remote.enqueue(vec![note(id, "without a profile")]).await.unwrap();
    assert_eq!(remote.watch_outbox().borrow().counts().pending, 2);
    drop(remote);
    fixture.stub.set_mode(StubMode::Online);
    let remote = open("prod").await;
    remote.send_now().await.unwrap();
    all_sent(&remote).await;
    let mut notes = fixture.notes(id).await;
    notes.sort();
    assert_eq!(notes, ["prod", "redphone.example", "without a profile"]);
    drop(remote);
    // No command is moved twice.
    assert_eq!(open("prod").await.watch_outbox().borrow().counts().pending, 0);
}
