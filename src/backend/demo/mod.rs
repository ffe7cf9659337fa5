//! The demo: a local store with the incidents of a simulated company.
//!
//! The company and its history are the same for the same seed, size and time: people, teams,
//! services, changes, problems, and the incidents of eighteen months, some of which are still open
//! at the end.
//! [`Demo::simulate`] lets new things happen in the company.

mod chronic;
mod company;
mod contacts;
mod data;
mod dice;
mod episode;
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
use crate::model::notification::Contacts;
use crate::model::{EventBody, PersonRef, Rules};

use super::file::{self, FileStore, ImportError, OpenError};
use super::record::Record;
use super::{Backend, BackendError, Search};

use company::Company;
pub use data::DataError;
use data::DemoData;
use dice::{Dice, Stream};
use history::{History, HistoryOptions};
use simulation::Simulation;

/// The default number of incidents in a demo.
pub const INCIDENTS: u32 = 2400;
/// The name that the state line shows.
const NAME: &str = file::DEMO_NAME;

/// Options for opening a demo.
#[derive(Clone, Debug)]
pub struct Options {
    /// The seed of the random numbers. Demos with the same seed, number of incidents and time have
    /// the same records.
    pub seed: u64,
    /// The speed of the simulation. At 1 something happens every few seconds, at 2 twice as often,
    /// at 0 nothing happens.
    pub speed: f64,
    /// The number of incidents, including the open ones.
    pub incidents: u32,
    /// The number of open incidents, at most `incidents`. `None` means one in 200, but at least 20.
    pub open: Option<u32>,
    /// The time at which the history ends.
    pub now: DateTime<Utc>,
    /// The path of a store that remains after the demo; `None` for a temporary one.
    pub path: Option<PathBuf>,
    /// The rules that commands are checked against.
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

/// The reasons for which a demo can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The temporary folder can't be created.
    #[error("no temporary folder can be made: {0}; set TMPDIR to a folder that can be written to")]
    Folder(#[source] std::io::Error),
    /// The store can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store at the given path has real records, so no invented ones are added to it.
    #[error("{0} holds records that are not a demo's: name another file to keep the demo in")]
    Foreign(String),
    /// A file of the company's texts is wrong: the program has a bug.
    #[error("the demo's company can't be read: {0}")]
    Data(#[from] DataError),
    /// The history can't be imported into the store.
    #[error("the demo's history can't be stored: {0}")]
    Import(#[from] ImportError),
    /// The store can't be read or written.
    #[error(transparent)]
    Store(#[from] BackendError),
}

/// An open demo: a store with the records of a simulated company.
pub struct Demo {
    /// The store; temporary unless the options name a path.
    pub store: FileStore,
    /// The person of the company who the viewer of the demo is.
    pub me: PersonRef,
    company: Company,
    rules: Rules,
    speed: f64,
    seed: u64,
    /// The temporary folder, which is removed when the demo is dropped.
    _folder: Option<TempDir>,
}

/// Opens a demo, and fills its store unless the store has a demo already.
///
/// `progress` is called now and then with the number of incidents that are done and the total. The
/// history is stored in one transaction: if the future is dropped, nothing was stored.
///
/// # Errors
/// [`DemoError`] if the store can't be opened or filled, or has records that are not a demo's.
pub async fn open(
    options: Options,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Demo, DemoError> {
    let data = data::load()?;
    let (store, folder) = open_store(&options).await?;
    if is_new(&store, data, options.now).await? {
        seed_store(&store, data, &options, progress).await?;
    }
    finish(store, folder, data, options).await
}

/// Opens a demo of a company that has no history yet.
///
/// # Errors
/// [`DemoError`] if the store can't be opened or written, or has records that are not a demo's.
pub async fn open_empty(options: Options) -> Result<Demo, DemoError> {
    let data = data::load()?;
    let (store, folder) = open_store(&options).await?;
    if is_new(&store, data, options.now).await? {
        store.set_directory(&Company::at(data, options.now).directory).await?;
    }
    finish(store, folder, data, options).await
}

/// Opens the store: at the given path, or in a temporary folder.
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
        overlay_file: None,
        create: true,
        lock_timeout: Duration::from_secs(10),
        migration: file::MigrationObserver::default(),
        clock: file::StoreClock::default(),
    };
    Ok((FileStore::open(&path, store).await?, folder))
}

/// Returns whether the store is empty. Refuses a store with records that are not a demo's.
async fn is_new(store: &FileStore, data: &DemoData, now: DateTime<Utc>) -> Result<bool, DemoError> {
    let directory = store.directory().await?;
    if directory == Directory::default() && is_empty(store, now).await? {
        return Ok(true);
    }
    if company::is_demo(data, &directory) {
        return Ok(false);
    }
    Err(DemoError::Foreign(store.path().display().to_string()))
}

async fn is_empty(store: &FileStore, now: DateTime<Utc>) -> Result<bool, BackendError> {
    let search = Search {
        // The default, which finds open incidents only, is used if the filter can't be parsed; a
        // test would fail then.
        filter: "is:any".parse().unwrap_or_default(),
        me: None,
        sort: crate::model::queue::Sort::Newest,
        limit: 1,
        after: None,
        now,
    };
    Ok(store.search(&search).await?.rows.is_empty())
}

/// Imports the history into the store in one transaction.
async fn seed_store(
    store: &FileStore,
    data: &'static DemoData,
    options: &Options,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<(), DemoError> {
    /// The number of incidents between two calls of `progress`.
    const STEP: u64 = 100;
    let total = u64::from(options.incidents);
    let history = History::new(
        data,
        HistoryOptions {
            seed: options.seed,
            incidents: total,
            open: u64::from(options.open()),
            now: options.now,
            rules: options.rules.clone(),
        },
    );
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
                progress(done, total);
                // Lets the caller drop this future here.
                tokio::task::yield_now().await;
            }
        }
    }
    importer.commit().await?;
    progress(done, total);
    Ok(())
}

async fn finish(
    store: FileStore,
    folder: Option<TempDir>,
    data: &'static DemoData,
    options: Options,
) -> Result<Demo, DemoError> {
    let company = Company::from_directory(data, store.directory().await?);
    let people = &company.directory;
    let me = people.person(&data.company.viewer).or_else(|| people.people.first()).cloned();
    store.set_reach(contacts::reach(&people.people));
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
    /// Returns how the people of the company are reached.
    #[must_use]
    pub fn contacts(&self) -> Contacts {
        contacts::contacts(&self.company.directory.people)
    }

    /// Returns the rules that commands are checked against.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the seed of the random numbers.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns whether the simulation runs.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.speed > 0.0
    }

    /// Simulates the company until the future is dropped: alerts arrive, and people respond.
    /// Incidents that [`Demo::me`] leads only get alerts.
    pub async fn simulate(&self) {
        let dice = Dice::new(self.seed, Stream::Simulation);
        let me = &self.me.handle;
        Simulation::new(&self.store, &self.company, &self.rules, me, self.speed, dice).run().await;
    }
}
