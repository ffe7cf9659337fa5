//! What is kept of a remote backend on this machine: what was read of it, and what waits for it.
//!
//! [`Remote`] wraps any backend that may be slow or gone, and is a [`Backend`] again. What it reads
//! it keeps; what can't be read it gives as it was kept, and says how old it is. What is asked is in
//! the outbox, on the disk, before it counts as accepted; one process of the machine sends it, in
//! order for an incident, with the same id until it is answered. Pending commands are laid over
//! whatever is read.
//!
//! There is a folder for each remote with two files: the cache, which can be thrown away, and the
//! outbox, which can't.

mod backend;
mod cache;
mod disk;
mod entry;
mod fresh;
mod kept;
mod laid;
mod lock;
mod outbox;
mod overlay;
mod place;
mod prefetch;
mod reads;
mod send;
pub mod words;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use crate::backend::file::watch::Bell;
use crate::backend::{Backend, BackendError, Capabilities, Cursor, Outcome};
use crate::model::directory::Directory;
use crate::model::text::shown;
use crate::model::{CommandId, Envelope, IncidentId, Rules, Summary};

pub use cache::{DETAILS, ENDED};
pub use entry::{Counts, Entry, Listing, State};
pub use outbox::Chain;
pub use overlay::{over_record, over_row};
pub use place::Named;
pub(super) use prefetch::prefetch;
pub use reads::Kept;

use cache::Cache;
use outbox::Outbox;

/// How a remote is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which remote, and who asks it.
    pub named: Named,
    /// The folder in which each remote has its own.
    pub folder: PathBuf,
    /// The rules by which pending commands are laid over what was read.
    pub rules: Rules,
    /// How long a question waits for the remote before what is kept is given instead, and how long
    /// a command waits for its answer before it counts as kept.
    pub patience: Duration,
    /// Whether this process sends what waits. One that only looks leaves it to others.
    pub sends: bool,
}

/// What became of a command that was handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Handed {
    /// It was carried out.
    Done(Box<Outcome>),
    /// It has no answer yet, and why, as far as that is known: it stays in the outbox and is sent.
    Kept(String),
}

/// What is known of a remote before it was asked.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its name and what it can do.
    pub capabilities: Option<Capabilities>,
    /// People, teams and services, and when they were read.
    pub directory: Option<(Directory, DateTime<Utc>)>,
    /// The rows of all open incidents, where they were read once, and when.
    pub rows: Option<(Vec<Summary>, DateTime<Utc>)>,
    /// From where to ask on.
    pub cursor: Option<Cursor>,
}

/// A remote backend with what is kept of it.
pub struct Remote {
    shared: Arc<Shared>,
    tasks: Vec<AbortHandle>,
    warnings: Vec<String>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("outbox", &self.shared.outbox.path).finish_non_exhaustive()
    }
}

struct Shared {
    far: Arc<dyn Backend>,
    cache: Cache,
    outbox: Outbox,
    rules: RwLock<Arc<Rules>>,
    patience: Duration,
    /// What is on its way, as it was read last.
    listing: watch::Sender<Arc<Listing>>,
    /// The remote did not answer the last time.
    failing: AtomicBool,
    /// Why it did not answer the last time that it did not, in its own words.
    failure: Mutex<Option<String>>,
    /// As of when the oldest is of what was given as it was kept.
    gave_kept: Mutex<Option<DateTime<Utc>>>,
    /// When rows were written down last, in seconds since 1970.
    written_at: AtomicI64,
    /// Counts how often it has answered after it had not.
    reached: watch::Sender<u64>,
    /// Something may be there to be sent.
    nudge: Notify,
    /// Rings when the outbox is written to, also by another process.
    bell: Arc<Bell>,
    /// The lock of whoever sends.
    turn: PathBuf,
}

