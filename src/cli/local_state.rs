//! Local data that is available without any request: for the shell's prompt and completions.
//!
//! A store's file is read without migrating it. For an API the cache is read, however old it is:
//! neither the API nor the keyring is used. Nothing is created, changed or waited for.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::failure::Failure;
use super::session::{IfMissing, resolve_person, store_options};
use crate::backend::file::{FileStore, Options};
use crate::backend::{Backend, BackendError, Search};
use crate::config::{Config, Location};
use crate::model::directory::Directory;
use crate::model::filter::Filter;
use crate::model::queue::{Sort, urgency_key};
use crate::model::{PersonRef, Summary};
use crate::sync::remote::{LocalCopy, RemoteKey, UnsentEntry};

/// How long to wait for a process that has the store locked.
const LOCK_TIMEOUT: Duration = Duration::from_millis(20);
/// The number of ended incidents that are read where they are wanted.
const MAX_ENDED: u32 = 50;

/// Which incidents are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rows {
    /// The open ones.
    Open,
    /// The open ones, and the newest of the others.
    OpenAndEnded,
}

/// The local data.
#[derive(Clone, Debug)]
pub(super) struct LocalState {
    /// The open incidents, the most urgent first.
    pub open: Vec<Summary>,
    /// The newest ended incidents, if they were requested.
    pub ended: Vec<Summary>,
    /// People, teams and services.
    pub directory: Directory,
    /// The person who uses the program.
    pub me: PersonRef,
    /// When the incidents were fetched; `None` if they were just read from the store itself.
    pub as_of: Option<DateTime<Utc>>,
    /// The commands that were not sent.
    pub unsent: Vec<UnsentEntry>,
}

/// Reads the local data; `None` if there is neither a store nor a cache yet.
///
/// # Errors
/// There is a store, and it can't be read.
pub(super) async fn read(config: &Config, rows: Rows) -> Result<Option<LocalState>, Failure> {
    let now = Utc::now();
    let mut state = match &config.location {
        Location::File(path) => {
            if !path.exists() {
                return Ok(None);
            }
            let options =
                Options { lock_timeout: LOCK_TIMEOUT, ..store_options(config, IfMissing::Refuse) };
            let store = FileStore::open_read_only(path, options).await?;
            let read = read_store(&store, config, rows, now).await;
            store.close().await;
            read?
        }
        Location::Remote(remote) => {
            let Some(root) = &config.remotes else { return Ok(None) };
            let key = RemoteKey {
                name: remote.name.clone(),
                url: remote.address.to_string(),
                handle: config.me.clone(),
            };
            let token = remote.token_source().public_id_at_once();
            let Some(copy) = LocalCopy::read(root, &key, token.as_deref()).await else {
                return Ok(None);
            };
            let LocalCopy { open, ended, directory, me, as_of, entries } = copy;
            let me = me.unwrap_or_else(|| resolve_person(&config.me, &directory));
            LocalState { open, ended, directory, me, as_of, unsent: entries }
        }
    };
    state.open.sort_by_cached_key(|row| urgency_key(row, now, &config.rules.levels));
    Ok(Some(state))
}

async fn read_store(
    store: &FileStore,
    config: &Config,
    rows: Rows,
    now: DateTime<Utc>,
) -> Result<LocalState, BackendError> {
    let open = store.changes(None, Duration::ZERO).await?.rows;
    let directory = store.directory().await?;
    let ended = match rows {
        Rows::Open => Vec::new(),
        Rows::OpenAndEnded => {
            let search = Search {
                filter: "is:ended".parse::<Filter>().unwrap_or_default(),
                me: None,
                sort: Sort::Newest,
                limit: MAX_ENDED,
                after: None,
                now,
            };
            store.search(&search).await?.rows
        }
    };
    let me = resolve_person(&config.me, &directory);
    Ok(LocalState { open, ended, directory, me, as_of: None, unsent: Vec::new() })
}
