//! How what is kept of a remote is opened.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::cache::Cache;
use super::identity::Asker;
use super::outbox::Outbox;
use super::paths::{self, Named};
use super::{Remote, Shared, sender};
use crate::backend::Backend;
use crate::backend::file::watch::StoreWatcher;
use crate::model::Rules;
use crate::model::text::sanitize;

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
    /// How long another process that sends is waited for: two limits of a request.
    pub turn_patience: Duration,
    /// Counts how often the token was changed; `None` where that can't happen.
    pub tokens: Option<watch::Receiver<u64>>,
}

impl Remote {
    /// Opens what is kept of a remote, and begins to send what waits. Nothing is asked yet.
    ///
    /// # Errors
    /// In a sentence, where there is no place for the outbox: without it nothing could be promised.
    pub async fn open(far: Arc<dyn Backend>, options: Options) -> Result<Arc<Self>, String> {
        let earlier = options.named.adopt(&options.folder);
        let folder = options.folder.join(options.named.folder());
        let failed = |why: &str| {
            let folder = sanitize(&folder.to_string_lossy()).into_owned();
            format!("{folder} can't be used to keep what waits to be sent: {why}")
        };
        paths::make(&folder).map_err(|error| failed(&error.to_string()))?;
        let (outbox, lost) = Outbox::open(&folder).await.map_err(|why| failed(&why))?;
        let (cache, aside) = Cache::open(&folder).await;
        let mut warnings = Vec::new();
        if let Some((file, why)) = lost {
            warnings.push(told_of_outbox(&file, &why));
        }
        for folder in earlier {
            let file = folder.join(paths::OUTBOX);
            if let Err(why) = outbox.take_in(&file).await {
                let file = sanitize(&file.to_string_lossy()).into_owned();
                let why = sanitize(&why).into_owned();
                warnings.push(format!("what waits in {file} could not be taken over ({why})"));
            }
        }
        if let Some((file, why)) = aside {
            let file = sanitize(&file.to_string_lossy()).into_owned();
            let why = sanitize(&why).into_owned();
            warnings.push(format!("what was kept could not be used ({why}): it is in {file} now"));
        }
        let bell = StoreWatcher::new(&outbox.path);
        let known = cache.fact("capabilities").await.map(|(known, _)| known);
        let shared = Arc::new(Shared {
            far,
            cache,
            asker: Asker::new(known, options.tokens),
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
            turn_patience: options.turn_patience,
            outbox,
        });
        shared.look().await.map_err(|error| error.to_string())?;
        let mut tasks = vec![tokio::spawn(sender::follow(Arc::clone(&shared))).abort_handle()];
        if options.sends {
            tasks.push(tokio::spawn(sender::send(Arc::clone(&shared))).abort_handle());
        }
        Ok(Arc::new(Self { shared, tasks, warnings }))
    }
}

/// An outbox that can't be read is never gone in silence.
fn told_of_outbox(file: &Path, why: &str) -> String {
    let (file, why) = (sanitize(&file.to_string_lossy()).into_owned(), sanitize(why).into_owned());
    format!("the outbox could not be used ({why}): what it holds was not sent and is in {file} now")
}
