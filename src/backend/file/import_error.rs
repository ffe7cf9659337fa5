//! Reasons why a record can't be imported.

use super::command_identity::digest_from_text;
use super::row::NUMBERS_END;
use crate::backend::BackendError;
use crate::backend::record::{FORMAT, VERSION};
use crate::model::check::{BadField, FieldProblem};
use crate::model::incident::TimelineError;
/// The reasons for which a record can't be imported.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImportError {
    /// A field of the record is invalid. The import can continue without the record.
    #[error("{field}: {problem}")]
    Invalid {
        /// The name of the field.
        field: &'static str,
        /// The error of its value.
        #[source]
        problem: RecordProblem,
    },
    /// The store failed; no further record can be added.
    #[error(transparent)]
    Store(#[from] BackendError),
}

/// The error of a field of a record. Displayed as the error and the remedy: the part of a sentence
/// that follows the field's name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordProblem {
    /// The value is one that no command could have written.
    #[error(transparent)]
    Field(#[from] FieldProblem),
    /// The header is that of another program.
    #[error("is not \"{FORMAT}\": this is no export of a store")]
    ForeignFormat,
    /// The digest of a command is none.
    #[error("is not 32 hexadecimal digits")]
    NoDigest,
    /// The header has a version that does not exist yet.
    #[error("is {version}, this redphone knows {VERSION}: update redphone")]
    NewerVersion {
        /// The version of the header.
        version: u32,
    },
    /// Events between this one and the last one are missing.
    #[error("is {seq}, but event {last} of {label} was the last: one is missing")]
    Gap {
        /// The position of the event.
        seq: u32,
        /// The position of the last event before it.
        last: u32,
        /// The incident, as messages name it.
        label: String,
    },
    /// A declaration is not the first event of its incident.
    #[error("declares an incident that is declared already")]
    DeclaredTwice,
    /// The incident could not be loaded again.
    #[error("is gone")]
    IncidentNotLoaded,
    /// The store has no such incident.
    #[error("is of no incident of the store: its incident must stand before it")]
    NoIncident,
    /// The event does not follow the last one.
    #[error(transparent)]
    NotNext(#[from] TimelineError),
    /// The incident's first event is not the first.
    #[error("is {seq}, but this incident has no event 1")]
    NoFirstEvent {
        /// The position of the event.
        seq: u32,
    },
    /// The incident's first event declares nothing.
    #[error("is not a declaration: a timeline begins with one")]
    NoDeclaration,
    /// The number of the incident can't be stored.
    #[error("is {number}: it must lie from 1 to {}", NUMBERS_END - 1)]
    NumberOutOfRange {
        /// The number in the declaration.
        number: u64,
    },
    /// Another incident has the number.
    #[error("INC-{number} is another incident's already: --renumber gives each a new one")]
    NumberInUse {
        /// The number in the declaration.
        number: u64,
    },
    /// Another event has the id.
    #[error("is the id of another event: each event needs its own")]
    DuplicateId,
    /// The store has another event at this position.
    #[error("is {seq}, and the store has another event there: the two histories differ")]
    HistoriesDiffer {
        /// The position of the event.
        seq: u32,
    },
}

/// Returns the error of a field.
pub(super) fn invalid(field: &'static str, problem: impl Into<RecordProblem>) -> ImportError {
    ImportError::Invalid { field, problem: problem.into() }
}

/// Returns the bytes of a digest.
///
/// # Errors
/// The text is no digest.
pub(super) fn parse_digest(text: &str) -> Result<Vec<u8>, ImportError> {
    digest_from_text(text).ok_or_else(|| invalid("digest", RecordProblem::NoDigest))
}

impl From<BadField> for ImportError {
    fn from(bad: BadField) -> Self {
        invalid(bad.field, bad.problem)
    }
}
