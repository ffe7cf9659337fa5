//! Reports the progress of a migration to the program that opens the store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The progress of a migration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MigrationStage {
    /// Another process is doing it.
    Waiting,
    /// A copy of the store as it was is being made.
    Copying {
        /// The path of the copy.
        copy: PathBuf,
    },
    /// Incidents are being brought up to date.
    Working {
        /// How many of them are.
        done: u64,
        /// The total number.
        total: u64,
    },
    /// The texts of incidents are being indexed for searches by words.
    Indexing {
        /// How many of them are.
        done: u64,
        /// The total number.
        total: u64,
    },
    /// The store is up to date.
    Done {
        /// The path of the copy, if this process made one.
        copy: Option<PathBuf>,
    },
}

type Observe = dyn Fn(&Path, &MigrationStage) + Send + Sync;

/// The callback for each stage. The default does nothing.
#[derive(Clone, Default)]
pub struct MigrationObserver(Option<Arc<Observe>>);

impl MigrationObserver {
    /// Creates an observer that calls `observe` with the path of the store and the stage.
    pub fn new(observe: impl Fn(&Path, &MigrationStage) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observe)))
    }

    pub(super) fn report(&self, path: &Path, stage: &MigrationStage) {
        if let Some(observe) = &self.0 {
            observe(path, stage);
        }
    }
}

impl fmt::Debug for MigrationObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MigrationObserver").field(&self.0.is_some()).finish()
    }
}
