//! Opens the cache and the outbox of a remote.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::cache::Cache;
use super::choose::choose;
use super::database::DatabaseError;
use super::identity::TokenIdentity;
use super::outbox::{Import, Outbox};
use super::paths::{self, RemoteKey, normalize_url};
use super::survey::{OutboxFolder, survey};
use super::{Remote, Shared, sender};
use crate::backend::watch::StoreWatcher;
use crate::backend::{Backend, BackendError};
use crate::model::Rules;
use crate::model::text::SafeText;
use crate::sync::reader::Sourced;

/// Options of a remote.
#[derive(Clone, Debug)]
pub struct Options {
    /// Identifies the remote and the requester.
    pub key: RemoteKey,
    /// The folder in which each remote has a folder of its own.
    pub folder: PathBuf,
    /// The rules by which pending commands are applied to data that was read.
    pub rules: Rules,
    /// How long a read waits for the remote before cached data is returned instead, and how long a
    /// command waits for its answer before it counts as queued.
    pub answer_timeout: Duration,
    /// Whether this process sends pending commands. A process that only reads does not.
    pub sends: bool,
    /// How long to wait for another process that is sending: twice the timeout of a request.
    pub lock_timeout: Duration,
    /// The folder of the drafts on this machine, from which what was redacted is removed; `None` if
    /// there is no home folder.
    pub drafts: Option<PathBuf>,
    /// Counts the changes of the token; `None` if it can't change.
    pub token_changes: Option<watch::Receiver<u64>>,
}

/// The reason why a remote can't be opened: without its outbox nothing could be promised.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the remote can't be made.
    #[error("{} can't be used to keep what waits to be sent: {source}", folder.display())]
    Folder {
        /// The folder of the remote.
        folder: PathBuf,
        /// The reason why it can't be made.
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
        /// The reason why the outbox can't be opened.
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
        let token = backend.token_id();
        let found = survey(&options.folder).await;
        let choice = choose(&options.folder, &options.key, token.as_deref(), &found);
        let folder = choice.folder;
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
        let mut merged = Vec::new();
        for folder in choice.merged {
            let file = folder.join(paths::OUTBOX_FILE);
            match outbox.import(&file, Import::All).await {
                Ok(true) => merged.push(folder),
                // A process that has it open sends its commands.
                Ok(false) => {}
                Err(why) => {
                    let file = file.display();
                    let warning = format!("what waits in {file} could not be taken over ({why})");
                    warnings.push(warning.into());
                }
            }
        }
        // The folder is used even if this can't be recorded: it is found by its name.
        let url = normalize_url(&options.key.url);
        let is_recorded = found.iter().any(|known| {
            known.folder == folder
                && known.urls.contains(&url)
                && (token.is_none() || known.token == token)
        });
        if !is_recorded && let Err(error) = outbox.record_use(&url, token.as_deref()).await {
            tracing::warn!(%error, "by which address the outbox is used is not kept");
        }
        let others = found.iter().filter(|known| {
            known.needs_attention() && known.folder != folder && !merged.contains(&known.folder)
        });
        warnings.extend(describe_waiting(&others.collect::<Vec<_>>()));
        if let Some((file, why)) = set_aside {
            let file = file.display();
            let warning = format!("what was kept could not be used ({why}): it is in {file} now");
            warnings.push(warning.into());
        }
        let watcher = StoreWatcher::new(&outbox.path);
        let capabilities = cache.fact("capabilities").await.map(|cached| cached.value);
        let seen: Option<Sourced<String>> = cache.fact("mark").await;
        if let Some(seen) = seen.and_then(|seen| seen.value.parse().ok()) {
            backend.report_seen(&seen).await.ok();
        }
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
            redactions_read_at_s: AtomicI64::new(0),
            reconnects: watch::Sender::new(0),
            wake_sender: Notify::new(),
            watcher,
            lock_file: folder.join("sending.lock"),
            lock_timeout: options.lock_timeout,
            siblings: choice
                .siblings
                .into_iter()
                .map(|folder| folder.join(paths::OUTBOX_FILE))
                .collect(),
            has_claimed: AtomicBool::new(false),
            unstored: Mutex::default(),
            drafts: options.drafts,
            outbox,
        });
        shared.refresh_outbox().await?;
        let mut tasks =
            vec![tokio::spawn(sender::follow_outbox(Arc::clone(&shared))).abort_handle()];
        if options.sends {
            tasks.push(tokio::spawn(sender::run_sender(Arc::clone(&shared))).abort_handle());
        }
        Ok(Arc::new(Self { shared, tasks, warnings, root: options.folder }))
    }
}

/// Describes the pending commands in other outboxes, in one line; `None` if there are none.
#[must_use]
pub fn describe_waiting(others: &[&OutboxFolder]) -> Option<SafeText<'static>> {
    let describe = |folder: &&OutboxFolder| {
        let name = folder.display_name();
        match (&folder.error, folder.counts.pending + folder.counts.refused) {
            (Some(error), _) => format!("{name}: it can't be read ({error})"),
            (None, count) => format!("{name}: {count}"),
        }
    };
    let list: Vec<String> = others.iter().map(describe).collect();
    if list.is_empty() {
        return None;
    }
    let line = format!(
        "commands wait in other outboxes ({}): `redphone outbox --all` lists them",
        list.join("; ")
    );
    Some(line.into())
}

impl OpenError {
    /// Returns whether the state folder can't be written now. Then a remote can be used without a
    /// cache and an outbox.
    #[must_use]
    pub fn is_unwritable(&self) -> bool {
        match self {
            Self::Folder { .. } => true,
            Self::Outbox { source, .. } => source.is_unwritable(),
            Self::Read(error) => Outbox::is_unwritable(error),
        }
    }
}
