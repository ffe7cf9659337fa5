//! A store, a stub of the network before it, and the local cache of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redphone::backend::file::{FileStore, Options as StoreOptions};
use redphone::backend::{Backend, TimelineRange};
use redphone::model::{Event, EventBody, IncidentId, Rules};
use redphone::sync::remote::{Options, OutboxSnapshot, Remote, RemoteKey};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::remote_stub::RemoteStub;
use crate::support::store as stores;
use crate::support::wait::PATIENCE;

pub struct RemoteFixture {
    pub store: Arc<FileStore>,
    pub stub: Arc<RemoteStub>,
    pub folder: TempDir,
}

pub async fn store_at(path: &Path) -> FileStore {
    let options = StoreOptions { name: "prod".into(), ..stores::options() };
    FileStore::open(path, options).await.unwrap()
}

pub fn options(folder: &Path, who: &str) -> Options {
    Options {
        key: RemoteKey {
            name: "prod".into(),
            url: "https://redphone.example".into(),
            handle: who.into(),
        },
        folder: folder.join("remotes"),
        rules: Rules::default(),
        answer_timeout: Duration::from_secs(5),
        sends: true,
        lock_timeout: Duration::from_secs(20),
        drafts: Some(folder.join("drafts")),
        token_changes: None,
    }
}

impl RemoteFixture {
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(store_at(&folder.path().join("store.db")).await);
        let stub = RemoteStub::new(Arc::clone(&store) as Arc<dyn Backend>);
        Self { store, stub, folder }
    }

    /// Opens the remote as another start of the program does.
    pub async fn remote(&self) -> Arc<Remote> {
        self.remote_of("ines").await
    }

    pub async fn remote_of(&self, who: &str) -> Arc<Remote> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stub = Arc::clone(&self.stub) as Arc<dyn Backend>;
            match Remote::open(stub, options(self.folder.path(), who)).await {
                Ok(remote) => return remote,
                // A process that another test starts has all files of this one, with their locks, until
                // it runs its own program.
                Err(error) if error.to_string().contains("another redphone has it open") => {
                    assert!(Instant::now() < deadline, "{error}");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Like [`Self::remote`], but returns the error.
    pub async fn try_remote(&self) -> Result<Arc<Remote>, String> {
        let stub = Arc::clone(&self.stub) as Arc<dyn Backend>;
        let opened = Remote::open(stub, options(self.folder.path(), "ines")).await;
        opened.map_err(|error| error.to_string())
    }

    /// Returns the folder of the cache and the outbox.
    pub fn cache_folder(&self) -> PathBuf {
        let options = options(self.folder.path(), "ines");
        options.folder.join(options.key.folder_name())
    }

    pub async fn events(&self, id: IncidentId) -> Vec<Event> {
        self.store.timeline(id, TimelineRange::After(0)).await.unwrap()
    }

    pub async fn notes(&self, id: IncidentId) -> Vec<String> {
        let note = |event: Event| match event.body {
            EventBody::NoteAdded { text } => Some(text),
            _ => None,
        };
        self.events(id).await.into_iter().filter_map(note).collect()
    }
}

/// Waits until the outbox satisfies `wanted`.
pub async fn until(
    remote: &Remote,
    wanted: impl Fn(&OutboxSnapshot) -> bool,
) -> Arc<OutboxSnapshot> {
    let mut listing = remote.watch_outbox();
    let found = timeout(PATIENCE, listing.wait_for(|listing| wanted(listing))).await;
    match found {
        Ok(listing) => Arc::clone(&listing.unwrap()),
        Err(late) => panic!("never so, {late}: {:#?}", remote.watch_outbox().borrow().entries),
    }
}

/// Waits until no command is pending.
pub async fn all_sent(remote: &Remote) -> Arc<OutboxSnapshot> {
    until(remote, |listing| listing.pending().next().is_none()).await
}
