//! Handlers about the server itself.

use std::sync::{Arc, LazyLock};

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{ErrorCode, path};
use crate::server::auth::ReadAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, Query};
use crate::server::metrics::{self, GaugeValues};
use crate::server::openapi::document::ErrorResponses;
use crate::server::state::{Shared, open_incidents_search};

/// A token that was used within this time counts as in use.
const IN_USE_WINDOW: Duration = Duration::from_mins(5);

/// The body of the response to a health or readiness check that succeeds.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Well {
    /// Always `ok`. A check that fails is answered with an error.
    status: &'static str,
}

/// Whether the process of the server runs
#[utoipa::path(
    get, path = path::HEALTH, tag = "server", security(()),
    responses((status = 200, body = Well, description = "It lives"), ErrorResponses),
)]
pub(super) async fn health(Query(NoQuery {}): Query<NoQuery>) -> ApiResult<JsonResponse> {
    CachedJson::encode(&Well { status: "ok" }).map(JsonResponse)
}

/// Whether the backend answers
#[utoipa::path(
    get, path = path::READY, tag = "server", security(()),
    responses((status = 200, body = Well, description = "It does"), ErrorResponses),
)]
pub(super) async fn ready(
    State(shared): State<Arc<Shared>>,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    shared.check_backend().await?;
    CachedJson::encode(&Well { status: "ok" }).map(JsonResponse)
}

/// Metrics of the server, in the text format that Prometheus reads
#[utoipa::path(
    get, path = path::METRICS, tag = "server", security(("token" = [])),
    responses((status = 200, body = String, content_type = "application/openmetrics-text", description = "The figures"), ErrorResponses),
)]
pub(super) async fn metrics(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<Response> {
    let page = shared.backend.search(&open_incidents_search(1)).await;
    let values = GaugeValues {
        parked_requests: shared.feed.parked_requests(),
        tokens: shared.tokens.count_in_use(IN_USE_WINDOW, Utc::now()),
        open_incidents: page.ok().and_then(|page| page.counts).map(|counts| counts.by_priority),
    };
    let text = shared.metrics.encode_text(values).map_err(|error| {
        ApiError::new(
            ErrorCode::Internal,
            format!("the figures can't be written ({error}): ask again"),
        )
    })?;
    Ok(([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response())
}

/// The document that describes the routes; the routes give it to its handler.
#[derive(Clone, Copy)]
pub(super) struct Description(pub(super) &'static LazyLock<Arc<CachedJson>>);

/// The API's own description, in `OpenAPI` 3.1
#[utoipa::path(
    get, path = path::OPENAPI, tag = "server", security(()),
    responses((status = 200, body = Object, description = "The description"), ErrorResponses),
)]
pub(super) async fn openapi(
    Extension(Description(description)): Extension<Description>,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    Ok(JsonResponse(Arc::clone(description)))
}
