//! What `SQLite` says, in sentences that name the file and what to do.

use std::path::Path;

use crate::backend::BackendError;
use crate::model::text::sanitize;

/// What kind of failure a store had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SqliteFault {
    /// Another process holds the lock.
    Locked,
    /// No space is left.
    Full,
    /// The file or its folder can't be written.
    ReadOnly,
    /// The file can't be opened.
    CannotOpen,
    /// The disk failed.
    Disk,
    /// The file is damaged.
    Damaged,
    /// It is no `SQLite` file.
    Foreign,
    /// A value that the schema refuses, such as an id that is there already.
    Constraint,
    /// Anything else.
    Other,
}

/// The fault behind an error of the driver, by `SQLite`'s result codes
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

/// A path as it may be shown.
pub(super) fn display_path(path: &Path) -> String {
    sanitize(&path.display().to_string()).into_owned()
}

/// The sentence for a fault.
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

/// The sentence for a file that is not the one that was opened; `replaced` where another is there.
pub(super) fn moved_message(path: &Path, replaced: bool) -> String {
    let file = display_path(path);
    if replaced {
        format!("{file} was replaced by another file while it was open: open it again")
    } else {
        format!("{file} is not there: it was moved away or removed, put it back")
    }
}

/// The sentence for a damaged file.
pub(super) fn damaged_message(path: &Path, what: &str) -> String {
    let file = display_path(path);
    format!(
        "{file} is damaged ({}) and was left as it is: `redphone doctor` says what can be read \
         and saves it into a new file",
        sanitize(what)
    )
}

/// What callers of the backend are told.
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

/// A failure inside the store, before the file's name is added.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// `SQLite` or the driver.
    #[error(transparent)]
    Sql(sqlx::Error),
    /// Content that makes no sense.
    #[error("{0}")]
    Content(String),
    /// An answer for the caller, not a failure of the store.
    #[error(transparent)]
    Answer(#[from] BackendError),
}

impl From<sqlx::Error> for StoreError {
    /// A value that isn't of its column's type is damage, not a failure of `SQLite`.
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
    /// For callers of the backend.
    pub(super) fn into_backend_error(self, path: &Path) -> BackendError {
        match self {
            Self::Sql(error) => backend_error(path, &error),
            Self::Content(what) => BackendError::Broken(damaged_message(path, &what)),
            Self::Answer(answer) => answer,
        }
    }

    /// Content that makes no sense.
    pub(super) fn content(what: impl Into<String>) -> Self {
        Self::Content(what.into())
    }
}

/// Results inside the store.
pub(super) type StoreResult<T> = Result<T, StoreError>;
