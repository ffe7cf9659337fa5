//! Reasons why a store is opened only for reading, and how that is found out.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::connect::parent_folder;
use crate::backend::Cause;

/// The bytes that a disk needs so that a store on it can be written at all.
const MIN_FREE_BYTES: u64 = 64 * 1024;

/// The reason why a store is opened only for reading.
#[derive(Clone, Debug)]
pub enum ReadOnlyReason {
    /// It was requested.
    Requested,
    /// The file has more than one name, this many (hard links). `SQLite` has a write-ahead log for
    /// each name, and writes through one of them are lost for the others.
    SeveralNames(u64),
    /// The files next to the store can't be created or extended; the cause gives the reason:
    /// usually the disk is full.
    NoRoom(Cause),
    /// A later version has written to it.
    Newer {
        /// The version of the schema that a program must support to write to it.
        needed: i64,
        /// The version that this program supports.
        newest: i64,
    },
}

impl ReadOnlyReason {
    /// Returns the reason for which the file must not be written although this user may write it.
    pub(super) fn from_file(path: &Path) -> Option<Self> {
        let names = fs::metadata(path).ok()?.nlink();
        (names > 1).then_some(Self::SeveralNames(names))
    }

    /// Returns whether it was requested to open the store only for reading.
    pub(super) fn is_requested(&self) -> bool {
        matches!(self, Self::Requested)
    }

    /// Returns whether the store may become writable without anybody opening it again.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(self, Self::NoRoom(_))
    }

    /// Returns the sentence for a refused write. `file` is the path of the store for display.
    pub(super) fn message(&self, file: &str) -> String {
        match self {
            Self::Requested => format!(
                "{file} was opened read-only: open it without --read-only to change something"
            ),
            Self::SeveralNames(names) => format!(
                "{file} has {names} names (hard links), and what is written through one is lost for \
                 the others: remove the others, or write to a copy of it"
            ),
            Self::NoRoom(cause) => cause.to_string(),
            Self::Newer { needed, newest } => format!(
                "{file} can only be read, because a newer redphone has written to it (version \
                 {needed} of the file, this one knows {newest}): update redphone to change something"
            ),
        }
    }
}

/// Returns whether the disk that holds a file has no room, or no room for one more file.
pub(super) fn is_disk_full(path: &Path) -> bool {
    rustix::fs::statvfs(parent_folder(path)).is_ok_and(|disk| {
        // Some file systems have no fixed number of files, and report none.
        let no_files = disk.f_files > 0 && disk.f_favail == 0;
        no_files || disk.f_bavail.saturating_mul(disk.f_frsize) < MIN_FREE_BYTES
    })
}
