//! Reasons why a store can't be opened.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::{StoreFault, StoreFaultKind, display_path};
use super::refusal::StoreRefusal;
use crate::backend::Cause;

/// The reasons for which a store can't be opened. Displayed as a sentence that names the file and a
/// remedy.
#[derive(Debug)]
pub enum OpenError {
    /// The file does not exist, and the options do not allow creating it.
    Missing(PathBuf),
    /// The path is a symbolic link to a file that does not exist.
    MissingTarget {
        /// The path of the link.
        link: PathBuf,
        /// The file that it leads to.
        target: PathBuf,
    },
    /// The file can't be opened for any other reason.
    Refused(Cause),
}

impl OpenError {
    /// Returns the error for a file that is not used as a store.
    pub(super) fn refused(refusal: StoreRefusal) -> Self {
        Self::Refused(Cause::new(refusal))
    }

    /// Returns the error for a fault of the store that is opened.
    pub(super) fn fault(path: &Path, kind: StoreFaultKind) -> Self {
        Self::Refused(Cause::new(StoreFault { path: path.to_owned(), kind }))
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(
                f,
                "{} does not exist: declare or import an incident, or name another file",
                display_path(path)
            ),
            Self::MissingTarget { link, target } => write!(
                f,
                "{} is a link, and its target {} is missing: declare or import an incident, put the \
                 target back, or name another file",
                display_path(link),
                display_path(target)
            ),
            Self::Refused(cause) => cause.fmt(f),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Missing(_) | Self::MissingTarget { .. } => None,
            Self::Refused(cause) => cause.as_error(),
        }
    }
}
