//! Error responses: each is problem details (RFC 9457) with a sentence for people.

use std::error::Error;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::health::NotReady;
use super::metrics::FailureKind;
use crate::api::details::MEDIA_TYPE;
use crate::api::{Details, ErrorCode};
use crate::backend::file::StoreFault;
use crate::backend::{BackendError, Cause};
use crate::model::text::SafeText;

/// The error of a handler.
#[derive(Debug)]
pub(super) struct ApiError {
    /// What any caller may see.
    details: Box<Details>,
    /// What a caller who may read sees in place of `details`, if that is more.
    full_details: Option<Box<Details>>,
    /// How the backend failed, if it did. Counted in the metrics.
    backend_failure: Option<FailureKind>,
}

/// The result of a handler.
pub(super) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// Creates an error. `detail` is a sentence: what is wrong and what to do. It may quote the
    /// request.
    pub(super) fn new(code: ErrorCode, detail: impl Into<SafeText<'static>>) -> Self {
        Self::from(Details::new(code, detail.into()))
    }

    /// Returns the error for too many requests.
    pub(super) fn limited(until: DateTime<Utc>) -> Self {
        Self { backend_failure: None, ..BackendError::Limited { until }.into() }
    }

    /// Returns the error for a request that can't be understood.
    pub(super) fn bad_request(detail: impl Into<SafeText<'static>>) -> Self {
        Self::new(ErrorCode::BadRequest, detail)
    }

    /// Returns the error for a request that can be understood and makes no sense.
    pub(super) fn rejected(detail: impl Into<SafeText<'static>>) -> Self {
        Self::new(ErrorCode::Rejected, detail)
    }
}

impl From<Details> for ApiError {
    fn from(details: Details) -> Self {
        Self { details: Box::new(details), full_details: None, backend_failure: None }
    }
}

impl From<BackendError> for ApiError {
    fn from(error: BackendError) -> Self {
        let backend_failure = FailureKind::classify(&error);
        let (details, full_details) = split_details(error);
        Self {
            details: Box::new(details),
            full_details: full_details.map(Box::new),
            backend_failure,
        }
    }
}

impl From<NotReady> for ApiError {
    fn from(why: NotReady) -> Self {
        Self::new(ErrorCode::Unreachable, why.to_string())
    }
}

/// Returns what any caller may see of an error, and what only a caller who may read may see: names
/// of files, the text of queries, and whatever else of the machine is in a sentence.
pub(super) fn split_details(error: BackendError) -> (Details, Option<Details>) {
    let public = public_message(&error);
    let full = Details::from(error);
    match public {
        Some(public) => (Details { detail: public, ..full.clone() }, Some(full)),
        None => (full, None),
    }
}

/// Returns the sentence for a caller who may not read; `None` if the error's own sentence is about
/// the request alone.
pub(super) fn public_message(error: &BackendError) -> Option<String> {
    let fault = error.source().and_then(|source| source.downcast_ref::<StoreFault>());
    let message = match (error, fault) {
        (_, Some(fault)) => fault.public_message(),
        (BackendError::Unreachable(_), None) => "the store does not answer: try again in a moment",
        (BackendError::Broken(_), None) => "the store can't be used: tell who runs the server",
        (BackendError::NotAllowed(Cause::Error(_)), None) => "the store does not allow this",
        _ => return None,
    };
    Some(message.to_owned())
}

/// The extension of a response whose caller sees more if they may read.
#[derive(Clone, Debug)]
pub(super) struct FullDetails(Box<Details>);

impl FullDetails {
    /// Returns the sentence of the error.
    pub(super) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Returns the response for a caller who may read.
    pub(super) fn into_response(self) -> Response {
        error_response(&self.0)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { details, full_details, backend_failure } = self;
        let mut response = error_response(&details);
        if let Some(full) = full_details {
            response.extensions_mut().insert(FullDetails(full));
        }
        if let Some(failure) = backend_failure {
            response.extensions_mut().insert(failure);
        }
        response
    }
}

fn error_response(details: &Details) -> Response {
    let status = StatusCode::from_u16(details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Encoding can't fail: the value consists of text and numbers.
    let body = serde_json::to_vec(details).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"redphone\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    let wait_s = match details.until {
        Some(until) => Some(((until - Utc::now()).num_milliseconds().max(0) + 999) / 1000),
        None if status == StatusCode::SERVICE_UNAVAILABLE => Some(1),
        None => None,
    };
    if let Some(wait_s) = wait_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s.max(1)));
    }
    response
}
