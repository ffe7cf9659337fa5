//! Bodies of error responses: problem details (RFC 9457) with a stable code.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::backend::BackendError;
use crate::model::administration::AdministrationRefusal;
use crate::model::{DatedRejection, DatedSentence, Rejection, RejectionKind};

/// The media type of [`Details`].
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The body of an error response: problem details (RFC 9457).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Details {
    /// `urn:redphone:` followed by the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The title of the error, the same for all errors with the same code.
    pub title: String,
    /// The HTTP status of the error. For one command among several, the response can have another
    /// status.
    pub status: u16,
    /// The kind of error, such as `not_found`. Later versions may add codes. A client treats an
    /// unknown code by the status.
    pub code: String,
    /// The error and the remedy, as a sentence for people.
    pub detail: String,
    /// The reason for which the rules refuse a command; absent for other errors.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "read_if_defined"
    )]
    pub rejection: Option<RejectionKind>,
    /// The sentence of `detail` in parts, if it contains a relative time: `before`, the time and
    /// `after`. A program that shows it later can format the time again. Absent for other sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<DatedSentence>,
    /// The sequence number of the last event of the incident, if the command expected another one;
    /// absent for other errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_seq: Option<u32>,
    /// The sequence number that the command expected, if the incident has another one; absent for
    /// other errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u32>,
    /// When the caller is served again after too many requests; absent for other errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// Reads the reason for a refusal. One of a later version counts as absent: the code is sufficient.
fn read_if_defined<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RejectionKind>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(from)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

/// The codes of errors, each with its HTTP status.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, strum::EnumIter, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum ErrorCode {
    /// Path, query, header or body can't be parsed.
    BadRequest,
    /// The token is missing, unknown, expired or revoked.
    Unauthorized,
    /// The token belongs to another person than the requester of the command.
    OtherPerson,
    /// The commands were meant for another store than the server has.
    OtherStore,
    /// The token does not permit this, or the backend does not support it.
    NotAllowed,
    /// The path, the incident or its number does not exist.
    NotFound,
    /// The path does not support the method.
    NoSuchMethod,
    /// The body took too long to arrive.
    TooSlow,
    /// Another change was first.
    Conflict,
    /// The incident has changed since the requester's last read.
    ChangedMeanwhile,
    /// The body is too long.
    TooLarge,
    /// The path with its query is too long.
    PathTooLong,
    /// The media type of the body is not JSON.
    MediaType,
    /// The id of the command belongs to another command.
    IdReused,
    /// Events of another command have the ids that those of this one would have.
    IdCollides,
    /// The rules refuse the command; a person must choose something else.
    Rejected,
    /// The caller sends too many requests.
    Limited,
    /// The head of the request is too long.
    HeadTooLarge,
    /// The stored data is damaged.
    Broken,
    /// The server failed unexpectedly.
    Internal,
    /// The backend does not answer, or the server is shutting down.
    Unreachable,
}

impl ErrorCode {
    /// Returns the code as it is sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the title of the error, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request can't be understood",
            Self::Unauthorized => "A token is needed",
            Self::OtherPerson => "Asked by somebody else",
            Self::OtherStore => "Another store",
            Self::NotAllowed => "Not allowed",
            Self::NotFound => "Not found",
            Self::NoSuchMethod => "No such method",
            Self::TooSlow => "Too slow",
            Self::Conflict => "Somebody was first",
            Self::ChangedMeanwhile => "Changed meanwhile",
            Self::TooLarge => "Too large",
            Self::PathTooLong => "The path is too long",
            Self::MediaType => "Not JSON",
            Self::IdReused => "The id is used",
            Self::IdCollides => "The id is too near to another",
            Self::Rejected => "Refused",
            Self::Limited => "Asked too often",
            Self::HeadTooLarge => "The head is too large",
            Self::Broken => "Broken data",
            Self::Internal => "Failed",
            Self::Unreachable => "Not reachable",
        }
    }

    /// Returns the HTTP status (RFC 9110).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized | Self::OtherPerson => 401,
            Self::NotAllowed => 403,
            Self::NotFound => 404,
            Self::NoSuchMethod => 405,
            Self::TooSlow => 408,
            Self::Conflict | Self::IdCollides => 409,
            Self::ChangedMeanwhile => 412,
            Self::TooLarge => 413,
            Self::PathTooLong => 414,
            Self::MediaType => 415,
            Self::OtherStore => 421,
            Self::IdReused | Self::Rejected => 422,
            Self::Limited => 429,
            Self::HeadTooLarge => 431,
            Self::Broken | Self::Internal => 500,
            Self::Unreachable => 503,
        }
    }
}

impl Details {
    /// Creates the details of a code, with a sentence for people.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:redphone:{}", code.as_str()),
            title: code.title().into(),
            status: code.status(),
            code: code.as_str().into(),
            detail: detail.into(),
            rejection: None,
            dated: None,
            current_seq: None,
            expected_seq: None,
            until: None,
        }
    }

    /// Returns the code; `None` for one that this version does not define.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.code.parse().ok()
    }
}

