//! The content of evidence.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::api::{ErrorCode, path};
use crate::server::auth::ReadAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query};
use crate::server::openapi::document::ErrorResponses;
use crate::server::state::Shared;

/// The content of evidence
///
/// The record of an incident lists its evidence with their ids. The content is returned as bytes to
/// save, or, for `Accept: application/json`, in base64 with its hash.
#[utoipa::path(
    get, path = path::EVIDENCE, operation_id = "evidence", tag = "incidents",
    params(("id" = String, Path, description = "The id of the evidence", example = "019cb000-0000-7100-8000-00000001d000")),
    security(("token" = [])),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream", description = "The content"),
        ErrorResponses,
    ),
)]
pub(super) async fn evidence(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    PathText(id): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let not_found = || ApiError::new(ErrorCode::NotFound, "there is no such evidence");
    let id: Uuid = id.parse().map_err(|_| not_found())?;
    let evidence = shared.backend.evidence(id).await?;
    if wants_json(&headers) {
        return Ok(JsonResponse(CachedJson::encode(&evidence)?).into_response());
    }
    let content = evidence.decode();
    let content =
        content.map_err(|_| ApiError::new(ErrorCode::Internal, "the evidence is damaged"))?;
    let mut response = Response::new(Body::from(content));
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"evidence\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Returns whether a request accepts JSON.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|list| list.split(',')).any(|one| {
        let name = one.split(';').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("application/json")
    })
}