impl Remote {
    /// Opens what is kept of a remote, and begins to send what waits. Nothing is asked yet.
    ///
    /// # Errors
    /// In a sentence, where there is no place for the outbox: without it nothing could be promised.
    pub async fn open(far: Arc<dyn Backend>, options: Options) -> Result<Arc<Self>, String> {
        let folder = options.folder.join(options.named.folder());
        let failed = |why: &str| {
            let folder = shown(&folder.to_string_lossy()).into_owned();
            format!("{folder} can't be used to keep what waits to be sent: {why}")
        };
        place::make(&folder).map_err(|error| failed(&error.to_string()))?;
        let (outbox, lost) = Outbox::open(&folder).await.map_err(|why| failed(&why))?;
        let (cache, aside) = Cache::open(&folder).await;
        let mut warnings = Vec::new();
        if let Some((file, why)) = lost {
            warnings.push(told_of_outbox(&file, &why));
        }
        if let Some((file, why)) = aside {
            let file = shown(&file.to_string_lossy()).into_owned();
            let why = shown(&why).into_owned();
            warnings.push(format!("what was kept could not be used ({why}): it is in {file} now"));
        }
        let bell = Bell::new(&outbox.path);
        let shared = Arc::new(Shared {
            far,
            cache,
            rules: RwLock::new(Arc::new(options.rules)),
            patience: options.patience,
            listing: watch::Sender::new(Arc::default()),
            failing: AtomicBool::new(false),
            failure: Mutex::new(None),
            gave_kept: Mutex::new(None),
            written_at: AtomicI64::new(0),
            reached: watch::Sender::new(0),
            nudge: Notify::new(),
            bell,
            turn: folder.join("sending.lock"),
            outbox,
        });
        shared.look().await.map_err(|error| error.to_string())?;
        let mut tasks = vec![tokio::spawn(send::follow(Arc::clone(&shared))).abort_handle()];
        if options.sends {
            tasks.push(tokio::spawn(send::send(Arc::clone(&shared))).abort_handle());
        }
        Ok(Arc::new(Self { shared, tasks, warnings }))
    }

    /// What was found to be wrong when it was opened, in sentences.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Where the outbox is.
    #[must_use]
    pub fn outbox_file(&self) -> &Path {
        &self.shared.outbox.path
    }

    /// From now on these rules are in force.
    pub fn set_rules(&self, rules: Rules) {
        *self.shared.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.shared.rules()
    }

    /// What is on its way, now and whenever it changes.
    #[must_use]
    pub fn listing(&self) -> watch::Receiver<Arc<Listing>> {
        self.shared.listing.subscribe()
    }

    /// Tells when the remote has answered after it had not.
    #[must_use]
    pub fn reached(&self) -> watch::Receiver<u64> {
        self.shared.reached.subscribe()
    }

    /// What is known before anything is asked.
    pub async fn known(&self) -> Known {
        self.shared.known().await
    }

    /// The row of an incident as it was read last, whether it is open or not.
    pub async fn kept_row(&self, id: IncidentId) -> Option<Summary> {
        self.shared.cache.row(id).await
    }

