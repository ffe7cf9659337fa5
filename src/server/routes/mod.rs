//! The routes, one for each path of [`crate::api::path`].

mod backend_info;
mod changes;
mod commands;
mod incidents;
mod service;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::Refusal;
use super::middleware::around;
use super::openapi::frame;
use super::state::Shared;
use crate::api::ErrorCode;

/// The routes, and what they are described as.
fn described() -> (Router<Arc<Shared>>, OpenApi) {
    OpenApiRouter::with_openapi(frame())
        .routes(routes!(backend_info::capabilities))
        .routes(routes!(backend_info::directory))
        .routes(routes!(backend_info::problems))
        .routes(routes!(incidents::incidents))
        .routes(routes!(incidents::incident))
        .routes(routes!(incidents::timeline))
        .routes(routes!(incidents::number))
        .routes(routes!(incidents::measures))
        .routes(routes!(changes::changes))
        .routes(routes!(commands::commands))
        .routes(routes!(service::health))
        .routes(routes!(service::ready))
        .routes(routes!(service::metrics))
        .routes(routes!(service::openapi))
        .split_for_parts()
}

/// What the routes are described as.
pub(super) fn description() -> OpenApi {
    described().1
}

/// The service that answers requests.
pub(super) fn service(shared: &Arc<Shared>) -> Router {
    let (routes, _) = described();
    routes
        .fallback(async || {
            Refusal::new(ErrorCode::NotFound, "there is no such path: /v1/openapi.json lists all")
        })
        .method_not_allowed_fallback(async || {
            Refusal::new(
                ErrorCode::NoSuchMethod,
                "the path has no such method: see the Allow header",
            )
        })
        .layer(from_fn_with_state(Arc::clone(shared), around))
        .with_state(Arc::clone(shared))
}
