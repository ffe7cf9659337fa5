//! The routes of other systems' APIs.
//!
//! They are not in the document of the API: their forms are those of the systems, and so are their
//! errors.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, options, post};

use super::{
    events, goalert, named, opsgenie, opsgenie_alerts, opsgenie_heartbeats, ping, prometheus,
    silences,
};
use crate::api::{foreign, path};
use crate::server::state::Shared;

/// Adds the routes.
pub(in crate::server::routes) fn add_routes(router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    router
        .route(foreign::ALERTMANAGER_ALERTS, get(prometheus::alerts).post(prometheus::post_alerts))
        .route(foreign::ALERTMANAGER_GROUPS, get(prometheus::groups))
        .route(foreign::ALERTMANAGER_STATUS, get(prometheus::status))
        .route(foreign::ALERTMANAGER_RECEIVERS, get(prometheus::receivers))
        .route(foreign::ALERTMANAGER_SILENCES, get(silences::list).post(silences::post))
        .route(foreign::ALERTMANAGER_SILENCE, get(silences::one).delete(silences::expire))
        .route(foreign::ALERTMANAGER_METRICS, get(prometheus::metrics))
        .route(foreign::ALERTMANAGER_HEALTHY, get(prometheus::healthy))
        .route(foreign::ALERTMANAGER_READY, get(prometheus::ready))
        .route(foreign::EVENTS_V2, post(events::enqueue_v2))
        .route(foreign::EVENTS_V1, post(events::enqueue_v1))
        .route(foreign::CHANGE_EVENTS, post(events::enqueue_change))
        .route(foreign::OPSGENIE_ALERTS, get(opsgenie_alerts::list).post(opsgenie::create))
        .route(foreign::OPSGENIE_ALERT, get(opsgenie_alerts::one).delete(opsgenie::delete))
        .route(
            foreign::OPSGENIE_ACTION,
            get(opsgenie_alerts::part)
                .post(opsgenie::act)
                .put(opsgenie::act)
                .patch(opsgenie::act)
                .delete(opsgenie::act),
        )
        .route(foreign::OPSGENIE_CUSTOM, post(opsgenie::act_custom))
        .route(foreign::OPSGENIE_REQUEST, get(opsgenie_alerts::request))
        .route(
            foreign::OPSGENIE_HEARTBEATS,
            get(opsgenie_heartbeats::list).post(opsgenie_heartbeats::define),
        )
        .route(
            foreign::OPSGENIE_ONE_HEARTBEAT,
            get(opsgenie_heartbeats::one)
                .patch(opsgenie_heartbeats::change)
                .put(opsgenie_heartbeats::change)
                .delete(opsgenie_heartbeats::remove),
        )
        .route(foreign::OPSGENIE_ENABLE, post(opsgenie_heartbeats::enable))
        .route(foreign::OPSGENIE_DISABLE, post(opsgenie_heartbeats::disable))
        .route(foreign::GOALERT, post(goalert::incoming))
        .route(foreign::GOALERT_HEARTBEAT, post(ping::goalert))
        .route(
            foreign::OPSGENIE_HEARTBEAT,
            get(ping::opsgenie).post(ping::opsgenie).put(ping::opsgenie).patch(ping::opsgenie),
        )
        .route(path::INGEST_NAMED, options(named::handshake))
}
