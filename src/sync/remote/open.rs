//! How what is kept of a remote is opened.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::cache::Cache;
use super::identity::TokenIdentity;
use super::outbox::Outbox;
use super::paths::{self, RemoteKey};
use super::{Remote, Shared, sender};
use crate::backend::Backend;
use crate::backend::file::watch::StoreWatcher;
use crate::model::Rules;
use crate::model::text::sanitize;

/// How a remote is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which remote, and who asks it.
    pub key: RemoteKey,
    /// The folder in which each remote has its own.
    pub folder: PathBuf,
    /// The rules by which pending commands are laid over what was read.
    pub rules: Rules,
    /// How long a question waits for the remote before what is kept is given instead, and how long
    /// a command waits for its answer before it counts as kept.
    pub answer_timeout: Duration,
    /// Whether this process sends what waits. One that only looks leaves it to others.
    pub sends: bool,
    /// How long another process that sends is waited for: two limits of a request.
    pub lock_timeout: Duration,
    /// Counts how often the token was changed; `None` where that can't happen.
    pub token_changes: Option<watch::Receiver<u64>>,
}

impl Remote {
    /// Opens what is kept of a remote, and begins to send what waits. Nothing is asked yet.
    ///
    /// # Errors
    /// In a sentence, where there is no place for the outbox: without it nothing could be promised.
    pub async fn open(far: Arc<dyn Backend>, options: Options) -> Result<Arc<Self>, String> {
        let earlier = options.key.migrate_legacy_dirs(&options.folder);
        let folder = options.folder.join(options.key.folder_name());
        let failed = |why: &str| {
            let folder = sanitize(&folder.to_string_lossy()).into_owned();
            format!("{folder} can't be used to keep what waits to be sent: {why}")
        };
        paths::create_private_dir(&folder).map_err(|error| failed(&error.to_string()))?;
        let (outbox, lost) = Outbox::open(&folder).await.map_err(|why| failed(&why))?;
        let (cache, aside) = Cache::open(&folder).await;
        let mut warnings = Vec::new();
        if let Some((file, why)) = lost {
            warnings.push(lost_outbox_warning(&file, &why));
        }
        for folder in earlier {
            let file = folder.join(paths::OUTBOX_FILE);
            if let Err(why) = outbox.import_unsent(&file).await {
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
            backend: far,
            cache,
            identity: TokenIdentity::new(known, options.token_changes),
            rules: RwLock::new(Arc::new(options.rules)),
            answer_timeout: options.answer_timeout,
            outbox_snapshot: watch::Sender::new(Arc::default()),
            is_failing: AtomicBool::new(false),
            last_failure: Mutex::new(None),
            served_as_of: Mutex::new(None),
            rows_written_at_s: AtomicI64::new(0),
            reconnects: watch::Sender::new(0),
            wake_sender: Notify::new(),
            watcher: bell,
            lock_file: folder.join("sending.lock"),
            lock_timeout: options.lock_timeout,
            outbox,
        });
        shared.refresh_outbox().await.map_err(|error| error.to_string())?;
        let mut tasks =
            vec![tokio::spawn(sender::follow_outbox(Arc::clone(&shared))).abort_handle()];
        if options.sends {
            tasks.push(tokio::spawn(sender::run_sender(Arc::clone(&shared))).abort_handle());
        }
        Ok(Arc::new(Self { shared, tasks, warnings }))
    }
}

/// An outbox that can't be read is never gone in silence.
fn lost_outbox_warning(file: &Path, why: &str) -> String {
    let (file, why) = (sanitize(&file.to_string_lossy()).into_owned(), sanitize(why).into_owned());
    format!("the outbox could not be used ({why}): what it holds was not sent and is in {file} now")
}
