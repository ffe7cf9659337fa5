//! Errors of the store, and their sentences, which name the file and a remedy.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use chrono::Utc;

use super::read_only::{ReadOnlyReason, is_disk_full};
use crate::backend::{BackendError, Cause, Missing};
use crate::model::IncidentId;
use crate::model::check::BadField;
use crate::model::text::sanitize;

/// The kinds of `SQLite` errors that the store distinguishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SqliteFault {
    /// Another process holds the lock (`SQLITE_BUSY`, `SQLITE_LOCKED`).
    Locked,
    /// The disk is full.
    Full,
    /// The file or its folder can't be written.
    ReadOnly,
    /// The file can't be opened.
    CannotOpen,
    /// Reading from or writing to the disk failed.
    Disk,
    /// The index of the write-ahead log (`-shm`) can't be made, opened or made larger.
    LogIndex,
    /// The file is damaged.
    Damaged,
    /// The file is not an `SQLite` file.
    Foreign,
    /// The schema refuses a value, such as an id that exists already.
    Constraint,
    /// A newer program has migrated the file while this one had it open, and a trigger refuses this
    /// program's writes (`SQLITE_CONSTRAINT_TRIGGER`).
    Superseded,
    /// Any error that the other kinds do not cover.
    Other,
}

/// `SQLITE_IOERR_SHMOPEN`, `SQLITE_IOERR_SHMSIZE` and `SQLITE_IOERR_SHMMAP`.
const SHM_OPEN: i32 = 4618;
const SHM_SIZE: i32 = 4874;
const SHM_MAP: i32 = 5386;
/// `SQLITE_CONSTRAINT_TRIGGER`. All triggers that refuse something refuse the writes of older programs.
const CONSTRAINT_TRIGGER: i32 = 1811;

/// Returns the extended result code of `SQLite`; 0 for an error of another kind.
fn result_code(error: &sqlx::Error) -> i32 {
    error
        .as_database_error()
        .and_then(|e| e.code().and_then(|code| code.parse::<i32>().ok()))
        .unwrap_or(0)
}

/// Returns the sentence for an operation that the disk refused, by the extended result codes of
/// `SQLITE_IOERR`.
///
/// After a sync that failed nobody knows whether the disk has what was written.
fn disk_message(file: &str, code: i32) -> String {
    let operation = match code {
        266 | 522 => "could not be read from",
        778 | 1546 | 2570 => "could not be written to",
        1034 | 1290 => {
            return format!(
                "the disk that holds {file} could not store what was written, and may have it all \
                 the same: check the disk, and see what is stored before you try again"
            );
        }
        _ => "failed",
    };
    format!("the disk that holds {file} {operation}: check the disk, then try again")
}

/// Classifies an error of the driver by `SQLite`'s result codes
/// (<https://www.sqlite.org/rescode.html>).
pub(super) fn classify(error: &sqlx::Error) -> SqliteFault {
    if let sqlx::Error::Io(_) = error {
        return SqliteFault::Disk;
    }
    let code = result_code(error);
    match code & 0xff {
        5 | 6 => SqliteFault::Locked,
        8 => SqliteFault::ReadOnly,
        10 if matches!(code, SHM_OPEN | SHM_SIZE | SHM_MAP) => SqliteFault::LogIndex,
        10 => SqliteFault::Disk,
        11 => SqliteFault::Damaged,
        13 => SqliteFault::Full,
        14 => SqliteFault::CannotOpen,
        19 if code == CONSTRAINT_TRIGGER => SqliteFault::Superseded,
        19 => SqliteFault::Constraint,
        26 => SqliteFault::Foreign,
        _ => SqliteFault::Other,
    }
}

/// Returns whether an error means that the files next to the store can't be created or extended,
/// which does not prevent reading: the disk is full, they can't be created, or the index of the log
/// can't.
pub(super) fn is_lack_of_room(error: &sqlx::Error) -> bool {
    matches!(classify(error), SqliteFault::Full | SqliteFault::CannotOpen | SqliteFault::LogIndex)
}

/// Formats a path for display, without characters that could harm a terminal.
pub(super) fn display_path(path: &Path) -> String {
    sanitize(path.display().to_string()).into_string()
}

