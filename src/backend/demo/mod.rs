//! A file store with a simulated company on it.
//!
//! The company and its history are the same for the same seed, size and time: people, teams,
//! services, changes, problems, and incidents over eighteen months that end with a queue of open
//! ones. [`Demo::simulate`] lets the company go on living.

mod cases;
mod causes;
mod chronic;
mod company;
mod dice;
mod episode;
mod faults;
mod history;
mod open_incidents;
mod rhythm;
mod simulation;
mod story;
mod templates;

#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use crate::model::directory::Directory;
use crate::model::{EventBody, PersonRef, Rules};

use super::file::{self, FileStore, ImportError, OpenError};
use super::record::Record;
use super::{Backend, BackendError, Search};

use company::{Company, VIEWER};
use dice::{Dice, Stream};
use history::{History, HistoryOptions};
use simulation::Simulation;

/// Incidents in a demo that nobody gave a number for.
pub const INCIDENTS: u32 = 2400;
/// The name for the state line.
const NAME: &str = "demo";

/// What the simulated company is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The same seed, incidents and time give the same records.
    pub seed: u64,
    /// At 1 something happens every few seconds, at 2 twice as often; at 0 nothing does.
    pub speed: f64,
    /// How many incidents there are, the open ones included.
    pub incidents: u32,
    /// How many are open; `None` for one in 200, but at least 20. Never more than there are.
    pub open: Option<u32>,
    /// When history ends.
    pub now: DateTime<Utc>,
    /// The store to use and keep; `None` for a temporary one.
    pub path: Option<PathBuf>,
    /// The rules in force.
    pub rules: Rules,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            incidents: INCIDENTS,
            open: None,
            now: Utc::now(),
            path: None,
            rules: Rules::default(),
        }
    }
}

impl Options {
    fn open(&self) -> u32 {
        self.open.unwrap_or_else(|| (self.incidents / 200).max(20)).min(self.incidents)
    }
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No temporary folder.
    #[error("no temporary folder can be made: {0}; set TMPDIR to a folder that can be written to")]
    Folder(#[source] std::io::Error),
    /// Its store can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store to keep is somebody's own: nothing invented is put into it.
    #[error("{0} holds records that are not a demo's: name another file to keep the demo in")]
    Foreign(String),
    /// Its store does not take the history in.
    #[error("the demo's history can't be stored: {0}")]
    Import(#[from] ImportError),
    /// Its store fails.
    #[error(transparent)]
    Store(#[from] BackendError),
}

/// A store with a company in it.
pub struct Demo {
    /// The store; temporary unless it was to be kept.
    pub store: FileStore,
    /// Who looks at it.
    pub me: PersonRef,
    company: Company,
    rules: Rules,
    speed: f64,
    seed: u64,
    /// Removed when the demo is dropped.
    _folder: Option<TempDir>,
}

/// Opens the demo, and fills its store unless a demo is in it already.
///
/// `progress` is told how many incidents are done, and of how many; not for each single one. The
/// history is stored in one transaction: when the future is dropped, nothing of it stays.
///
/// # Errors
/// [`DemoError`], in a sentence.
pub async fn open(
    options: Options,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Demo, DemoError> {
    let (store, folder) = open_store(&options).await?;
    if is_new(&store, options.now).await? {
        seed_store(&store, &options, progress).await?;
    }
    finish(store, folder, options).await
}

/// Opens a demo whose company has no history yet.
///
/// # Errors
/// [`DemoError`], in a sentence.
pub async fn open_empty(options: Options) -> Result<Demo, DemoError> {
    let (store, folder) = open_store(&options).await?;
    if is_new(&store, options.now).await? {
        store.set_directory(&Company::at(options.now).directory).await?;
    }
    finish(store, folder, options).await
}

/// Where the store is.
async fn open_store(options: &Options) -> Result<(FileStore, Option<TempDir>), DemoError> {
    let (path, folder) = if let Some(path) = &options.path {
        (path.clone(), None)
    } else {
        let folder = tempfile::Builder::new()
            .prefix("redphone-demo-")
            .tempdir()
            .map_err(DemoError::Folder)?;
        (folder.path().join("demo.db"), Some(folder))
    };
    let store = file::Options {
        name: NAME.into(),
        rules: options.rules.clone(),
        overlay: Directory::default(),
        create: true,
        lock_timeout: Duration::from_secs(10),
    };
    Ok((FileStore::open(&path, store).await?, folder))
}

/// Whether there is nothing in the store yet. What is in it must be a demo's.
async fn is_new(store: &FileStore, now: DateTime<Utc>) -> Result<bool, DemoError> {
    let directory = store.directory().await?;
    if directory == Directory::default() && is_empty(store, now).await? {
        return Ok(true);
    }
    if company::is_demo(&directory) {
        return Ok(false);
    }
    Err(DemoError::Foreign(store.path().display().to_string()))
}

async fn is_empty(store: &FileStore, now: DateTime<Utc>) -> Result<bool, BackendError> {
    let any = Search {
        // Open ones only if this were not understood, which a test would tell.
        filter: "is:any".parse().unwrap_or_default(),
        me: None,
        sort: crate::model::queue::Sort::Newest,
        limit: 1,
        after: None,
        now,
    };
    Ok(store.search(&any).await?.rows.is_empty())
}

/// Fills the store in one transaction.
async fn seed_store(
    store: &FileStore,
    options: &Options,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(), DemoError> {
    /// Incidents between two calls of `progress`.
    const STEP: u64 = 100;
    let of = u64::from(options.incidents);
    let history = History::new(HistoryOptions {
        seed: options.seed,
        incidents: of,
        open: u64::from(options.open()),
        now: options.now,
        rules: options.rules.clone(),
    });
    let mut importer = store.importer().await?;
    let mut done = 0;
    for record in history {
        let declares = matches!(
            &record, Record::Event(event) if matches!(event.body, EventBody::Declared { .. })
        );
        importer.add(record).await?;
        if declares {
            done += 1;
            if done % STEP == 0 {
                progress(done, of);
                // Whoever waits may want to stop.
                tokio::task::yield_now().await;
            }
        }
    }
    importer.commit().await?;
    progress(done, of);
    Ok(())
}

async fn finish(
    store: FileStore,
    folder: Option<TempDir>,
    options: Options,
) -> Result<Demo, DemoError> {
    let company = Company::from_directory(store.directory().await?);
    let people = &company.directory;
    let me = people.person(VIEWER).or_else(|| people.people.first()).cloned();
    Ok(Demo {
        store,
        me: me.unwrap_or_else(|| PersonRef::new("you", "You")),
        company,
        rules: options.rules,
        speed: options.speed,
        seed: options.seed,
        _folder: folder,
    })
}

impl Demo {
    /// The company goes on living until the future is dropped: alerts arrive, others answer them.
    /// Incidents that [`Demo::me`] leads get alerts only.
    pub async fn simulate(&self) {
        let dice = Dice::new(self.seed, Stream::Simulation);
        let me = &self.me.handle;
        Simulation::new(&self.store, &self.company, &self.rules, me, self.speed, dice).run().await;
    }
}
