//! Outboxes in the folders of earlier versions, and of other addresses of the same store: what waits
//! in them is moved and sent once, also where a move was interrupted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redphone::backend::Backend;
use redphone::model::{Envelope, IncidentId};
use redphone::sync::remote::{Options, Remote};
use rusqlite::{Connection, params};

use super::fixtures::{RemoteFixture, all_sent, options};
use super::outbox::note;
use crate::support::remote_stub::StubMode;
use crate::support::requests::declared;
use crate::support::wait::until;

const OUTBOX_1: &str = include_str!("../../src/sync/remote/migrations/outbox_1.sql");
const OUTBOX_2: &str = include_str!("../../src/sync/remote/migrations/outbox_2.sql");

/// Makes the outbox of an earlier version.
fn old_outbox(folder: &Path) -> Connection {
    std::fs::create_dir_all(folder).unwrap();
    let file = Connection::open(folder.join("outbox.db")).unwrap();
    file.execute_batch(OUTBOX_1).unwrap();
    file.execute_batch(OUTBOX_2).unwrap();
    file.execute_batch("PRAGMA user_version = 2").unwrap();
    file
}

fn store(file: &Connection, envelope: &Envelope) {
    let text = serde_json::to_string(envelope).unwrap();
    let id = envelope.id.as_bytes().to_vec();
    let sql = "INSERT OR IGNORE INTO entry (id, chain, envelope, label, title) VALUES (?1, ?1, ?2, '', '')";
    file.execute(sql, params![id, text]).unwrap();
}

/// Records of which remote an outbox is, as this version does.
fn describe(file: &Connection, url: &str, token: &str, identity: &str) {
    file.execute("INSERT INTO address (url) VALUES (?)", [url]).unwrap();
    let put = |name: &str, value: &str| {
        file.execute("INSERT INTO about (name, value) VALUES (?, ?)", [name, value]).unwrap();
    };
    put("token", token);
    put("store", identity);
}

struct Folders {
    fixture: RemoteFixture,
    incident: IncidentId,
    options: Options,
}

impl Folders {
    async fn new() -> Self {
        let fixture = RemoteFixture::new().await;
        let incident = declared(&*fixture.store, "Cards fail").await;
        fixture.stub.use_token("0123456789ab");
        fixture.stub.authenticate_as("ines");
        let options = options(fixture.folder.path(), "ines");
        Self { fixture, incident, options }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.options.folder.join(name)
    }

    async fn open(&self) -> Arc<Remote> {
        let stub = Arc::clone(&self.fixture.stub) as Arc<dyn Backend>;
        Remote::open(stub, self.options.clone()).await.unwrap()
    }
}

#[tokio::test]
async fn commands_of_all_folders_are_sent_once() {
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let folders = Folders::new().await;
        let stub = &folders.fixture.stub;
        stub.set_mode(StubMode::Offline);
        // The folder of the account, and two addresses of the same store and token.
        let legacy = folders.options.key.folder_name();
        let files = [
            old_outbox(&folders.folder(&legacy)),
            old_outbox(&folders.folder("one")),
            old_outbox(&folders.folder("two")),
        ];
        for (file, url) in
            files[1..].iter().zip(["https://one.example", "https://redphone.example"])
        {
            let sql = include_str!("../../src/sync/remote/migrations/outbox_3.sql");
            file.execute_batch(sql).unwrap();
            file.execute_batch("PRAGMA user_version = 3").unwrap();
            describe(file, url, "0123456789ab", "the same store");
        }
        let mut expected = BTreeSet::new();
        for number in 0..random.usize(1..12) {
            let text = format!("note {number}");
            let envelope = note(folders.incident, &text);
            store(&files[random.usize(0..3)], &envelope);
            if random.bool() {
                // As a move leaves it that ended between storing and deleting.
                store(&files[random.usize(0..3)], &envelope);
            }
            expected.insert(text);
        }
        drop(files);
        for _ in 0..2 {
            let remote = folders.open().await;
            let outbox = remote.watch_outbox().borrow().clone();
            let texts: Vec<String> = outbox.pending().map(|entry| entry.text()).collect();
            assert_eq!(texts.len(), expected.len(), "seed {seed}: {texts:?}");
            assert_eq!(texts.into_iter().collect::<BTreeSet<_>>(), expected, "seed {seed}");
            assert!(remote.other_outboxes().await.iter().all(|other| !other.needs_attention()));
        }
    }
}

#[tokio::test]
async fn what_an_earlier_version_wrote_is_sent_as_its_person_alone() {
    let folders = Folders::new().await;
    let file = old_outbox(&folders.folder(&folders.options.key.folder_name()));
    store(&file, &note(folders.incident, "by ines"));
    drop(file);
    // The token is Tom's now: Ines's commands wait, and are listed with the reason.
    folders.fixture.stub.authenticate_as("tom");
    let remote = folders.open().await;
    let listing = super::fixtures::until(&remote, |listing| listing.me.is_some()).await;
    let entry = listing.pending().next().unwrap();
    let why = listing.unsendable_reason(entry).unwrap();
    assert!(why.contains("asked by ines"), "{why}");
    assert!(folders.fixture.notes(folders.incident).await.is_empty());
    remote.approve(&[entry.id]).await.unwrap();
    all_sent(&remote).await;
    assert_eq!(folders.fixture.notes(folders.incident).await, ["by ines"]);
}

#[tokio::test]
async fn outbox_in_use_is_not_emptied_under_its_process() {
    let folders = Folders::new().await;
    folders.fixture.stub.set_mode(StubMode::Offline);
    let folder = folders.folder(&folders.options.key.folder_name());
    let file = old_outbox(&folder);
    store(&file, &note(folders.incident, "waits"));
    drop(file);
    let mine = old_outbox(&folders.folder("mine"));
    mine.execute_batch(include_str!("../../src/sync/remote/migrations/outbox_3.sql")).unwrap();
    mine.execute_batch("PRAGMA user_version = 3").unwrap();
    describe(&mine, "https://redphone.example", "0123456789ab", "the same store");
    drop(mine);
    let in_use = std::fs::File::create(folder.join("outbox.db.use")).unwrap();
    rustix::fs::flock(&in_use, rustix::fs::FlockOperation::LockShared).unwrap();
    let remote = folders.open().await;
    assert_eq!(remote.watch_outbox().borrow().counts().pending, 0);
    let warnings = remote.warnings();
    assert!(warnings.iter().any(|w| w.contains("wait in other outboxes")), "{warnings:?}");
    drop((remote, in_use));
    // A process that another test starts may have the lock for a moment.
    let pending = async || folders.open().await.watch_outbox().borrow().counts().pending;
    until("it is emptied", async || pending().await == 1).await;
}
