//! The routes of the listener that serves the metrics alone, without a token. The document of the API
//! describes them as routes of the API; this listener has no others.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use super::error::ApiError;
use super::middleware::request_middleware;
use super::routes::service;
use super::state::Shared;
use crate::api::{ErrorCode, path};

/// Returns the service that answers requests for the metrics and for the health of the server, to
/// anybody.
pub(super) fn metrics_router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route(path::METRICS, get(service::open_metrics))
        .route(path::HEALTH, get(service::health))
        .route(path::READY, get(service::ready))
        .fallback(async || {
            let all = "only /v1/metrics, /v1/health and /v1/ready are served here";
            ApiError::new(ErrorCode::NotFound, all)
        })
        .method_not_allowed_fallback(async || {
            ApiError::new(ErrorCode::NoSuchMethod, "the path has no such method: send GET")
        })
        .layer(from_fn_with_state(Arc::clone(shared), request_middleware))
        .with_state(Arc::clone(shared))
}
