//! Signs of life in the forms of Opsgenie and `GoAlert`.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use super::respond::{JSON, json_response};
use crate::server::auth::IngestAccess;
use crate::server::error::ApiResult;
use crate::server::routes::heartbeats::receive;
use crate::server::state::Shared;

/// Receives a heartbeat in the format of Opsgenie.
pub(super) async fn opsgenie(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    Path(name): Path<String>,
) -> Response {
    let started = Instant::now();
    let body = |field: &str, text: &str| {
        json!({
            field: text, "took": started.elapsed().as_secs_f64(), "requestId": Uuid::now_v7(),
        })
    };
    match store(&shared, access, &name).await {
        Ok(()) => json_response(StatusCode::ACCEPTED, &body("result", "PONG - Heartbeat received")),
        Err(error) => {
            let (status, body) = (error.status(), body("message", error.detail()));
            error.respond_as(status, JSON, body.to_string())
        }
    }
}

/// Receives a heartbeat in the format of `GoAlert`, with the key in the query.
pub(super) async fn goalert(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    Path(name): Path<String>,
) -> Response {
    match store(&shared, access, &name).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let (status, body) = (error.status(), format!("{}\n", error.detail()));
            error.respond_as(status, "text/plain; charset=utf-8", body)
        }
    }
}

async fn store(shared: &Shared, access: ApiResult<IngestAccess>, name: &str) -> ApiResult<()> {
    let IngestAccess(caller) = access?;
    receive(shared, &caller, name).await.map(drop)
}
