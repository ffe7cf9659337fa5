//! The routes of other systems' APIs, and how they answer.
//!
//! They are not in the document of the API: their forms are those of the systems, and so are their
//! errors.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, options, post};
use serde_json::Value;

use super::{events, goalert, named, opsgenie, prometheus};
use crate::api::{foreign, path};
use crate::server::error::ApiError;
use crate::server::state::Shared;

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// Adds the routes.
pub(in crate::server::routes) fn add_routes(router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    router
        .route(foreign::ALERTMANAGER_ALERTS, get(prometheus::alerts).post(prometheus::post_alerts))
        .route(foreign::ALERTMANAGER_GROUPS, get(prometheus::groups))
        .route(foreign::ALERTMANAGER_STATUS, get(prometheus::status))
        .route(foreign::ALERTMANAGER_RECEIVERS, get(prometheus::receivers))
        .route(foreign::ALERTMANAGER_SILENCES, get(prometheus::silences))
        .route(foreign::EVENTS_V2, post(events::enqueue_v2))
        .route(foreign::EVENTS_V1, post(events::enqueue_v1))
        .route(foreign::CHANGE_EVENTS, post(events::enqueue_change))
        .route(foreign::OPSGENIE_ALERTS, post(opsgenie::create))
        .route(foreign::OPSGENIE_ALERT, axum::routing::delete(opsgenie::delete))
        .route(foreign::OPSGENIE_ACTION, post(opsgenie::act).put(opsgenie::act))
        .route(foreign::OPSGENIE_REQUEST, get(opsgenie::request))
        .route(foreign::GOALERT, post(goalert::incoming))
        .route(path::INGEST_NAMED, options(named::handshake))
}

/// Returns a response with JSON.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(JSON)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body.to_string()).into_response()
}

/// Returns the status of an error for a sender that tries again on 429, also if what it sends can't be
/// stored now.
pub(super) fn status_with_429(error: &ApiError, is_queue_full: bool) -> StatusCode {
    if is_queue_full { StatusCode::TOO_MANY_REQUESTS } else { error.status() }
}
