//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use super::migrate::MigrationObserver;
use super::store_clock::StoreClock;
use crate::model::Rules;
use crate::model::directory::Directory;

/// The name of the store of a demo.
pub const DEMO_NAME: &str = "demo";

/// Options for opening a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name that the state line shows, such as `local`.
    pub name: String,
    /// The rules that commands are checked against.
    pub rules: Rules,
    /// Entries that extend the store's own directory; on a conflict these win.
    pub overlay: Directory,
    /// The settings file that names these entries, for sentences.
    pub overlay_file: Option<PathBuf>,
    /// Whether to create the file and its folder if they are missing.
    pub create: bool,
    /// How long to wait for a lock that another process holds.
    pub lock_timeout: Duration,
    /// The observer of the migration's progress, if the store is of an older version.
    pub migration: MigrationObserver,
    /// The clock by which events are recorded.
    pub clock: StoreClock,
}
