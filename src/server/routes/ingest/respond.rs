//! How routes of other systems answer: in their own forms.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// Returns a response with JSON.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(JSON)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}

/// Returns the status of an error for a sender that tries again on 429, also if what it sends can't be
/// stored now.
pub(super) fn status_with_429(error: &ApiError, is_queue_full: bool) -> StatusCode {
    if is_queue_full { StatusCode::TOO_MANY_REQUESTS } else { error.status() }
}

/// Returns the response for an error, as an Alertmanager has it: a JSON string.
pub(super) fn refuse(error: ApiError) -> Response {
    let (status, body) = (error.status(), Value::from(error.detail()).to_string());
    error.respond_as(status, JSON, body)
}

/// Returns a response with a list or a record.
pub(super) fn encode(value: &Value) -> ApiResult<Response> {
    Ok(JsonResponse(CachedJson::encode(value)?).into_response())
}

/// Returns whether a parameter of a query of an Alertmanager means yes. An empty one is as good as absent,
/// which means yes for all of them.
pub(super) fn is_true(text: &str) -> bool {
    let yes = ["", "true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"];
    yes.iter().any(|word| text.eq_ignore_ascii_case(word))
}
