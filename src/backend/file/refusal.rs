//! Reasons why a file is not opened, made, migrated or put back as a store.

use std::path::PathBuf;
use std::{fmt, io};

use sqlx::migrate::MigrateError;

use super::error::display_path;
use crate::backend::Cause;
use crate::files::io_error_text;

/// A reason why a file is not used as a store. Displayed as a sentence that names the file and a
/// remedy.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the names and the sentences say it")]
pub enum StoreRefusal {
    #[error("{} is no redphone store: name another file", display_path(.0))]
    NoStore(PathBuf),
    #[error("{} is a folder: name a file in it", display_path(.0))]
    Folder(PathBuf),
    #[error("{} is not a plain file: name another one", display_path(.0))]
    NotPlainFile(PathBuf),
    #[error("{} is under something that is not a folder: name another", display_path(.0))]
    ParentIsNoFolder(PathBuf),
    #[error("{} can't be looked at ({}): check its folder", display_path(.path), io_error_text(.source))]
    NoMetadata { path: PathBuf, source: io::Error },
    #[error(
        "{} can't be read ({}): make it readable for you", display_path(.path), io_error_text(.source)
    )]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "{} is in use or was left in the middle, and its files -wal and -shm can't be read: make \
         them readable for you, or let its owner open it once",
        display_path(.path)
    )]
    LogUnreadable { path: PathBuf, source: sqlx::Error },
    #[error(
        "{} is not a redphone store, nor any SQLite file: name another file", display_path(.0)
    )]
    NoDatabase(PathBuf),
    #[error(
        "{} belongs to another program, it is not a redphone store: name another file",
        display_path(.0)
    )]
    OtherProgram(PathBuf),
    #[error(
        "{} is read-only: make it writable for you, or look at it with --read-only",
        display_path(.0)
    )]
    FileReadOnly(PathBuf),
    #[error(
        "{} is read-only, and {} needs files beside it: make the folder writable for you, or look \
         at it with --read-only",
        display_path(.folder),
        display_path(.file)
    )]
    FolderReadOnly { folder: PathBuf, file: PathBuf },
    #[error(
        "{} was being put back from a backup, and that was interrupted: run redphone list once, \
         which puts it in order",
        display_path(.0)
    )]
    RestoreInterrupted(PathBuf),
    #[error(
        "{} is being brought up to date, or that was interrupted: wait until it is done, or open \
         it once without --read-only",
        display_path(.0)
    )]
    MigrationUnfinished(PathBuf),
    #[error(
        "{} was written by an older redphone or is empty, and reading alone does not bring it up \
         to date: open it once without --read-only",
        display_path(.0)
    )]
    OldOrEmpty(PathBuf),
    #[error(
        "{} was written by a newer redphone (version {version} of the file, this one knows \
         {newest}): update redphone, it was left as it is",
        display_path(.path)
    )]
    Newer { path: PathBuf, version: i64, newest: i64 },
    #[error("{} can't be brought up to date ({source})", display_path(.path))]
    Migration { path: PathBuf, source: MigrateError },
    #[error("{} can't be brought up to date, others change it meanwhile: end them", display_path(.0))]
    Changing(PathBuf),
    #[error("{0}")]
    Store(Cause),
    #[error(
        "{} is of an older version: bring it up to date first, with redphone doctor --migrate \
         --rebuild",
        display_path(.0)
    )]
    OutdatedForRebuild(PathBuf),
    #[error("{} is empty, there is nothing to check: name another file", display_path(.0))]
    NothingToCheck(PathBuf),
    #[error(
        "{} is not there, and {} still has what was written to it last: put the store back, or \
         move that file away",
        display_path(.path),
        display_path(.log)
    )]
    LogWithoutStore { path: PathBuf, log: PathBuf },
    #[error(
        "{} can't be brought up to date, a file beside it can't be made ({}): check its folder",
        display_path(.path),
        io_error_text(.source)
    )]
    MigrationLock { path: PathBuf, source: io::Error },
    #[error(
        "{} can't be brought up to date, its copy {} can't be made ({}): nothing was changed",
        display_path(.path),
        display_path(.copy),
        io_error_text(.source)
    )]
    MigrationCopy { path: PathBuf, copy: PathBuf, source: io::Error },
    #[error(
        "{} is of an older version, and bringing it up to date needs {} of free disk in {} for a \
         copy and to work; {} are free: free some and start again, nothing was changed",
        display_path(.path),
        .needed,
        display_path(.folder),
        .free
    )]
    NoRoomToMigrate { path: PathBuf, folder: PathBuf, needed: Bytes, free: Bytes },
    #[error(
        "{} can't be {} ({}): {}",
        display_path(.path),
        .action,
        io_error_text(.source),
        advice(.source)
    )]
    BackupFile { path: PathBuf, action: BackupAction, source: io::Error },
    #[error("{} has a name that is no UTF-8: name another", display_path(.0))]
    NameIsNoText(PathBuf),
    #[error(
        "the disk that should hold {} is full: free some space or name another file",
        display_path(.path)
    )]
    BackupDiskFull { path: PathBuf, cause: Cause },
    #[error("the path of the store is empty: name a file")]
    NoName,
    #[error(
        "a store is a file, and {} would be lost at the end: name a file, or try things out with \
         redphone demo",
        display_path(.0)
    )]
    InMemory(PathBuf),
    #[error("{} is a URI: name the file by its path alone", display_path(.0))]
    Uri(PathBuf),
    #[error(
        "the disk that should hold {} is full: free some space and try again", display_path(.path)
    )]
    NoRoomToCreate { path: PathBuf, source: io::Error },
    #[error(
        "{} can't be made: its folder is not writable for you; name another", display_path(.path)
    )]
    FolderNotWritable { path: PathBuf, source: io::Error },
    #[error(
        "{} can't be made ({}): check its folder or name another",
        display_path(.path),
        io_error_text(.source)
    )]
    NotCreated { path: PathBuf, source: io::Error },
    #[error("what was read can't be written ({0})")]
    SalvageSink(Cause),
    #[error("{} exists: name another file, or give --force", display_path(.0))]
    BackupExists(PathBuf),
    #[error("{} is the store itself: name a backup", display_path(.0))]
    BackupIsStore(PathBuf),
    #[error("{} is empty, it is no backup: name another file", display_path(.0))]
    BackupEmpty(PathBuf),
    #[error(
        "{} is open: end the panes, the server and whatever else uses it, and try again",
        display_path(.0)
    )]
    StoreInUse(PathBuf),
    #[error("{} is being put back from a backup: wait until that is done", display_path(.0))]
    RestoreRunning(PathBuf),
    #[error(
        "{} can't be put back or left as it was ({}): {}",
        display_path(.path),
        io_error_text(.source),
        folder_advice(.source)
    )]
    RestoreJournal { path: PathBuf, source: io::Error },
}

/// The operation of a backup or a restore on a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum BackupAction {
    Read,
    Written,
    #[strum(serialize = "kept aside")]
    SetAside,
}

fn is_lack_of_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn folder_advice(error: &io::Error) -> &'static str {
    if is_lack_of_space(error) { "free some space" } else { "check its folder" }
}

fn advice(error: &io::Error) -> &'static str {
    if is_lack_of_space(error) {
        "free some space"
    } else {
        "check the file and its folder, or name another"
    }
}

/// A number of bytes, displayed in the unit that fits and rounded up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..1_000_000 => write!(f, "{} kB", self.0.div_ceil(1000)),
            1_000_000..10_000_000_000 => write!(f, "{} MB", self.0.div_ceil(1_000_000)),
            _ => write!(f, "{} GB", self.0.div_ceil(1_000_000_000)),
        }
    }
}
