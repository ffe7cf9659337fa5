//! Error responses: each is problem details (RFC 9457) with a sentence for people.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::metrics::FailureKind;
use super::public_error::split_details;
use crate::api::details::MEDIA_TYPE;
use crate::api::{Details, ErrorCode};
use crate::backend::BackendError;
use crate::model::text::SafeText;

/// The error of a handler.
#[derive(Debug)]
pub(super) struct ApiError {
    /// The details for any caller.
    details: Box<Details>,
    /// The details for a caller with read permission, if they are more.
    full_details: Option<Box<Details>>,
    /// How the backend failed, if it did. Counted in the metrics.
    backend_failure: Option<FailureKind>,
}

/// The result of a handler.
pub(super) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// Creates an error. `detail` is a sentence: the error and the remedy. It may quote the
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

    /// Returns the status of the error.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns whether the id of the request was used by another one.
    pub(super) fn is_id_reused(&self) -> bool {
        self.details.code() == Some(ErrorCode::IdReused)
    }

    /// Returns the sentence that any caller may see.
    pub(super) fn detail(&self) -> &str {
        &self.details.detail
    }

    /// Returns the response in the form of another system, with all headers of the error.
    pub(super) fn respond_as(
        self,
        status: StatusCode,
        media_type: &'static str,
        body: impl Into<Body>,
    ) -> Response {
        let mut response = self.into_response();
        if let Some(full) = response.extensions_mut().remove::<FullDetails>() {
            tracing::warn!("{}", full.detail());
        }
        *response.status_mut() = status;
        let media_type = HeaderValue::from_static(media_type);
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        *response.body_mut() = body.into();
        response
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