/// Returns the sentence for an error of the driver.
pub(super) fn error_message(path: &Path, error: &sqlx::Error) -> String {
    let file = display_path(path);
    match classify(error) {
        SqliteFault::Locked => {
            format!("{file} is locked by another process: try again when it has finished")
        }
        SqliteFault::Full => {
            format!("the disk that holds {file} is full: free some space and try again")
        }
        // A file that can't be created is often one for which there is no space.
        SqliteFault::CannotOpen | SqliteFault::LogIndex | SqliteFault::Disk
            if is_disk_full(path) =>
        {
            format!("the disk that holds {file} is full: free some space and try again")
        }
        SqliteFault::LogIndex => format!(
            "the files next to {file} can't be made: its disk is full, a quota is used up, or the \
             disk failed; free some space or check the disk"
        ),
        SqliteFault::ReadOnly => {
            format!("{file} can't be written: make it and its folder writable for you")
        }
        SqliteFault::CannotOpen => {
            format!("{file} can't be opened: check that you may read and write it and its folder")
        }
        SqliteFault::Disk => disk_message(&file, result_code(error)),
        SqliteFault::Superseded => format!(
            "{file} was brought up to date by a newer redphone while this one had it open: update \
             redphone if that is not done yet, and start this one again"
        ),
        SqliteFault::Damaged => damaged_message(path, &error.to_string()),
        SqliteFault::Foreign => {
            format!("{file} is not a redphone store, nor any SQLite file: choose another file")
        }
        SqliteFault::Constraint | SqliteFault::Other => {
            format!("{file} can't be used ({error}): check it with `redphone doctor`")
        }
    }
}

/// Returns the sentence for a path that no longer names the file that was opened. `replaced` is
/// whether it names another file now.
pub(super) fn moved_message(path: &Path, replaced: bool) -> String {
    let file = display_path(path);
    if replaced {
        format!("{file} was replaced by another file while it was open: open it again")
    } else {
        format!("{file} is not there: it was moved away or removed, put it back")
    }
}

/// Returns the sentence for a damaged file.
pub(super) fn damaged_message(path: &Path, detail: &str) -> String {
    let file = display_path(path);
    format!(
        "{file} is damaged ({}) and was left as it is: `redphone doctor` says what can be read \
         and saves it into a new file",
        sanitize(detail)
    )
}

/// A fault of a store, with the file that it concerns. Displayed as a sentence that names the file
/// and a remedy.
#[derive(Debug)]
pub struct StoreFault {
    /// The path that the store was opened with.
    pub path: PathBuf,
    /// The fault itself, with its cause if there is one.
    pub kind: StoreFaultKind,
}

/// The faults of a store.
#[derive(Debug)]
pub enum StoreFaultKind {
    /// An error of `SQLite` or of the driver.
    Sql(sqlx::Error),
    /// The content of the file is invalid.
    Damaged(Cause),
    /// The path no longer names the file that was opened.
    Moved {
        /// Whether it names another file now.
        replaced: bool,
    },
    /// The store was opened only for reading.
    ReadOnly(ReadOnlyReason),
    /// A task of the store panicked, which is a bug of the program and no damage of the file.
    Panicked(Panicked),
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            StoreFaultKind::Sql(error) => f.write_str(&error_message(&self.path, error)),
            StoreFaultKind::Damaged(what) => {
                f.write_str(&damaged_message(&self.path, &what.to_string()))
            }
            StoreFaultKind::Moved { replaced } => {
                f.write_str(&moved_message(&self.path, *replaced))
            }
            StoreFaultKind::ReadOnly(reason) => {
                f.write_str(&reason.message(&display_path(&self.path)))
            }
            StoreFaultKind::Panicked(panicked) => {
                write!(f, "{}: {panicked}", display_path(&self.path))
            }
        }
    }
}

impl StoreFault {
    /// Returns the sentence for people who may not read the store: it names no file, and contains
    /// no text of the driver.
    #[must_use]
    pub fn public_message(&self) -> &'static str {
        match &self.kind {
            StoreFaultKind::Sql(error) => match classify(error) {
                SqliteFault::Locked => "the store is locked: try again in a moment",
                SqliteFault::Full => "the disk of the store is full: free some space and try again",
                SqliteFault::ReadOnly => "the store can't be written: tell who runs the server",
                SqliteFault::CannotOpen => "the store can't be opened: tell who runs the server",
                SqliteFault::Disk => "the disk of the store failed: tell who runs the server",
                SqliteFault::LogIndex => {
                    "the disk of the store is full or failed: tell who runs the server"
                }
                SqliteFault::Superseded => {
                    "the server is older than its store and must be started again: tell who runs it"
                }
                SqliteFault::Damaged | SqliteFault::Foreign => {
                    "the store is damaged: tell who runs the server"
                }
                SqliteFault::Constraint | SqliteFault::Other => {
                    "the store can't be used: tell who runs the server"
                }
            },
            StoreFaultKind::Damaged(_) => "the store is damaged: tell who runs the server",
            StoreFaultKind::Moved { .. } => "the store is not there: tell who runs the server",
            StoreFaultKind::ReadOnly(reason) if reason.is_temporary() => {
                "the disk of the store is full or failed: tell who runs the server"
            }
            StoreFaultKind::ReadOnly(ReadOnlyReason::Newer { .. }) => {
                "the server is older than its store: tell who runs it"
            }
            StoreFaultKind::ReadOnly(ReadOnlyReason::SeveralNames(_)) => {
                "the store can't be written: tell who runs the server"
            }
            StoreFaultKind::ReadOnly(_) => "the store is read-only: nothing can be changed",
            StoreFaultKind::Panicked(_) => {
                "the server failed in the middle: the same command may be sent again"
            }
        }
    }

    /// Returns whether the fault concerns every write, and not one record or one command alone.
    #[must_use]
    pub fn stops_writes(&self) -> bool {
        match &self.kind {
            StoreFaultKind::Sql(error) => {
                !matches!(classify(error), SqliteFault::Constraint | SqliteFault::Other)
            }
            StoreFaultKind::Moved { .. } => true,
            StoreFaultKind::ReadOnly(reason) => !matches!(reason, ReadOnlyReason::Requested),
            StoreFaultKind::Damaged(_) | StoreFaultKind::Panicked(_) => false,
        }
    }
}

