//! Drafts: what is being typed, on disk as it is typed.
//!
//! Each draft is a file of its own, replaced as a whole, so that whatever ends the program leaves
//! the last one or the one before. While a form is open its draft is held by a lock, so that another
//! process does not offer it.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::filters;
use crate::model::IncidentId;

/// What was typed into a form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Draft {
    /// Which draft.
    pub id: Uuid,
    /// The form, as the panes know it.
    pub form: String,
    /// The incidents it is about: id, label, title, and the last event when the form opened.
    pub about: Vec<(IncidentId, String, String, u32)>,
    /// What the fields hold, from top to bottom.
    pub contents: Vec<String>,
    /// What they held when the form opened; none in drafts of earlier versions.
    #[serde(default)]
    pub initial: Vec<String>,
    /// The labels of the fields; none in drafts of earlier versions.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Where those incidents are, such as a store's file; none in drafts of earlier versions.
    #[serde(default)]
    #[serde(rename = "place")]
    pub location: Option<String>,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// What is done to drafts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DraftOp {
    /// Write it, or write it anew.
    Save(Draft),
    /// It is not needed any more.
    Drop(Uuid),
    /// Leave it for later, here or elsewhere.
    Release(Uuid),
    /// Remember a filter, beside the drafts.
    RememberFilter(String),
}

/// What the thread tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DraftEvent {
    /// What earlier runs have left, the last one first.
    Recovered(Vec<Draft>),
    /// Filters that earlier runs have left, the last one last.
    Filters(Vec<String>),
    /// What is typed can't be kept, and why.
    Failed(String),
}

/// How long the end waits for what is being written.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// The folder of drafts and the thread that writes to it, in the order of what is asked.
///
/// A disk that hangs delays the thread, not the panes.
#[derive(Debug)]
pub struct DraftStore {
    ops: Option<mpsc::Sender<DraftOp>>,
    worker_ended: mpsc::Receiver<()>,
}

impl DraftStore {
    /// Starts the thread. It tells first what earlier runs have left, then what can't be written.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(folder: PathBuf, tell: impl Fn(DraftEvent) + Send + 'static) -> io::Result<Self> {
        let (asks, asked) = mpsc::channel::<DraftOp>();
        let (over, ended) = mpsc::channel();
        thread::Builder::new().name("drafts".into()).spawn(move || {
            let mut held = Worker { folder, locks: HashMap::new() };
            match held.find_abandoned() {
                Ok(left) if left.is_empty() => {}
                Ok(left) => tell(DraftEvent::Recovered(left)),
                Err(error) => tell(DraftEvent::Failed(held.failure(&error))),
            }
            match filters::load(&filters::file_path(&held.folder)) {
                Ok(read) if read.is_empty() => {}
                Ok(read) => tell(DraftEvent::Filters(read)),
                Err(error) => tracing::warn!(%error, "filters used before can't be read"),
            }
            for ask in asked {
                match held.execute(&ask) {
                    Ok(()) => {}
                    // Nobody waits for it, and it is typed again easily.
                    Err(error) if matches!(ask, DraftOp::RememberFilter(_)) => {
                        tracing::warn!(%error, "a filter can't be remembered");
                    }
                    Err(error) => tell(DraftEvent::Failed(held.failure(&error))),
                }
            }
            // Nobody waits for it any more where the end was not waited for.
            let _ = over.send(());
        })?;
        Ok(Self { ops: Some(asks), worker_ended: ended })
    }

    /// Asks for something to be done.
    pub fn send(&self, ask: DraftOp) {
        if let Some(asks) = &self.ops {
            // The thread ends only after this end.
            let _ = asks.send(ask);
        }
    }
}

impl Drop for DraftStore {
    /// Waits until all is written, but not for ever for a disk that hangs.
    fn drop(&mut self) {
        self.ops = None;
        let _ = self.worker_ended.recv_timeout(SHUTDOWN_TIMEOUT);
    }
}

struct Worker {
    folder: PathBuf,
    /// Of the drafts that are open here.
    locks: HashMap<Uuid, File>,
}

impl Worker {
    fn failure(&self, error: &io::Error) -> String {
        format!("what is typed can't be kept in {}: {error}", self.folder.display())
    }

    fn path(&self, id: Uuid, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}.{ending}"))
    }

    /// Takes the lock of a draft; `false` where another process has it.
    fn lock(&mut self, id: Uuid) -> io::Result<bool> {
        if self.locks.contains_key(&id) {
            return Ok(true);
        }
        let file =
            private_file_options().create(true).truncate(false).open(self.path(id, "lock"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                self.locks.insert(id, file);
                Ok(true)
            }
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn execute(&mut self, ask: &DraftOp) -> io::Result<()> {
        match ask {
            DraftOp::Save(draft) => {
                self.lock(draft.id)?;
                self.write(draft)
            }
            DraftOp::Drop(id) => {
                remove_if_exists(&self.path(*id, "json"))?;
                self.release(*id)
            }
            DraftOp::Release(id) => self.release(*id),
            DraftOp::RememberFilter(filter) => {
                filters::remember(&filters::file_path(&self.folder), filter)
            }
        }
    }

    fn release(&mut self, id: Uuid) -> io::Result<()> {
        let locked = self.locks.remove(&id);
        if locked.is_some() {
            remove_if_exists(&self.path(id, "lock"))?;
        }
        Ok(())
    }

    fn write(&self, draft: &Draft) -> io::Result<()> {
        let beside = self.path(draft.id, "new");
        let mut file = private_file_options().create(true).truncate(true).open(&beside)?;
        serde_json::to_writer(&mut file, draft).map_err(io::Error::other)?;
        file.flush()?;
        fs::rename(beside, self.path(draft.id, "json"))
    }

    /// Drafts that no process has open, the last one first. Files that make no sense stay there.
    fn find_abandoned(&mut self) -> io::Result<Vec<Draft>> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let mut left = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let read = fs::read(&path).ok().and_then(|b| serde_json::from_slice::<Draft>(&b).ok());
            let Some(draft) = read else {
                tracing::warn!(path = %path.display(), "a draft can't be read");
                continue;
            };
            if self.lock(draft.id)? {
                self.release(draft.id)?;
                left.push(draft);
            }
        }
        left.sort_by_key(|draft| std::cmp::Reverse(draft.at));
        Ok(left)
    }
}

fn private_file_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn remove_if_exists(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
