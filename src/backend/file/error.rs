//! Errors of the store, as sentences that name the file and say what to do.

use std::path::Path;

use crate::backend::BackendError;
use crate::model::IncidentId;
use crate::model::text::sanitize;

/// The kinds of `SQLite` errors that the store tells apart.
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
    /// The file is damaged.
    Damaged,
    /// The file is not an `SQLite` file.
    Foreign,
    /// The schema refuses a value, such as an id that exists already.
    Constraint,
    /// Any other error.
    Other,
}

/// Classifies an error of the driver by `SQLite`'s result codes
/// (<https://www.sqlite.org/rescode.html>).
pub(super) fn classify(error: &sqlx::Error) -> SqliteFault {
    if let sqlx::Error::Io(_) = error {
        return SqliteFault::Disk;
    }
    let code = error
        .as_database_error()
        .and_then(|e| e.code().and_then(|code| code.parse::<i32>().ok()))
        .unwrap_or(0);
    match code & 0xff {
        5 | 6 => SqliteFault::Locked,
        8 => SqliteFault::ReadOnly,
        10 => SqliteFault::Disk,
        11 => SqliteFault::Damaged,
        13 => SqliteFault::Full,
        14 => SqliteFault::CannotOpen,
        19 => SqliteFault::Constraint,
        26 => SqliteFault::Foreign,
        _ => SqliteFault::Other,
    }
}

/// Formats a path for display, without characters that could harm a terminal.
pub(super) fn display_path(path: &Path) -> String {
    sanitize(&path.display().to_string()).into_string()
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
        SqliteFault::ReadOnly => {
            format!("{file} can't be written: make it and its folder writable for you")
        }
        SqliteFault::CannotOpen => {
            format!("{file} can't be opened: check that you may read and write it and its folder")
        }
        SqliteFault::Disk => format!("the disk that holds {file} failed ({error}): check the disk"),
        SqliteFault::Damaged => damaged_message(path, &error.to_string()),
        SqliteFault::Foreign => {
            format!("{file} is not a redphone store, nor any SQLite file: choose another file")
        }
        SqliteFault::Constraint | SqliteFault::Other => {
            format!("{file} can't be used ({error}): check it with `redphone doctor`")
        }
    }
}

/// Returns the sentence for a path that no longer names the file that was opened. `replaced` tells
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

/// Converts an error of the driver into the error that callers of the backend get.
pub(super) fn backend_error(path: &Path, error: &sqlx::Error) -> BackendError {
    let sentence = error_message(path, error);
    match classify(error) {
        SqliteFault::Locked
        | SqliteFault::Full
        | SqliteFault::ReadOnly
        | SqliteFault::CannotOpen
        | SqliteFault::Disk => BackendError::Unreachable(sentence),
        SqliteFault::Damaged
        | SqliteFault::Foreign
        | SqliteFault::Constraint
        | SqliteFault::Other => BackendError::Broken(sentence),
    }
}

/// An error inside the store, before the file's name is added to its text.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// An error of `SQLite` or of the driver.
    #[error(transparent)]
    Sql(sqlx::Error),
    /// The content of the file is invalid.
    #[error("{0}")]
    Content(String),
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
                Self::Content(error.to_string())
            }
            other => Self::Sql(other),
        }
    }
}

impl StoreError {
    /// Converts this error into the error that callers of the backend get.
    pub(super) fn into_backend_error(self, path: &Path) -> BackendError {
        match self {
            Self::Sql(error) => backend_error(path, &error),
            Self::Content(what) => BackendError::Broken(damaged_message(path, &what)),
            Self::Answer(answer) => answer,
        }
    }

    /// Returns the error for invalid content.
    pub(super) fn content(detail: impl Into<String>) -> Self {
        Self::Content(detail.into())
    }
}

/// Returns the error for an incident that does not exist.
pub(super) fn no_such_incident(id: IncidentId) -> StoreError {
    BackendError::NotFound(format!("there is no incident {id}")).into()
}

/// A result inside the store.
pub(super) type StoreResult<T> = Result<T, StoreError>;
