//! The routes of the API, for each path in [`crate::api::path`].

mod administration;
mod answers;
mod backend_info;
mod calendar_links;
mod changes;
mod commands;
mod contacts;
mod covers;
mod directory;
mod events;
mod evidence;
mod heartbeats;
mod incidents;
mod ingest;
mod lists;
mod maintenance;
mod new_incident;
mod noise;
mod problems;
pub(super) mod service;
mod status_page;
mod tokens;
mod verbs;

use std::sync::{Arc, LazyLock};

use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use bytes::Bytes;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cached_json::CachedJson;
use super::error::ApiError;
use super::middleware::request_middleware;
use super::openapi::document::{self, base_document};
use super::state::Shared;
use super::strict::{RequestSchemas, Schemas};
use crate::api::ErrorCode;

/// Returns the routes and the document that describes them.
fn routes_and_document() -> (Router<Arc<Shared>>, OpenApi) {
    let router = OpenApiRouter::with_openapi(base_document())
        .routes(routes!(backend_info::capabilities))
        .routes(routes!(backend_info::directory))
        .routes(routes!(problems::problems, problems::create_problem))
        .routes(routes!(problems::problem, problems::change_problem))
        .routes(routes!(incidents::incidents, new_incident::declare_incident))
        .routes(routes!(incidents::incident))
        .routes(routes!(incidents::timeline))
        .routes(routes!(incidents::alerts))
        .routes(routes!(evidence::evidence))
        .routes(routes!(incidents::similar))
        .routes(routes!(ingest::alertmanager::ingest_alertmanager))
        .routes(routes!(ingest::named::ingest_named))
        .routes(routes!(ingest::dead::dead_letters))
        .routes(routes!(ingest::dead::dead_letter, ingest::dead::remove_dead_letter))
        .routes(routes!(ingest::dead::replay_dead_letter))
        .routes(routes!(noise::waiting_alerts))
        .routes(routes!(noise::noise))
        .routes(routes!(heartbeats::heartbeats))
        .routes(routes!(heartbeats::beat))
        .routes(routes!(contacts::contacts))
        .routes(routes!(contacts::change_contacts))
        .routes(routes!(contacts::test_contacts))
        .routes(routes!(maintenance::windows, maintenance::create))
        .routes(routes!(maintenance::preview))
        .routes(routes!(maintenance::window, maintenance::replace, maintenance::end))
        .routes(routes!(maintenance::muted))
        .routes(routes!(incidents::number))
        .routes(routes!(incidents::measures))
        .routes(routes!(incidents::pages))
        .routes(routes!(lists::feed))
        .routes(routes!(events::events))
        .routes(routes!(directory::on_call))
        .routes(routes!(directory::people))
        .routes(routes!(directory::teams))
        .routes(routes!(directory::services))
        .routes(routes!(directory::unknown_services))
        .routes(routes!(directory::schedules))
        .routes(routes!(directory::policies))
        .routes(routes!(
            administration::people::read,
            administration::people::put,
            administration::people::remove
        ))
        .routes(routes!(
            administration::teams::read,
            administration::teams::put,
            administration::teams::remove
        ))
        .routes(routes!(
            administration::services::read,
            administration::services::put,
            administration::services::remove
        ))
        .routes(routes!(
            administration::schedules::read,
            administration::schedules::put,
            administration::schedules::remove
        ))
        .routes(routes!(
            administration::policies::read,
            administration::policies::put,
            administration::policies::remove
        ))
        .routes(routes!(administration::add_override, administration::remove_override))
        .routes(routes!(calendar_links::create_calendar_link))
        .routes(routes!(calendar_links::revoke_calendar_link))
        .routes(routes!(covers::request_cover))
        .routes(routes!(covers::accept_cover))
        .routes(routes!(covers::decline_cover))
        .routes(routes!(covers::withdraw_cover))
        .routes(routes!(administration::administration))
        .routes(routes!(tokens::tokens, tokens::create_token))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(lists::change_records))
        .routes(routes!(lists::suspicions))
        .routes(routes!(lists::reviews))
        .routes(routes!(lists::action_items))
        .routes(routes!(lists::linked_problems))
        .routes(routes!(lists::notifications))
        .routes(routes!(changes::changes))
        .routes(routes!(commands::commands))
        .routes(routes!(service::health))
        .routes(routes!(service::ready))
        .routes(routes!(service::metrics))
        .routes(routes!(service::openapi));
    let (router, document) = verbs::add_routes(router).split_for_parts();
    let router = answers::add_routes(ingest::foreign::add_routes(router));
    (status_page::add_routes(router), document)
}

/// The document that describes the routes, as it is served. It is encoded on the first request.
static DESCRIPTION: LazyLock<Arc<CachedJson>> =
    LazyLock::new(|| Arc::new(CachedJson::from(Bytes::from(document::encode(openapi_document())))));

/// The schemas of the document, by which bodies are checked.
static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let document = serde_json::from_str(&document::encode(openapi_document()));
    Schemas::from_document(&document.unwrap_or_default())
});

/// Returns the document that describes the routes.
pub(super) fn openapi_document() -> OpenApi {
    routes_and_document().1
}

/// Returns the service that answers requests.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let (routes, _) = routes_and_document();
    routes
        .fallback(async || {
            ApiError::new(ErrorCode::NotFound, "there is no such path: /v1/openapi.json lists all")
        })
        .method_not_allowed_fallback(async || {
            ApiError::new(
                ErrorCode::NoSuchMethod,
                "the path has no such method: see the Allow header",
            )
        })
        .layer(Extension(service::Description(&DESCRIPTION)))
        .layer(Extension(RequestSchemas(&SCHEMAS)))
        .layer(from_fn_with_state(Arc::clone(shared), request_middleware))
        .with_state(Arc::clone(shared))
}
