//! How routes of other systems answer: in their own forms.

use std::time::Instant;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ingest::matcher::Matcher;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";
/// The most matchers of a query or of a silence of an Alertmanager.
pub(super) const MAX_MATCHERS: usize = 64;

/// Returns a response with JSON.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(JSON)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}

/// Returns the status of an error for a sender that tries again on 429, also if its message can't
/// be stored now.
pub(super) fn status_with_429(error: &ApiError, is_queue_full: bool) -> StatusCode {
    if is_queue_full { StatusCode::TOO_MANY_REQUESTS } else { error.status() }
}

/// Returns the response for an error, as an Alertmanager has it: a JSON string.
pub(super) fn refuse(error: ApiError) -> Response {
    let (status, body) = (error.status(), Value::from(error.detail()).to_string());
    error.respond_as(status, JSON, body)
}

/// Returns the response to a request, as Opsgenie has it: with an id, and how long it took.
pub(super) fn as_opsgenie(
    result: ApiResult<(StatusCode, Map<String, Value>)>,
    started: Instant,
) -> Response {
    let complete = |mut members: Map<String, Value>| {
        members.insert("took".into(), Value::from(started.elapsed().as_secs_f64()));
        members.insert("requestId".into(), Value::from(Uuid::now_v7().to_string()));
        Value::Object(members)
    };
    match result {
        Ok((status, members)) => json_response(status, &complete(members)),
        Err(error) => {
            let members = Map::from_iter([("message".to_owned(), Value::from(error.detail()))]);
            let (status, body) = (error.status(), complete(members));
            error.respond_as(status, JSON, body.to_string())
        }
    }
}

/// Returns a body with data, as Opsgenie has it.
pub(super) fn with_data(data: Value) -> Map<String, Value> {
    Map::from_iter([("data".to_owned(), data)])
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

/// Adds the matcher of a parameter `filter` of an Alertmanager.
///
/// # Errors
/// The text is no matcher, or there are too many.
pub(super) fn add_matcher(matchers: &mut Vec<Matcher>, text: &str) -> ApiResult<()> {
    if matchers.len() >= MAX_MATCHERS {
        return Err(ApiError::bad_request(format!(
            "there are more than {MAX_MATCHERS} matchers: give less"
        )));
    }
    let matcher = text.parse::<Matcher>();
    matchers.push(matcher.map_err(|error| ApiError::bad_request(error.to_string()))?);
    Ok(())
}
