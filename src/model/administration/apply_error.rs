//! Reasons why a change of administration can't be applied, and the role of the settings in it.

use chrono::DateTime;

use super::refusal::AdministrationRefusal;
use crate::model::bad_field::BadField;
use crate::model::directory::Directory;
use crate::model::rejection::Rejection;

/// The directory that the settings file names, which is merged over that of the store and wins.
#[derive(Clone, Copy, Debug)]
pub struct SettingsDirectory<'a> {
    /// The entries.
    pub directory: &'a Directory,
    /// The path of the file, for sentences.
    pub file: &'a str,
}

/// The reason why a change can't be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The rules refuse it.
    #[error("{}", .0.sentence(DateTime::UNIX_EPOCH))]
    Refused(Box<Rejection>),
    /// The stored directory can't be written as JSON and read again.
    #[error(transparent)]
    Directory(#[from] serde_json::Error),
}

impl From<BadField> for ApplyError {
    fn from(bad: BadField) -> Self {
        Self::Refused(Box::new(bad.into()))
    }
}

impl From<AdministrationRefusal> for ApplyError {
    fn from(refusal: AdministrationRefusal) -> Self {
        Self::Refused(Box::new(Rejection::Administration(refusal)))
    }
}
