//! Handlers of messages with alerts, each in the form of the program that sends it.
//!
//! Their senders do not read an answer: they count its status and send the message again or not.
//! Alertmanager gives up a message that is refused with 4xx, also 429, so whatever may succeed later is
//! a 503 with `Retry-After`.

use std::sync::Arc;

use axum::extract::State;
use chrono::Utc;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, Object, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::api::{ErrorCode, path};
use crate::backend::{BackendError, IngestOutcome};
use crate::ingest::alertmanager;
use crate::model::alert::AlertGroup;
use crate::server::auth::IngestAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, Query};
use crate::server::openapi::document::CommandErrorResponses;
use crate::server::request_body::RawBody;
use crate::server::routes::administration::{actor, check_writable};
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// The message of Alertmanager's webhook, of which only what is needed is described.
struct AlertmanagerMessage;

impl PartialSchema for AlertmanagerMessage {
    fn schema() -> RefOr<Schema> {
        let any = || Some(AdditionalProperties::<Schema>::FreeForm(true));
        let alert = Object::builder().additional_properties(any()).build();
        let alerts = ArrayBuilder::new()
            .items(alert)
            .description(Some("The alerts of the group, as Alertmanager sends them"))
            .max_items(Some(alertmanager::MAX_ALERTS));
        Object::builder()
            .property("alerts", Schema::from(alerts.build()))
            .required("alerts")
            .additional_properties(any())
            .description(Some(
                "The message of Alertmanager's webhook, version 4. Fields that are missing, unknown or \
                 of another type are as good as absent.",
            ))
            .into()
    }
}

impl ToSchema for AlertmanagerMessage {}

/// Take the alerts of an Alertmanager
///
/// The address of a `webhook_config`. The first alert of a group that fires declares an incident; others
/// are added to it, and those that are repeated change nothing but their counts, which
/// `/v1/incidents/{id}/alerts` has. Once all were reported as resolved, an incident that nobody has
/// acknowledged is resolved, and any other is moved to monitoring. Nothing is concluded from alerts that
/// are missing in a message.
///
/// It is answered once everything is durable. The same message may be sent again, by several members of
/// a cluster too. A token of scope `ingest` has no rate limit here; when too many messages are waiting, or
/// nothing can be written, the status is 503, on which Alertmanager sends the message again. A message
/// that can't be understood is refused with 400.
#[utoipa::path(
    post, path = path::INGEST_ALERTMANAGER, operation_id = "ingest_alertmanager", tag = "changes",
    request_body(
        description = "The message",
        content((AlertmanagerMessage = "application/json", example = json!({
                "version": "4",
                "groupKey": "{}:{alertname=\"HighLatency\"}",
                "status": "firing",
                "receiver": "redphone",
                "groupLabels": {"alertname": "HighLatency"},
                "alerts": [{
                    "status": "firing",
                    "labels": {"alertname": "HighLatency", "service": "checkout", "severity": "critical"},
                    "annotations": {"summary": "Checkout is slow"},
                    "startsAt": "2026-03-01T09:00:00Z",
                    "fingerprint": "0f0e0d0c0b0a0908"
                }]
            }))),
    ),
    security(("token" = [])),
    responses(
        (status = 200, body = IngestOutcome, description = "What became of the alerts"),
        CommandErrorResponses,
    ),
)]
pub(super) async fn ingest_alertmanager(
    State(shared): State<Arc<Shared>>,
    IngestAccess(caller): IngestAccess,
    Query(NoQuery {}): Query<NoQuery>,
    RawBody(body, permit): RawBody,
) -> ApiResult<JsonResponse> {
    check_writable(&shared)?;
    let group = alertmanager::parse(&body, Utc::now())
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    drop(body);
    let outcome = store(&shared, &caller, &group, alertmanager::SOURCE).await?;
    drop(permit);
    CachedJson::encode(&outcome).map(JsonResponse)
}

/// Stores the alerts of a message in the name of the caller.
async fn store(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    group: &AlertGroup,
    sender: &'static str,
) -> ApiResult<IngestOutcome> {
    let Ok(_queued) = shared.alert_permits.try_acquire() else {
        let message = "too many alerts are waiting to be stored: send the message again";
        return Err(ApiError::new(ErrorCode::Unreachable, message));
    };
    let actor = actor(shared, caller).await?;
    let result = shared.backend.ingest(group, &actor).await;
    // Before the caller is answered, so that others find what was written.
    shared.feed.record_write();
    shared.health.record_alerts(&result);
    match result {
        Ok(outcome) => {
            shared.metrics.record_alerts(sender, &outcome.alerts);
            Ok(outcome)
        }
        // These may succeed later, once whoever runs the server has done something about it.
        Err(
            error @ (BackendError::NotAllowed(_)
            | BackendError::Broken(_)
            | BackendError::Limited { .. }),
        ) => {
            tracing::warn!("alerts can't be stored: {error}");
            let message = "alerts can't be stored now: send the message again";
            Err(ApiError::new(ErrorCode::Unreachable, message))
        }
        Err(error) => Err(error.into()),
    }
}
