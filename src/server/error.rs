//! Error responses: each is problem details (RFC 9457) with a sentence for people.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::metrics::FailureKind;
use crate::api::details::MEDIA_TYPE;
use crate::api::{Details, ErrorCode};
use crate::backend::BackendError;
use crate::model::text::SafeText;

/// The error of a handler.
#[derive(Debug)]
pub(super) struct ApiError {
    details: Box<Details>,
    /// How the backend failed, if it did. Counted in the metrics.
    backend_failure: Option<FailureKind>,
}

/// The result of a handler.
pub(super) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// Creates an error. `detail` is a sentence: what is wrong and what to do. It may quote the
    /// request.
    pub(super) fn new(code: ErrorCode, detail: impl Into<SafeText<'static>>) -> Self {
        Self { details: Box::new(Details::new(code, detail.into())), backend_failure: None }
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
        Self { details: Box::new(details), backend_failure: None }
    }
}

impl From<BackendError> for ApiError {
    fn from(error: BackendError) -> Self {
        let backend_failure = FailureKind::classify(&error);
        Self { details: Box::new(error.into()), backend_failure }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { details, backend_failure } = self;
        let status =
            StatusCode::from_u16(details.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Encoding can't fail: the value consists of text and numbers.
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        if let Some(failure) = backend_failure {
            response.extensions_mut().insert(failure);
        }
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
}
