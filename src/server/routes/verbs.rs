//! The routes of the verbs, made from the table of verbs: each changes one incident.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::Paths;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::api::{IncidentOutcome, query};
use crate::backend::Outcome;
use crate::model::filter::UtcCalendar;
use crate::model::{Command, EventBody, Incident, IncidentCommand, IncidentId};
use crate::server::auth::CommandAccess;
use crate::server::cached_json::{CachedJson, JsonResponse, expected_seq};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{PathIncident, Query};
use crate::server::idempotency::RequestIds;
use crate::server::incident_request::{Before, Failure, IncidentRequest, request_time};
use crate::server::openapi::verbs::operation;
use crate::server::paths;
use crate::server::request_body::{Content, Fields};
use crate::server::sender::Sender;
use crate::server::state::Shared;
use crate::verbs::{FieldError, Needs, Situation, Verb, VerbRequest, command_id};

/// Adds a route for each verb.
pub(super) fn add_routes(mut router: OpenApiRouter<Arc<Shared>>) -> OpenApiRouter<Arc<Shared>> {
    for verb in Verb::ALL {
        router = router.routes(route(*verb));
    }
    router
}

/// Returns the route of a verb with its description.
fn route(verb: Verb) -> UtoipaMethodRouter<Arc<Shared>> {
    let handler = move |State(shared): State<Arc<Shared>>,
                        CommandAccess(caller): CommandAccess,
                        PathIncident(named): PathIncident,
                        Query(options): Query<query::ChangeOptions>,
                        headers: HeaderMap,
                        fields: Fields| async move {
        let sender = Sender::new(&shared, caller).await?;
        if let Some(details) = verb.row().kinds.iter().find_map(|kind| sender.refuse_kind(*kind)) {
            return Err(ApiError::from(details));
        }
        let wanted = parse(verb, &fields)?;
        let request = IncidentRequest {
            shared: &shared,
            sender: &sender,
            ids: RequestIds::new(&headers, &sender.actor)?,
            expected_seq: expected_seq(&headers)?,
            accept_unknown: options.accept_unknown,
            permit: Some(fields.permit),
        };
        let incident = shared.incident_id(named).await?;
        carry_out(request, incident, &wanted).await
    };
    let mut paths = Paths::new();
    paths.add_path_operation(paths::verb(verb), vec![HttpMethod::Post], operation(verb));
    let schema = (verb.schema_name().to_owned(), verb.request_schema().into());
    (vec![schema], paths, post(handler))
}

/// Reads the request of a verb.
fn parse(verb: Verb, fields: &Fields) -> ApiResult<VerbRequest> {
    fields.check(verb.schema_name())?;
    let parsed = match &fields.content {
        Content::Json(members) => verb.parse(members.clone().into()),
        Content::Form(pairs) => verb.parse_form(pairs),
    };
    parsed.map_err(|error| field_error(&error))
}

/// Returns the error for a field that can't be used.
fn field_error(error: &FieldError) -> ApiError {
    ApiError::rejected(error.to_string())
}

/// Carries out a request, or finds out that it was carried out before.
async fn carry_out(
    mut request: IncidentRequest<'_>,
    incident: IncidentId,
    wanted: &VerbRequest,
) -> ApiResult<Response> {
    let first = attempt(&mut request, incident, wanted, None).await;
    let is_repeated = match &first {
        // Its plan may have fewer commands than it had before.
        Ok(outcomes) => {
            matches!(wanted, VerbRequest::Redact(_)) && outcomes.iter().all(|one| one.replayed)
        }
        Err(failure) => failure.may_be_repeated,
    };
    let outcomes = if is_repeated {
        repeat(request, incident, wanted, first).await?
    } else {
        first.map_err(|failure| failure.error)?
    };
    let outcome = IncidentOutcome::new(incident, outcomes);
    CachedJson::encode(&outcome).map(|json| JsonResponse(json).into_response())
}

