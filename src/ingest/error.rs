//! Reasons why a message can't be understood.

use crate::model::text::sanitize;

/// The reason why a message can't be understood. Displayed as a sentence that names the part of the
/// message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not UTF-8.
    #[error("the body is not UTF-8 from byte {0} on: send UTF-8")]
    NotUtf8(usize),
    /// It is no JSON, or not only JSON.
    #[error("the body is no JSON: {message} at line {line}, column {column}")]
    NotJson {
        /// The line at which the parser stopped, from 1.
        line: usize,
        /// The column at which it stopped, from 1.
        column: usize,
        /// The message of the parser, without the position.
        message: String,
    },
    /// A part that is needed is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A part has a value that means nothing here.
    #[error("{at} is neither {expected}")]
    UnknownValue {
        /// The part, such as `event_action`.
        at: &'static str,
        /// The values that it may have.
        expected: &'static str,
    },
    /// A part is of another type than it must be.
    #[error("{at} is {found}, and must be {expected}")]
    WrongType {
        /// The part, such as `alerts[3]`.
        at: String,
        /// The type that it must have.
        expected: &'static str,
        /// The type that it has.
        found: &'static str,
    },
    /// A matcher of labels can't be understood.
    #[error("the matcher can't be understood: {0}")]
    BadMatcher(&'static str),
    /// It has more alerts than the maximum.
    #[error("alerts: there are {count}, and at most {max} are read at once")]
    TooMany {
        /// The number.
        count: usize,
        /// The maximum.
        max: usize,
    },
    /// It is in a form that is not read.
    #[error("the body is {0}: have it sent as JSON")]
    Encoding(&'static str),
    /// It is no message in protobuf, or not the one that it should be.
    #[error("the body is no request with logs in protobuf: send one, or JSON with its type")]
    NotProtobuf,
    /// It is a multipart form, and its type does not contain the boundary.
    #[error("the type of the body has no boundary, which separates the parts of a form")]
    NoBoundary,
    /// A part that a mapping needs is missing.
    #[error("{field}: there is no {path} in the message")]
    Absent {
        /// The field of the mapping.
        field: &'static str,
        /// The path.
        path: String,
    },
    /// A text was found with which a mapping can't do anything.
    #[error("{field}: {path} is {:?}, for which the mapping has nothing", sanitize(found))]
    Unmatched {
        /// The field of the mapping.
        field: &'static str,
        /// The path.
        path: String,
        /// The text.
        found: String,
    },
    /// A mapping finds neither a key nor a title of the alert.
    #[error("the message has neither a key nor a title where the mapping says that they are: {0}")]
    Nothing(String),
}
