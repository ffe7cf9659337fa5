//! The webhook of Alertmanager.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use chrono::Utc;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, Object, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{not_understood, store_groups};
use crate::api::path;
use crate::backend::IngestOutcome;
use crate::ingest::alertmanager::{self, WebhookMessage};
use crate::server::auth::IngestAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::ApiResult;
use crate::server::extract::{KeyQuery, Query};
use crate::server::openapi::document::CommandErrorResponses;
use crate::server::request_body::UnpackedBody;
use crate::server::routes::administration::check_writable;
use crate::server::state::Shared;

/// The message of Alertmanager's webhook, with only the required fields described.
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

/// Receive the alerts of an Alertmanager
///
/// The address of a `webhook_config`. The first firing alert of a group declares an incident;
/// others are added to it, and repeated ones change only their counts, which
/// `/v1/incidents/{id}/alerts` returns. Once all were reported as resolved, an incident that nobody
/// has acknowledged is resolved, and any other is moved to monitoring. Nothing is concluded from
/// alerts that are missing in a message.
///
/// It is answered once everything is durable. The same message may be sent again, by several members of
/// a cluster too. A token of scope `ingest` has no rate limit here; when too many messages are waiting, or
/// nothing can be written, the status is 503, on which Alertmanager sends the message again. A message
/// that can't be understood is refused with 400, and stored: `/v1/ingest/dead` has it. So is one of which
/// some alerts can't be, after the others were stored.
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
        (status = 200, body = IngestOutcome, description = "The results of the alerts"),
        CommandErrorResponses,
    ),
)]
pub(in crate::server::routes) async fn ingest_alertmanager(
    State(shared): State<Arc<Shared>>,
    IngestAccess(caller): IngestAccess,
    Query(KeyQuery { .. }): Query<KeyQuery>,
    headers: HeaderMap,
    UnpackedBody(body, permit): UnpackedBody,
) -> ApiResult<JsonResponse> {
    check_writable(&shared)?;
    let source = alertmanager::SOURCE;
    let WebhookMessage { group, unusable } = match alertmanager::parse(&body, Utc::now()) {
        Ok(message) => message,
        Err(error) => {
            return Err(not_understood(&shared, &caller, source, &headers, &body, &error).await);
        }
    };
    // Its memory is only needed for the unreadable part.
    let unusable = unusable.map(|error| (body, error));
    let outcomes = store_groups(&shared, &caller, &[group], source).await?;
    drop(permit);
    if let Some((body, error)) = unusable {
        return Err(not_understood(&shared, &caller, source, &headers, &body, &error).await);
    }
    // One group has one outcome.
    CachedJson::encode(&outcomes.first()).map(JsonResponse)
}