impl From<BackendError> for Details {
    fn from(error: BackendError) -> Self {
        let (detail, dated) = (error.to_string(), error.dated());
        let details = match error {
            BackendError::Rejected(why) => {
                let code = match &why.rejection {
                    Rejection::IdReused => ErrorCode::IdReused,
                    Rejection::IdCollides => ErrorCode::IdCollides,
                    _ => ErrorCode::Rejected,
                };
                Self { rejection: Some(why.kind()), ..Self::new(code, detail) }
            }
            BackendError::Conflict(why) => {
                let code = match &why.rejection {
                    Rejection::ChangedMeanwhile { .. }
                    | Rejection::Administration(AdministrationRefusal::ChangedMeanwhile {
                        ..
                    }) => ErrorCode::ChangedMeanwhile,
                    _ => ErrorCode::Conflict,
                };
                let mut details = Self { rejection: Some(why.kind()), ..Self::new(code, detail) };
                if let Rejection::ChangedMeanwhile { expected, current } = why.rejection {
                    details.expected_seq = Some(expected);
                    details.current_seq = Some(current);
                }
                details
            }
            BackendError::NotFound(_) => Self::new(ErrorCode::NotFound, detail),
            BackendError::NotAllowed(_) => Self::new(ErrorCode::NotAllowed, detail),
            BackendError::Limited { until } => {
                Self { until: Some(until), ..Self::new(ErrorCode::Limited, detail) }
            }
            BackendError::Unreachable(_) => Self::new(ErrorCode::Unreachable, detail),
            BackendError::Broken(_) => Self::new(ErrorCode::Broken, detail),
        };
        Self { dated, ..details }
    }
}

impl Details {
    /// Converts the details to the error of a backend.
    ///
    /// Errors that a retry may cure become temporary ones, so that no command is dropped because a
    /// token must be renewed or a server fails for a while.
    #[must_use]
    pub fn into_error(self, now: DateTime<Utc>) -> BackendError {
        let code = self.code();
        if let (Some(expected), Some(current)) = (self.expected_seq, self.current_seq) {
            return BackendError::rejected(Rejection::ChangedMeanwhile { expected, current }, now);
        }
        let detail = self.detail;
        // The sentence of an old server contains "2 min ago" as of its answer.
        let rejection = |kind| {
            let kind = self.rejection.unwrap_or(kind);
            let rejection = match &self.dated {
                Some(sentence) => Rejection::ForeignDated { kind, sentence: sentence.clone() },
                None => Rejection::foreign(kind, detail.clone()),
            };
            DatedRejection { rejection, decided_at: now }
        };
        match code {
            Some(ErrorCode::IdReused) => BackendError::rejected(Rejection::IdReused, now),
            Some(ErrorCode::IdCollides) => BackendError::rejected(Rejection::IdCollides, now),
            Some(
                ErrorCode::Rejected
                | ErrorCode::BadRequest
                | ErrorCode::TooLarge
                | ErrorCode::PathTooLong
                | ErrorCode::HeadTooLarge
                | ErrorCode::MediaType,
            ) => BackendError::Rejected(rejection(RejectionKind::Invalid)),
            Some(ErrorCode::Conflict | ErrorCode::ChangedMeanwhile) => {
                BackendError::Conflict(rejection(RejectionKind::Conflict))
            }
            Some(ErrorCode::NotFound) => BackendError::NotFound(detail.into()),
            Some(ErrorCode::NotAllowed | ErrorCode::NoSuchMethod) => {
                BackendError::NotAllowed(detail.into())
            }
            Some(ErrorCode::Limited) => BackendError::Limited { until: self.until.unwrap_or(now) },
            Some(ErrorCode::Broken) => BackendError::Broken(detail.into()),
            Some(
                ErrorCode::Unauthorized
                | ErrorCode::OtherPerson
                | ErrorCode::OtherStore
                | ErrorCode::TooSlow
                | ErrorCode::Internal
                | ErrorCode::Unreachable,
            ) => BackendError::Unreachable(detail.into()),
            None => match self.status {
                404 | 410 => BackendError::NotFound(detail.into()),
                403 | 405 => BackendError::NotAllowed(detail.into()),
                400 | 413 | 415 | 422 => BackendError::Rejected(rejection(RejectionKind::Invalid)),
                409 | 412 => BackendError::Conflict(rejection(RejectionKind::Conflict)),
                429 => BackendError::Limited { until: self.until.unwrap_or(now) },
                _ => BackendError::Unreachable(detail.into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_survives_the_round_trip_through_details() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
        let rejected = |kind| BackendError::rejected(Rejection::foreign(kind, "no"), now);
        let errors = [
            rejected(RejectionKind::Invalid),
            rejected(RejectionKind::NotNow),
            rejected(RejectionKind::Conflict),
            BackendError::rejected(Rejection::IdReused, now),
            BackendError::rejected(Rejection::IdCollides, now),
            BackendError::rejected(Rejection::ChangedMeanwhile { expected: 3, current: 5 }, now),
            BackendError::NotFound("no".into()),
            BackendError::NotAllowed("no".into()),
            BackendError::Limited { until: now },
            BackendError::Unreachable("no".into()),
            BackendError::Broken("no".into()),
        ];
        for error in errors {
            let text = serde_json::to_string(&Details::from(error.clone())).unwrap();
            let back: Details = serde_json::from_str(&text).unwrap();
            assert_eq!(back.into_error(now), error);
        }
    }

    #[test]
    fn unknown_code_is_mapped_by_its_http_status() {
        let now = DateTime::UNIX_EPOCH;
        let error_for = |status| {
            let details = Details::new(ErrorCode::Internal, "no");
            Details { code: "of_a_later_version".into(), status, ..details }.into_error(now)
        };
        assert_eq!(error_for(404), BackendError::NotFound("no".into()));
        assert!(
            error_for(503).is_temporary()
                && error_for(401).is_temporary()
                && error_for(429).is_temporary()
        );
        assert!(!error_for(403).is_temporary() && !error_for(422).is_temporary());
    }
}
