//! About the server itself.

use std::sync::{Arc, LazyLock};

use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{ErrorCode, path};
use crate::server::auth::Reader;
use crate::server::cached_json::{Document, Whole};
use crate::server::error::{Answer, Refusal};
use crate::server::extract::{Nothing, Query};
use crate::server::metrics::{self, Now};
use crate::server::openapi::Refusals;
use crate::server::state::{Shared, first};

/// A token that was used within this time is in use.
const LATELY: Duration = Duration::from_mins(5);

/// That all is well.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Well {
    /// Always `ok`: else the answer is a refusal.
    status: &'static str,
}

/// Whether the process lives
#[utoipa::path(
    get, path = path::HEALTH, tag = "server", security(()),
    responses((status = 200, body = Well, description = "It lives"), Refusals),
)]
pub(super) async fn health(Query(Nothing {}): Query<Nothing>) -> Answer<Whole> {
    Document::of(&Well { status: "ok" }).map(Whole)
}

/// Whether the backend answers
#[utoipa::path(
    get, path = path::READY, tag = "server", security(()),
    responses((status = 200, body = Well, description = "It does"), Refusals),
)]
pub(super) async fn ready(
    State(shared): State<Arc<Shared>>,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Whole> {
    shared.answers().await?;
    Document::of(&Well { status: "ok" }).map(Whole)
}

/// Figures for Prometheus
#[utoipa::path(
    get, path = path::METRICS, tag = "server", security(("token" = [])),
    responses((status = 200, body = String, content_type = "application/openmetrics-text", description = "The figures"), Refusals),
)]
pub(super) async fn metrics(
    State(shared): State<Arc<Shared>>,
    Reader(_): Reader,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Response> {
    let page = shared.backend.search(&first(1)).await;
    let now = Now {
        held: shared.hub.held(),
        tokens: shared.keys.in_use(LATELY, Utc::now()),
        open: page.ok().and_then(|page| page.counts).map(|counts| counts.by_priority),
    };
    let text = shared.metrics.text(now).map_err(|error| {
        Refusal::new(
            ErrorCode::Internal,
            format!("the figures can't be written ({error}): ask again"),
        )
    })?;
    Ok(([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response())
}

/// The API's own description, in `OpenAPI` 3.1
#[utoipa::path(
    get, path = path::OPENAPI, tag = "server", security(()),
    responses((status = 200, body = Object, description = "The description"), Refusals),
)]
pub(super) async fn openapi(Query(Nothing {}): Query<Nothing>) -> Answer<Whole> {
    static DESCRIPTION: LazyLock<Arc<Document>> =
        LazyLock::new(|| Arc::new(Document::from(Bytes::from(crate::server::openapi::text()))));
    Ok(Whole(Arc::clone(&DESCRIPTION)))
}