/// Returns the outcome of a request that may have been carried out before. `first` is the result of
/// carrying it out as of now.
async fn repeat(
    mut request: IncidentRequest<'_>,
    incident: IncidentId,
    wanted: &VerbRequest,
    first: Result<Vec<Outcome>, Failure>,
) -> ApiResult<Vec<Outcome>> {
    let redactions = earlier_redactions(&request, incident, wanted).await?;
    match first {
        Ok(outcomes) if redactions.len() <= outcomes.len() => Ok(outcomes),
        // A part that it names is still there. All parts of a request are redacted in one
        // transaction, so it is another request with the same key.
        Err(failure) if !redactions.is_empty() && failure.error.is_id_reused() => {
            Err(failure.error)
        }
        first => {
            let Some(before) = request.before(incident).await? else {
                return first.map_err(|failure| failure.error);
            };
            let repeated = if redactions.is_empty() {
                attempt(&mut request, incident, wanted, Some(before)).await
            } else {
                request.execute(redactions, before.at).await
            };
            repeated.map_err(|failure| failure.error)
        }
    }
}

/// Returns the commands of a request to redact that were carried out earlier, in order. They can't be
/// planned again: the named parts no longer exist.
async fn earlier_redactions(
    request: &IncidentRequest<'_>,
    incident: IncidentId,
    wanted: &VerbRequest,
) -> ApiResult<Vec<Command>> {
    let mut done = Vec::new();
    let VerbRequest::Redact(wanted) = wanted else { return Ok(done) };
    let events = request.shared.all_events(incident).await?;
    loop {
        let id = command_id(request.ids.command, done.len());
        match events.iter().find(|event| event.command == id).map(|event| &event.body) {
            Some(EventBody::Redacted { part, target, reason }) if *reason == wanted.reason => {
                let (part, target, reason) = (*part, *target, reason.clone());
                let redact = IncidentCommand::Redact { part, target, reason };
                done.push(Command::incident(incident, redact));
            }
            _ => return Ok(done),
        }
    }
}

/// Creates the commands of a request and carries them out: as of now, or as of the time at which it
/// was carried out before.
async fn attempt(
    request: &mut IncidentRequest<'_>,
    incident: IncidentId,
    wanted: &VerbRequest,
    before: Option<Before>,
) -> Result<Vec<Outcome>, Failure> {
    let (shared, sender, ids) = (request.shared, request.sender, request.ids);
    let backend_error = |error| Failure::from(ApiError::from(error));
    let other = match wanted.other_incident() {
        Some(named) => Some(shared.incident_id(named).await.map_err(backend_error)?),
        None => None,
    };
    let needs = wanted.needs();
    let Before { at, events, record, problem_titles } = if let Some(before) = before {
        before
    } else {
        let at = request_time();
        let record: Option<Incident> = match needs {
            Needs::Nothing => None,
            Needs::Record | Needs::Timeline => {
                let detail = shared.backend.incident(incident).await;
                Some(detail.map_err(backend_error)?.incident)
            }
        };
        let events = match needs {
            Needs::Timeline => shared.all_events(incident).await.map_err(backend_error)?,
            Needs::Nothing | Needs::Record => Vec::new(),
        };
        let problem_titles = shared.problem_titles(wanted).await.map_err(backend_error)?;
        Before { at, events, record, problem_titles }
    };
    let plan = {
        let rules = shared.rules();
        let situation = Situation {
            directory: &sender.directory,
            rules: &rules,
            now: at,
            calendar: &UtcCalendar,
            actor: &sender.actor,
            actor_is_assumed: false,
            record: record.as_ref(),
            events: &events,
            other,
            problem_titles: &problem_titles,
            new_id: ids.command.0,
        };
        wanted.plan(&situation)
    };
    let plan = plan.map_err(|error| Failure {
        error: field_error(&error),
        may_be_repeated: ids.is_repeatable,
    })?;
    request.execute(plan.into_commands(incident), at).await
}
