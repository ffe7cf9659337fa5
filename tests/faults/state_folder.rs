//! The state folder of a remote has no room any more, or is read-only, while the program has it open.

use std::collections::BTreeSet;
use std::sync::Arc;

use redphone::backend::file::FileStore;
use redphone::backend::{Backend, BackendError, TimelineRange};
use redphone::model::{EventBody, IncidentCommand, IncidentId, Rules};
use redphone::sync::remote::{Options, Remote, RemoteKey, Submission};
use tempfile::TempDir;

use super::disk::Disk;
use crate::support::remote_stub::{RemoteStub, StubMode};
use crate::support::requests::{ask, declare};
use crate::support::{store as stores, wait::until};

struct Site {
    // Unmounted before the folder is removed.
    disk: Disk,
    folder: TempDir,
    store: Arc<FileStore>,
    stub: Arc<RemoteStub>,
}

impl Site {
    async fn new() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let disk = Disk::mount(folder.path().join("state"))?;
        let path = folder.path().join("store.db");
        let store = Arc::new(FileStore::open(&path, stores::options()).await.unwrap());
        let stub = RemoteStub::new(Arc::clone(&store) as Arc<dyn Backend>);
        Some(Self { disk, folder, store, stub })
    }

    async fn remote(&self) -> Arc<Remote> {
        let key = RemoteKey {
            name: "prod".into(),
            url: "https://redphone.example".into(),
            handle: "ines".into(),
        };
        let options = Options {
            key,
            folder: self.disk.folder.join("remotes"),
            rules: Rules::default(),
            answer_timeout: std::time::Duration::from_secs(10),
            sends: true,
            lock_timeout: std::time::Duration::from_secs(20),
            drafts: None,
            token_changes: None,
        };
        Remote::open(Arc::clone(&self.stub) as Arc<dyn Backend>, options).await.unwrap()
    }

    async fn notes(&self, id: IncidentId) -> Vec<String> {
        let events = self.store.timeline(id, TimelineRange::After(0)).await.unwrap();
        let note = |body| if let EventBody::NoteAdded { text } = body { Some(text) } else { None };
        events.into_iter().filter_map(|event| note(event.body)).collect()
    }
}

/// The outcomes of some commands, by their texts.
#[derive(Default, Debug)]
struct Fates {
    done: Vec<String>,
    queued: Vec<String>,
    refused: Vec<String>,
}

impl Fates {
    async fn submit(&mut self, remote: &Remote, id: IncidentId, text: String) {
        let command = ask(id, IncidentCommand::AddNote { text: text.clone() });
        match remote.submit_and_wait(&command).await {
            Ok(Submission::Done(_)) => self.done.push(text),
            Ok(Submission::Queued(_)) => self.queued.push(text),
            Err(error) => {
                let sentence = error.to_string();
                assert!(matches!(error, BackendError::Unreachable(_)), "{error:?}");
                assert!(sentence.contains("not kept"), "{sentence}");
                self.refused.push(text);
            }
        }
    }
}

#[tokio::test]
async fn commands_go_on_while_the_state_folder_has_no_room() {
    let Some(site) = Site::new().await else { return };
    let remote = site.remote().await;
    let (id, declaration) = declare("Card payments fail");
    assert!(matches!(remote.submit_and_wait(&declaration).await, Ok(Submission::Done(_))));
    // Commands that wait when the disk fills up are not lost.
    site.stub.set_mode(StubMode::Offline);
    let mut fates = Fates::default();
    fates.submit(&remote, id, "before it was full".into()).await;
    assert_eq!(fates.queued, ["before it was full"]);
    site.disk.fill();
    // The log has some room of its own.
    for number in 0..40 {
        fates.submit(&remote, id, format!("offline {number}")).await;
    }
    assert!(!fates.refused.is_empty(), "without disk and server nothing is promised: {fates:?}");
    assert!(fates.done.is_empty(), "{fates:?}");
    site.stub.set_mode(StubMode::Online);
    for number in 0..20 {
        let text = format!("online {number}");
        fates.submit(&remote, id, text.clone()).await;
        // Acknowledged commands are in the store immediately.
        let is_done = fates.done.contains(&text);
        assert!(!is_done || site.notes(id).await.contains(&text), "{text}");
    }
    assert!(fates.done.len() >= 10, "they are sent at once: {fates:?}");
    site.disk.free();
    fates.submit(&remote, id, "with room again".into()).await;
    until("the outbox is sent", async || {
        remote.send_now().await.unwrap();
        remote.watch_outbox().borrow().pending().next().is_none()
    })
    .await;
    let notes = site.notes(id).await;
    let distinct: BTreeSet<&String> = notes.iter().collect();
    assert_eq!(distinct.len(), notes.len(), "one is there twice: {notes:?}");
    for text in fates.done.iter().chain(&fates.queued) {
        assert!(distinct.contains(text), "{text:?} is lost: {notes:?}");
    }
    for text in &fates.refused {
        assert!(!distinct.contains(text), "{text:?} was refused: {notes:?}");
    }
    assert!(site.folder.path().join("store.db").exists());
    // Another start finds no pending command, and continues.
    drop(remote);
    let remote = site.remote().await;
    assert_eq!(remote.watch_outbox().borrow().pending().count(), 0);
    let mut later = Fates::default();
    later.submit(&remote, id, "from another start".into()).await;
    assert_eq!(later.done, ["from another start"]);
}
