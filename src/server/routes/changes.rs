//! Handler for changes. Clients call it again and again, mostly without news.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use tokio::time::Instant;

use crate::api::{path, query};
use crate::backend::Delta;
use crate::server::auth::{ReadAccess, recheck};
use crate::server::cached_json::JsonResponse;
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::Query;
use crate::server::openapi::document::ErrorResponses;
use crate::server::state::Shared;

/// The changes since a cursor; the request can wait for a change
///
/// Without a cursor, all open incidents are returned. With a cursor, the response comes immediately
/// if something has changed. Otherwise it comes as soon as something changes, or at the end of the
/// wait without changes; its cursor can be used for the next request.
#[utoipa::path(
    get, path = path::CHANGES, tag = "incidents", params(query::Changes),
    security(("token" = [])),
    responses((status = 200, body = Delta, description = "The changes"), ErrorResponses),
)]
pub(super) async fn changes(
    State(shared): State<Arc<Shared>>,
    ReadAccess(caller): ReadAccess,
    Query(query): Query<query::Changes>,
) -> ApiResult<JsonResponse> {
    if query.wait > query::MAX_WAIT_S {
        return Err(ApiError::bad_request(format!(
            "wait in the query: give 0 to {} seconds",
            query::MAX_WAIT_S
        )));
    }
    let wait = Duration::from_secs(query.wait).min(shared.limits.max_long_poll);
    let delta = shared.feed.changes(query.since, Instant::now() + wait, shared.stopped()).await?;
    if !wait.is_zero() {
        recheck(&shared, &caller)?;
    }
    Ok(JsonResponse(delta))
}
