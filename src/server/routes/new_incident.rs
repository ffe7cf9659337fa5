//! Handler that declares an incident.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use crate::api::{IncidentOutcome, NewIncident, path, query};
use crate::backend::Outcome;
use crate::model::status::Source;
use crate::model::{Command, EventBody, IncidentCommand};
use crate::server::auth::CommandAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::Query;
use crate::server::idempotency::RequestIds;
use crate::server::incident_request::{IncidentRequest, request_time};
use crate::server::openapi::document::CommandErrorResponses;
use crate::server::openapi::headers::IdempotencyKey;
use crate::server::request_body::Fields;
use crate::server::sender::Sender;
use crate::server::state::Shared;

/// The fields that hold several texts, so that a form may have them several times.
const LISTS: [&str; 5] = ["services", "labels", "regions", "customers", "teams"];
/// The fields that hold numbers, which a form has as text.
const NUMBERS: [&str; 1] = ["users"];

/// Declare an incident
///
/// Only `title` is needed, in a JSON object or a form. Absent fields have defaults: impact and
/// urgency are medium, the times are the server's, the source follows from the scope of the token,
/// team and runbook from the primary service. The response has the number of the incident and its
/// path.
///
/// Fields about the impact other than its level need a token that may set them on an incident. They
/// are checked before anything is declared, and recorded after the declaration, as by the requests
/// for one incident.
///
/// An alert with the `dedup_key` of an open incident is counted in that incident: the status is 200
/// then, and that incident is returned. A reporter is added to it; its impact is not changed.
#[utoipa::path(
    post, path = path::INCIDENTS, operation_id = "declare_incident", tag = "changes",
    params(query::ChangeOptions, IdempotencyKey),
    request_body(
        description = "The incident", content(
            (NewIncident = "application/json"),
            (NewIncident = "application/x-www-form-urlencoded"),
        ),
    ),
    security(("token" = [])),
    responses(
        (status = 201, body = IncidentOutcome, description = "The incident is declared", headers(
            ("location" = String, description = "The path of the incident"),
        )),
        (status = 200, body = IncidentOutcome, description = "The alert is counted in an open incident"),
        CommandErrorResponses,
    ),
)]
pub(super) async fn declare_incident(
    State(shared): State<Arc<Shared>>,
    CommandAccess(caller): CommandAccess,
    Query(options): Query<query::ChangeOptions>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<Response> {
    let sender = Sender::new(&shared, caller).await?;
    let incident: NewIncident = fields.read_with_numbers(&LISTS, &NUMBERS)?;
    let ids = RequestIds::new(&headers, &sender.actor)?;
    let mut request = IncidentRequest {
        shared: &shared,
        sender: &sender,
        ids,
        expected_seq: None,
        accept_unknown: options.accept_unknown,
        permit: Some(fields.permit),
    };
    let source = match sender.actor.person() {
        Some(_) => Source::Internal,
        None => Source::Monitoring,
    };
    let commands = |at: DateTime<Utc>| -> ApiResult<Vec<Command>> {
        let impact = incident.declared_impact(ids.command.0, at);
        let impact = impact.map_err(|bad| ApiError::rejected(bad.to_string()))?;
        let mut declaration = incident.clone().into_declaration(source, at);
        declaration.fill_from_directory(&sender.directory);
        let following = impact.into_commands(declaration.team.as_deref());
        let declare = IncidentCommand::Declare(Box::new(declaration));
        let all = std::iter::once(declare).chain(following);
        Ok(all.map(|command| Command::incident(ids.incident, command)).collect())
    };
    let now = request_time();
    let outcomes = match request.execute(commands(now)?, now).await {
        Ok(outcomes) => outcomes,
        Err(failure) if failure.may_be_repeated => {
            let before = match request.before(ids.incident).await? {
                Some(before) => Some(before),
                None => request.before_repeated_alert().await?,
            };
            let Some(before) = before else { return Err(failure.error) };
            let repeated = request.execute(commands(before.at)?, before.at).await;
            repeated.map_err(|failure| failure.error)?
        }
        Err(failure) => return Err(failure.error),
    };
    let is_counted = outcomes.iter().any(is_counted);
    let outcome = IncidentOutcome::new(ids.incident, outcomes);
    let location = HeaderValue::try_from(outcome.url.as_str()).ok();
    let mut response = CachedJson::encode(&outcome).map(JsonResponse)?.into_response();
    if !is_counted {
        *response.status_mut() = StatusCode::CREATED;
        response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
    }
    Ok(response)
}

/// Returns whether an alert was counted in an incident that was open already.
fn is_counted(outcome: &Outcome) -> bool {
    outcome.events.iter().any(|event| matches!(event.body, EventBody::AlertRepeated { .. }))
}