impl Error for StoreFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            StoreFaultKind::Sql(error) => Some(error),
            StoreFaultKind::Damaged(what) => what.as_error(),
            StoreFaultKind::Panicked(panicked) => Some(panicked),
            StoreFaultKind::ReadOnly(ReadOnlyReason::NoRoom(cause)) => cause.as_error(),
            StoreFaultKind::Moved { .. } | StoreFaultKind::ReadOnly(_) => None,
        }
    }
}

impl From<StoreFault> for BackendError {
    fn from(fault: StoreFault) -> Self {
        match &fault.kind {
            StoreFaultKind::Sql(error) => match classify(error) {
                SqliteFault::Locked
                | SqliteFault::Full
                | SqliteFault::ReadOnly
                | SqliteFault::CannotOpen
                | SqliteFault::LogIndex
                | SqliteFault::Superseded
                | SqliteFault::Disk => Self::unreachable(fault),
                SqliteFault::Damaged
                | SqliteFault::Foreign
                | SqliteFault::Constraint
                | SqliteFault::Other => Self::broken(fault),
            },
            StoreFaultKind::Damaged(_) => Self::broken(fault),
            StoreFaultKind::Moved { .. } | StoreFaultKind::Panicked(_) => Self::unreachable(fault),
            StoreFaultKind::ReadOnly(reason) if reason.is_temporary() => Self::unreachable(fault),
            StoreFaultKind::ReadOnly(_) => Self::not_allowed(fault),
        }
    }
}

/// A task of the store panicked, which is a bug of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the program failed in the middle, and its log says why: {advice}")]
pub struct Panicked {
    /// The remedy, as the end of a sentence.
    pub advice: &'static str,
}

/// All numbers of incidents are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store has given out all its numbers: begin a new one")]
pub struct OutOfNumbers;

/// An export can't be written.
#[derive(Debug, thiserror::Error)]
#[error("the export can't be written: {0}")]
pub struct ExportFault(#[from] io::Error);

/// An error inside the store, before it is known which file it concerns.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// An error of `SQLite` or of the driver.
    #[error(transparent)]
    Sql(sqlx::Error),
    /// The content of the file is invalid.
    #[error("{0}")]
    Content(Cause),
    /// An answer for the caller, such as a rejection; the store itself has not failed.
    #[error(transparent)]
    Answer(#[from] BackendError),
}

impl From<sqlx::Error> for StoreError {
    /// Treats a value that does not have its column's type as damaged content, not as an error of
    /// `SQLite`.
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Content(Cause::new(error))
            }
            other => Self::Sql(other),
        }
    }
}

impl StoreError {
    /// Converts this error into the error that callers of the backend get.
    pub(super) fn into_backend_error(self, path: &Path) -> BackendError {
        let kind = match self {
            Self::Sql(error) => StoreFaultKind::Sql(error),
            Self::Content(what) => StoreFaultKind::Damaged(what),
            Self::Answer(answer) => return answer,
        };
        StoreFault { path: path.to_owned(), kind }.into()
    }

    /// Returns the error for invalid content, with a short description.
    pub(super) fn content(detail: impl Into<Cause>) -> Self {
        Self::Content(detail.into())
    }

    /// Returns the error for content that can't be decoded or encoded.
    pub(super) fn invalid(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Content(Cause::new(error))
    }
}

/// Returns the error for a record that has an invalid field.
pub(super) fn reject_bad_field(bad: BadField) -> StoreError {
    BackendError::rejected(bad.into(), Utc::now()).into()
}

/// Returns the error for an incident that does not exist.
pub(super) fn no_such_incident(id: IncidentId) -> StoreError {
    BackendError::NotFound(Missing::IncidentId(id)).into()
}

/// A result inside the store.
pub(super) type StoreResult<T> = Result<T, StoreError>;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::disk_message;

    #[rstest]
    #[case::a_write(
        778,
        "the disk that holds a.db could not be written to: check the disk, then try again"
    )]
    #[case::a_sync(
        1034,
        "the disk that holds a.db could not store what was written, and may have it all the same: check the disk, and see what is stored before you try again"
    )]
    #[case::another(10, "the disk that holds a.db failed: check the disk, then try again")]
    fn failed_sync_is_not_said_to_have_stored_nothing(#[case] code: i32, #[case] expected: &str) {
        assert_eq!(disk_message("a.db", code), expected);
    }
}
