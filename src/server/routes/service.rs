//! Handlers about the server itself.

use std::sync::{Arc, LazyLock};

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{ErrorCode, path};
use crate::backend::DeadLetterSearch;
use crate::server::auth::MetricsAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, Query};
use crate::server::health::NotReady;
use crate::server::metrics::{Exposition, GaugeValues};
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
pub(in crate::server) async fn health(
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    CachedJson::encode(&Well { status: "ok" }).map(JsonResponse)
}

/// Whether the backend answers, the last write succeeded, and the disks have space
#[utoipa::path(
    get, path = path::READY, tag = "server", security(()),
    responses((status = 200, body = Well, description = "It is ready"), ErrorResponses),
)]
pub(in crate::server) async fn ready(
    State(shared): State<Arc<Shared>>,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    shared.check_backend().await?;
    let not_ready = |why: NotReady| ApiError::new(ErrorCode::Unreachable, why.to_string());
    shared.health.check().await.map_err(not_ready)?;
    CachedJson::encode(&Well { status: "ok" }).map(JsonResponse)
}

/// Metrics of the server, as `OpenMetrics`, or in the text format of Prometheus where it is preferred
#[utoipa::path(
    get, path = path::METRICS, tag = "server", security(("token" = [])),
    responses(
        (status = 200, description = "The figures", content(
            (String = "application/openmetrics-text"), (String = "text/plain"),
        )),
        ErrorResponses,
    ),
)]
pub(super) async fn metrics(
    State(shared): State<Arc<Shared>>,
    _: MetricsAccess,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    current_metrics(&shared, &headers).await
}

/// The same on a listener of its own, where no token is needed.
pub(in crate::server) async fn open_metrics(
    State(shared): State<Arc<Shared>>,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    current_metrics(&shared, &headers).await
}

async fn current_metrics(shared: &Shared, headers: &HeaderMap) -> ApiResult<Response> {
    let page = shared.backend.search(&open_incidents_search(1)).await;
    let now = Utc::now();
    let age = |reported: DateTime<Utc>| (now - reported).to_std().unwrap_or_default();
    let oldest = shared.oldest_unacknowledged().await.ok();
    let search = DeadLetterSearch { limit: 1, before: None };
    let dead_letters = shared.backend.dead_letters(&search).await.ok();
    let is_backend_ready = shared.check_backend().await.is_ok();
    let values = GaugeValues {
        parked_requests: shared.feed.parked_requests(),
        tokens: shared.tokens.count_in_use(IN_USE_WINDOW, now),
        open_incidents: page.ok().and_then(|page| page.counts).map(|counts| counts.by_priority),
        oldest_unacknowledged: oldest
            .map(|times| times.map(|reported| reported.map(age).unwrap_or_default())),
        is_ready: is_backend_ready && shared.health.check().await.is_ok(),
        last_write: shared.health.last_success(),
        disks: shared.health.disks().await,
        certificate_expiry: shared.tls.as_ref().and_then(|tls| tls.expires_at()),
        lost_log_lines: (shared.lost_log_lines)(),
        dead_letters: dead_letters.map(|letters| letters.total),
        tests: shared.backend.self_tests().await.unwrap_or_default(),
    };
    let text = shared.metrics.encode_text(&values).map_err(|error| {
        ApiError::new(
            ErrorCode::Internal,
            format!("the figures can't be written ({error}): ask again"),
        )
    })?;
    let format = Exposition::from_headers(headers);
    let headers = [(header::CONTENT_TYPE, format.media_type()), (header::VARY, "accept")];
    Ok((headers, format.convert(text)).into_response())
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
