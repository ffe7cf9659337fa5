//! How a refusal travels: problem details (RFC 9457) with a code that does not change.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::backend::BackendError;
use crate::model::{Rejection, RejectionKind};

/// The media type of [`Details`].
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The body of every answer that is a refusal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Details {
    /// `urn:redphone:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What kind of refusal it is; more may come to be, clients go by the status then.
    pub code: String,
    /// What is wrong and what to do, in a sentence.
    pub detail: String,
    /// Of a command that is refused: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<RejectionKind>,
    /// From when on it listens again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// The codes, each with its HTTP status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorCode {
    /// Path, query, header or body can't be understood.
    BadRequest,
    /// There is no token, or it is unknown, expired or revoked.
    Unauthorized,
    /// Of a command: the token is of another person than the one who has asked it.
    OtherPerson,
    /// The token may not do this, or the backend can't.
    NotAllowed,
    /// There is no such thing.
    NotFound,
    /// The path has no such method.
    NoSuchMethod,
    /// The body took too long to arrive.
    TooSlow,
    /// Somebody was first.
    Conflict,
    /// The body is too long.
    TooLarge,
    /// The body is not JSON by its type.
    MediaType,
    /// A person must choose something else.
    Rejected,
    /// Too much was asked for.
    Limited,
    /// What is stored makes no sense.
    Broken,
    /// It failed in a way that was not foreseen.
    Internal,
    /// The backend does not answer, or the server is about to end.
    Unreachable,
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::OtherPerson,
        Self::NotAllowed,
        Self::NotFound,
        Self::NoSuchMethod,
        Self::TooSlow,
        Self::Conflict,
        Self::TooLarge,
        Self::MediaType,
        Self::Rejected,
        Self::Limited,
        Self::Broken,
        Self::Internal,
        Self::Unreachable,
    ];

    /// As it travels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::OtherPerson => "other_person",
            Self::NotAllowed => "not_allowed",
            Self::NotFound => "not_found",
            Self::NoSuchMethod => "no_such_method",
            Self::TooSlow => "too_slow",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::MediaType => "media_type",
            Self::Rejected => "rejected",
            Self::Limited => "limited",
            Self::Broken => "broken",
            Self::Internal => "internal",
            Self::Unreachable => "unreachable",
        }
    }

    /// In words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request can't be understood",
            Self::Unauthorized => "A token is needed",
            Self::OtherPerson => "Asked by somebody else",
            Self::NotAllowed => "Not allowed",
            Self::NotFound => "Not found",
            Self::NoSuchMethod => "No such method",
            Self::TooSlow => "Too slow",
            Self::Conflict => "Somebody was first",
            Self::TooLarge => "Too large",
            Self::MediaType => "Not JSON",
            Self::Rejected => "Refused",
            Self::Limited => "Asked too often",
            Self::Broken => "Broken data",
            Self::Internal => "Failed",
            Self::Unreachable => "Not reachable",
        }
    }

    /// The HTTP status (RFC 9110).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized | Self::OtherPerson => 401,
            Self::NotAllowed => 403,
            Self::NotFound => 404,
            Self::NoSuchMethod => 405,
            Self::TooSlow => 408,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::Rejected => 422,
            Self::Limited => 429,
            Self::Broken | Self::Internal => 500,
            Self::Unreachable => 503,
        }
    }
}

impl Details {
    /// Of a code, with its sentence.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:redphone:{}", code.as_str()),
            title: code.title().into(),
            status: code.status(),
            code: code.as_str().into(),
            detail: detail.into(),
            rejection: None,
            until: None,
        }
    }

    /// Its code, where it is one that is known here.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::ALL.into_iter().find(|code| code.as_str() == self.code)
    }
}

impl From<BackendError> for Details {
    fn from(error: BackendError) -> Self {
        let detail = error.to_string();
        match error {
            BackendError::Rejected(why) => {
                Self { rejection: Some(why.kind), ..Self::new(ErrorCode::Rejected, why.message) }
            }
            BackendError::Conflict(why) => {
                Self { rejection: Some(why.kind), ..Self::new(ErrorCode::Conflict, why.message) }
            }
            BackendError::NotFound(_) => Self::new(ErrorCode::NotFound, detail),
            BackendError::NotAllowed(_) => Self::new(ErrorCode::NotAllowed, detail),
            BackendError::Limited { until } => {
                Self { until: Some(until), ..Self::new(ErrorCode::Limited, detail) }
            }
            BackendError::Unreachable(_) => Self::new(ErrorCode::Unreachable, detail),
            BackendError::Broken(_) => Self::new(ErrorCode::Broken, detail),
        }
    }
}

impl Details {
    /// As a backend says it. What a later try may cure is temporary, so that nothing that was asked
    /// for is given up because of a token that must be renewed or a server that stumbles.
    #[must_use]
    pub fn into_error(self, now: DateTime<Utc>) -> BackendError {
        let code = self.code();
        let detail = self.detail;
        let rejected = |kind| Rejection::new(self.rejection.unwrap_or(kind), detail.clone());
        match code {
            Some(
                ErrorCode::Rejected
                | ErrorCode::BadRequest
                | ErrorCode::TooLarge
                | ErrorCode::MediaType,
            ) => BackendError::Rejected(rejected(RejectionKind::Invalid)),
            Some(ErrorCode::Conflict) => BackendError::Conflict(rejected(RejectionKind::Conflict)),
            Some(ErrorCode::NotFound) => BackendError::NotFound(detail),
            Some(ErrorCode::NotAllowed | ErrorCode::NoSuchMethod) => {
                BackendError::NotAllowed(detail)
            }
            Some(ErrorCode::Limited) => BackendError::Limited { until: self.until.unwrap_or(now) },
            Some(ErrorCode::Broken) => BackendError::Broken(detail),
            Some(
                ErrorCode::Unauthorized
                | ErrorCode::OtherPerson
                | ErrorCode::TooSlow
                | ErrorCode::Internal
                | ErrorCode::Unreachable,
            ) => BackendError::Unreachable(detail),
            None => match self.status {
                404 | 410 => BackendError::NotFound(detail),
                403 | 405 => BackendError::NotAllowed(detail),
                400 | 413 | 415 | 422 => BackendError::Rejected(rejected(RejectionKind::Invalid)),
                409 => BackendError::Conflict(rejected(RejectionKind::Conflict)),
                429 => BackendError::Limited { until: self.until.unwrap_or(now) },
                _ => BackendError::Unreachable(detail),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_comes_back_as_it_was() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default();
        let rejection = |kind| Rejection::new(kind, "no");
        let errors = [
            BackendError::Rejected(rejection(RejectionKind::Invalid)),
            BackendError::Rejected(rejection(RejectionKind::NotNow)),
            BackendError::Conflict(rejection(RejectionKind::Conflict)),
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
    fn a_code_that_is_not_known_goes_by_its_status() {
        let now = DateTime::UNIX_EPOCH;
        let of = |status| {
            let details = Details::new(ErrorCode::Internal, "no");
            Details { code: "of_a_later_version".into(), status, ..details }.into_error(now)
        };
        assert_eq!(of(404), BackendError::NotFound("no".into()));
        assert!(of(503).is_temporary() && of(401).is_temporary() && of(429).is_temporary());
        assert!(!of(403).is_temporary() && !of(422).is_temporary());
    }
}
