//! Opens the cache and the outbox of a remote.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::cache::Cache;
use super::database::DatabaseError;
use super::identity::TokenIdentity;
use super::outbox::Outbox;
use super::paths::{self, RemoteKey};
use super::{Remote, Shared, sender};
use crate::backend::watch::StoreWatcher;
use crate::backend::{Backend, BackendError};
use crate::model::Rules;
use crate::model::text::SafeText;

/// Options of a remote.
#[derive(Clone, Debug)]
pub struct Options {
    /// Identifies the remote and the requester.
    pub key: RemoteKey,
    /// The folder in which each remote has a folder of its own.
    pub folder: PathBuf,
    /// The rules by which pending commands are applied to what was read.
    pub rules: Rules,
    /// How long a read waits for the remote before cached data is returned instead, and how long a
    /// command waits for its answer before it counts as queued.
    pub answer_timeout: Duration,
    /// Whether this process sends pending commands. One that only reads leaves that to others.
    pub sends: bool,
    /// How long to wait for another process that is sending: twice the timeout of a request.
    pub lock_timeout: Duration,
    /// Counts the changes of the token; `None` if it can't change.
    pub token_changes: Option<watch::Receiver<u64>>,
}

/// Why a remote can't be opened: without its outbox nothing could be promised.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the remote can't be made.
    #[error("{} can't be used to keep what waits to be sent: {source}", folder.display())]
    Folder {
        /// The folder of the remote.
        folder: PathBuf,
        /// Why it can't be made.
        source: io::Error,
    },
    /// The outbox can't be opened.
    #[error(
        "{} can't be used to keep what waits to be sent: {}: {source}",
        folder.display(),
        folder.join(paths::OUTBOX_FILE).display()
    )]
    Outbox {
        /// The folder of the remote, in which the outbox is.
        folder: PathBuf,
        /// Why the outbox can't be opened.
        source: DatabaseError,
    },
    /// The outbox can't be read.
    #[error(transparent)]
    Read(#[from] BackendError),
}

impl Remote {
    /// Opens the cache and the outbox of a remote, and starts to send pending commands. Nothing is
    /// requested yet.
    ///
    /// # Errors
    /// When the outbox can't be stored.
    pub async fn open(backend: Arc<dyn Backend>, options: Options) -> Result<Arc<Self>, OpenError> {
        let legacy_folders = options.key.migrate_legacy_dirs(&options.folder);
        let folder = options.folder.join(options.key.folder_name());
        paths::create_private_dir(&folder)
            .map_err(|source| OpenError::Folder { folder: folder.clone(), source })?;
        let opened = Outbox::open(&folder).await;
        let (outbox, lost) =
            opened.map_err(|source| OpenError::Outbox { folder: folder.clone(), source })?;
        let (cache, set_aside) = Cache::open(&folder).await;
        let mut warnings = Vec::new();
        // An outbox that can't be read is never lost in silence.
        if let Some((file, why)) = lost {
            let file = file.display();
            let warning = format!(
                "the outbox could not be used ({why}): what it holds was not sent and is in {file} \
                 now"
            );
            warnings.push(SafeText::from(warning));
        }
        for folder in legacy_folders {
            let file = folder.join(paths::OUTBOX_FILE);
            if let Err(why) = outbox.import_unsent(&file).await {
                let file = file.display();
                warnings
                    .push(format!("what waits in {file} could not be taken over ({why})").into());
            }
        }
        if let Some((file, why)) = set_aside {
            let file = file.display();
            let warning = format!("what was kept could not be used ({why}): it is in {file} now");
            warnings.push(warning.into());
        }
        let watcher = StoreWatcher::new(&outbox.path);
        let capabilities = cache.fact("capabilities").await.map(|cached| cached.value);
        let shared = Arc::new(Shared {
            backend,
            cache,
            identity: TokenIdentity::new(capabilities, options.token_changes),
            rules: RwLock::new(Arc::new(options.rules)),
            answer_timeout: options.answer_timeout,
            outbox_snapshot: watch::Sender::new(Arc::default()),
            is_failing: AtomicBool::new(false),
            last_failure: Mutex::new(None),
            rows_written_at_s: AtomicI64::new(0),
            reconnects: watch::Sender::new(0),
            wake_sender: Notify::new(),
            watcher,
            lock_file: folder.join("sending.lock"),
            lock_timeout: options.lock_timeout,
            outbox,
        });
        shared.refresh_outbox().await?;
        let mut tasks =
            vec![tokio::spawn(sender::follow_outbox(Arc::clone(&shared))).abort_handle()];
        if options.sends {
            tasks.push(tokio::spawn(sender::run_sender(Arc::clone(&shared))).abort_handle());
        }
        Ok(Arc::new(Self { shared, tasks, warnings }))
    }
}