    /// Takes commands in, to be sent in their order. When this returns they are on the disk.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn accept(&self, envelopes: Vec<Envelope>) -> Result<(), BackendError> {
        let chain = self.shared.named(envelopes).await;
        self.shared.outbox.accept(&chain).await?;
        self.shared.written().await
    }

    /// Takes a command in and waits for its answer, but not longer than the remote's patience, nor
    /// when it is known that the remote does not answer.
    ///
    /// # Errors
    /// As the remote refuses it; when the outbox can't be written.
    pub async fn hand_over(&self, envelope: &Envelope) -> Result<Handed, BackendError> {
        let id = envelope.id;
        let deadline = Instant::now() + self.shared.patience;
        let mut changed = self.listing();
        self.accept(vec![envelope.clone()]).await?;
        loop {
            changed.mark_unchanged();
            // One that was sent long ago may not be listed any more.
            let entry = self.shared.outbox.get(id).await?;
            let Some(entry) = entry else {
                return Err(BackendError::NotFound("it was dropped from the outbox".into()));
            };
            match entry.state {
                State::Sent(outcome) => return Ok(Handed::Done(outcome)),
                State::Refused(error) => return Err(error),
                State::Pending => {}
            }
            let listing = changed.borrow().clone();
            if let Some(declared) = listing.held_by(&entry) {
                return Ok(Handed::Kept(format!(
                    "its declaration ({}) was refused",
                    shown(&declared.title)
                )));
            }
            if let Some(said) = entry.said.filter(|_| entry.tries > 0) {
                return Ok(Handed::Kept(said));
            }
            let first = listing.pending().find(|other| {
                other.place < entry.place
                    && other.said.is_some()
                    && other.incident() == envelope_incident(envelope)
            });
            if let Some(said) = first.and_then(|first| first.said.clone()) {
                return Ok(Handed::Kept(said));
            }
            if timeout_at(deadline, changed.changed()).await.is_err() {
                return Ok(Handed::Kept("it has not answered yet".into()));
            }
        }
    }

    /// Sends what waits now, whatever time its next try was set for.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn send_now(&self) -> Result<(), BackendError> {
        self.shared.outbox.hurry().await?;
        self.shared.written().await
    }

    /// Sends a refused command again as it is.
    ///
    /// # Errors
    /// When there is no such refused command, or when that would not help; when the outbox can't be
    /// written.
    pub async fn retry(&self, id: CommandId) -> Result<(), BackendError> {
        let Some(entry) = self.shared.outbox.get(id).await? else { return Err(unknown()) };
        if entry.refusal().is_none() {
            return Err(BackendError::NotFound("it was not refused".into()));
        }
        if let Some(why) = entry.is_hopeless() {
            return Err(BackendError::NotAllowed(why.into()));
        }
        self.shared.outbox.retry(id).await?;
        self.shared.written().await
    }

    /// Puts commands in the place of one that was not sent: what waits for it waits for the first of
    /// them.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn replace(
        &self,
        old: CommandId,
        envelopes: Vec<Envelope>,
    ) -> Result<(), BackendError> {
        let chain = self.shared.named(envelopes).await;
        self.shared.outbox.replace(old, &chain).await?;
        self.shared.written().await
    }

    /// Takes a command out that was not sent, and with a declaration what needs it. Says how many.
    ///
    /// One that is pending may have arrived without its answer: then the remote has it all the same.
    ///
    /// # Errors
    /// When there is none; when the outbox can't be written.
    pub async fn drop_entry(&self, id: CommandId) -> Result<usize, BackendError> {
        let listing = self.shared.outbox.listing().await?;
        let Some(entry) = listing.get(id) else { return Err(unknown()) };
        if matches!(entry.state, State::Sent(_)) {
            return Err(BackendError::NotAllowed("it was sent: nothing is left to drop".into()));
        }
        let mut ids = listing.dependent(entry);
        ids.push(id);
        self.shared.outbox.remove(&ids).await?;
        self.shared.written().await?;
        Ok(ids.len())
    }

    /// Waits until nothing can be sent any more: all is answered, or waits for its next try, or is
    /// held. Gives what is left then.
    pub async fn settled(&self, patience: Duration) -> Arc<Listing> {
        let deadline = Instant::now() + patience;
        let mut changed = self.listing();
        loop {
            let listing = changed.borrow_and_update().clone();
            let now = Utc::now();
            if listing.due(now, 1).is_empty() {
                return listing;
            }
            if timeout_at(deadline, changed.changed()).await.is_err() {
                return listing;
            }
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // What is being sent is sent again by whoever comes next, with the same id.
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn envelope_incident(envelope: &Envelope) -> Option<IncidentId> {
    entry::incident(&envelope.command)
}

fn unknown() -> BackendError {
    BackendError::NotFound("there is no such command in the outbox".into())
}

/// An outbox that can't be read is never gone in silence.
fn told_of_outbox(file: &Path, why: &str) -> String {
    let (file, why) = (shown(&file.to_string_lossy()).into_owned(), shown(why).into_owned());
    format!("the outbox could not be used ({why}): what it holds was not sent and is in {file} now")
}

impl Shared {
    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Commands with the incident's name for people.
    async fn named(&self, envelopes: Vec<Envelope>) -> Chain {
        use crate::model::{Ask, Command};
        let about = envelopes.iter().find_map(|envelope| match &envelope.command {
            Command::Incident { incident, ask } => Some((*incident, ask)),
            _ => None,
        });
        let (label, title) = match about {
            None => (String::new(), String::new()),
            Some((_, Ask::Declare(declaration))) => ("new".into(), declaration.title.clone()),
            Some((id, _)) => {
                if let Some(row) = self.cache.row(id).await {
                    (row.label(), row.title)
                } else {
                    let listing = self.listing.borrow().clone();
                    let declared = listing.entries.iter().find(|e| e.declares() == Some(id));
                    declared.map_or_else(
                        || (id.to_string(), String::new()),
                        |declared| (declared.label(), declared.title.clone()),
                    )
                }
            }
        };
        Chain { envelopes, label, title }
    }

    /// Reads what is on its way, and tells where that has changed.
    async fn look(&self) -> Result<(), BackendError> {
        let listing = self.outbox.listing().await?;
        self.listing.send_if_modified(|known| {
            let is_new = **known != listing;
            if is_new {
                *known = Arc::new(listing);
            }
            is_new
        });
        Ok(())
    }

    /// The outbox was written to by this process.
    async fn written(&self) -> Result<(), BackendError> {
        self.look().await?;
        self.nudge.notify_one();
        Ok(())
    }

    /// What an answer of the remote tells about the way to it.
    fn heard<T>(&self, answer: &Result<T, BackendError>) {
        match answer {
            Err(BackendError::Unreachable(why)) => {
                self.failing.store(true, Ordering::Relaxed);
                let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                *failure = Some(why.clone());
            }
            Err(BackendError::Limited { .. }) => {}
            _ => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    self.reached.send_modify(|count| *count += 1);
                }
            }
        }
    }
}
