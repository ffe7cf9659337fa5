//! Reasons why a backend did not carry out a request: facts and causes, which become a sentence
//! where they are shown.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::{
    DatedRejection, DatedSentence, IncidentId, IncidentNumber, Rejection, RejectionKind,
};

/// The reasons for which a backend did not carry out a request. Displayed as a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BackendError {
    /// The rules refuse the command; a person must choose something else.
    Rejected(DatedRejection),
    /// Somebody else was first; nothing remains to be done.
    Conflict(DatedRejection),
    /// An object that the request names, such as an incident, does not exist.
    NotFound(Missing),
    /// The requester may not do this, or this backend can't do it.
    NotAllowed(Cause),
    /// The requester exceeded a rate limit and is served again after a time.
    Limited {
        /// The time from which requests are served again.
        until: DateTime<Utc>,
    },
    /// The backend did not answer; the same request may succeed later.
    Unreachable(Cause),
    /// The stored data or the response is invalid.
    Broken(Cause),
}

impl BackendError {
    /// Returns the error for a command that the rules refuse.
    #[must_use]
    pub fn rejected(rejection: Rejection, decided_at: DateTime<Utc>) -> Self {
        let rejection = DatedRejection { rejection, decided_at };
        match (rejection.kind(), &rejection.rejection) {
            (RejectionKind::Conflict, _) => Self::Conflict(rejection),
            (RejectionKind::NotFound, Rejection::NoSuchIncident) => {
                Self::NotFound(Missing::Incident)
            }
            (RejectionKind::NotFound, _) => Self::NotFound(rejection.to_string().into()),
            (RejectionKind::Invalid | RejectionKind::NotNow, _) => Self::Rejected(rejection),
        }
    }

    /// Returns the error for a missing object other than an incident.
    pub fn not_found(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::NotFound(Missing::Other(Cause::new(cause)))
    }

    /// Returns the error for something that is not allowed or not possible.
    pub fn not_allowed(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::NotAllowed(Cause::new(cause))
    }

    /// Returns the error for a backend that does not answer.
    pub fn unreachable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unreachable(Cause::new(cause))
    }

    /// Returns the error for invalid data or an invalid response.
    pub fn broken(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Broken(Cause::new(cause))
    }

    /// Returns the error as a sentence for people, with times relative to `now`, however long ago
    /// the error happened.
    #[must_use]
    pub fn sentence(&self, now: DateTime<Utc>) -> String {
        match self {
            Self::Rejected(why) | Self::Conflict(why) => why.rejection.sentence(now),
            other => other.to_string(),
        }
    }

    /// Returns the parts of the sentence before and after its time, if it has one.
    #[must_use]
    pub fn dated(&self) -> Option<DatedSentence> {
        match self {
            Self::Rejected(why) | Self::Conflict(why) => why.rejection.dated(),
            _ => None,
        }
    }

    /// Returns whether the same request may succeed later without a person changing it.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Limited { .. } | Self::Unreachable(_))
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) | Self::Conflict(rejection) => rejection.fmt(f),
            Self::NotFound(missing) => missing.fmt(f),
            Self::Limited { until } => {
                write!(f, "asked too often: it answers again at {}", until.format("%H:%M:%S UTC"))
            }
            Self::NotAllowed(cause) | Self::Unreachable(cause) | Self::Broken(cause) => {
                cause.fmt(f)
            }
        }
    }
}

impl Error for BackendError {
    /// Returns the rejection or the typed cause, if there is one. Each has the same text as the
    /// error itself.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rejected(rejection) | Self::Conflict(rejection) => Some(rejection),
            Self::NotFound(Missing::Other(cause))
            | Self::NotAllowed(cause)
            | Self::Unreachable(cause)
            | Self::Broken(cause) => cause.as_error(),
            Self::NotFound(_) | Self::Limited { .. } => None,
        }
    }
}

/// An object that a request names and the backend does not have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Missing {
    /// The incident that a command is about.
    Incident,
    /// The incident into which another one should be merged.
    MergeTarget,
    /// The incident to which alerts should be moved.
    MoveTarget,
    /// The incident under which another one should be folded.
    FoldTarget,
    /// The alerts that should be moved.
    Alerts,
    /// The incident with this id.
    IncidentId(IncidentId),
    /// The incident with this number.
    Number(IncidentNumber),
    /// Another object, or one that is known only from a sentence of a server.
    Other(Cause),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incident => f.write_str("there is no such incident"),
            Self::MergeTarget => f.write_str("there is no such incident to merge into"),
            Self::MoveTarget => f.write_str("there is no such incident to move alerts to"),
            Self::FoldTarget => f.write_str("there is no such incident to fold it under"),
            Self::Alerts => f.write_str("it has none of these alerts"),
            Self::IncidentId(id) => write!(f, "there is no incident {id}"),
            Self::Number(number) => write!(f, "there is no {number}"),
            Self::Other(cause) => cause.fmt(f),
        }
    }
}

impl From<String> for Missing {
    fn from(sentence: String) -> Self {
        Self::Other(sentence.into())
    }
}

impl From<&str> for Missing {
    fn from(sentence: &str) -> Self {
        Self::Other(sentence.into())
    }
}

/// The cause of an error. Displayed as a sentence for people.
///
/// Two causes are equal if they have the same text.
#[derive(Clone)]
pub enum Cause {
    /// A fault that is known by its sentence alone, such as one that a server reported.
    Sentence(Arc<str>),
    /// A fault that is an error of its own. Copies share it.
    Error(Arc<dyn Error + Send + Sync>),
}

impl Cause {
    /// Creates a cause from an error.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Error(Arc::new(error))
    }

    /// Returns the error that is the cause; `None` if only a sentence is known.
    #[must_use]
    pub fn as_error(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Sentence(_) => None,
            Self::Error(error) => Some(&**error),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sentence(sentence) => f.write_str(sentence),
            Self::Error(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sentence(sentence) => sentence.fmt(f),
            Self::Error(error) => error.fmt(f),
        }
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Cause {}

impl From<String> for Cause {
    fn from(sentence: String) -> Self {
        Self::Sentence(sentence.into())
    }
}

impl From<&str> for Cause {
    fn from(sentence: &str) -> Self {
        Self::Sentence(sentence.into())
    }
}
