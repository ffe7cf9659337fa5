//! Handlers of problems.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use crate::api::{Details, ErrorCode, NewProblem, path, query};
use crate::backend::lists::ProblemEntry;
use crate::backend::{BackendError, Outcome, TimelineRange};
use crate::model::command::CommandKind;
use crate::model::link::Link;
use crate::model::problem::Problem;
use crate::model::problem_patch::ProblemPatch;
use crate::model::{Command, Envelope, IncidentCommand, ProblemId, Rejection};
use crate::server::auth::{ReadAccess, RespondAccess};
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query, parse_incident};
use crate::server::idempotency::RequestIds;
use crate::server::incident_request::request_time;
use crate::server::openapi::document::{ChangeErrorResponses, ErrorResponses};
use crate::server::openapi::headers::IdempotencyKey;
use crate::server::request_body::Fields;
use crate::server::sender::Sender;
use crate::server::state::Shared;
use crate::verbs::command_id;

/// The fields that hold several texts, so that a form may have them several times.
const LISTS: [&str; 2] = ["services", "incidents"];
/// The maximum number of incidents that are linked in one request.
const MAX_INCIDENTS: usize = 100;

/// The recorded problems, newest first
#[utoipa::path(
    get, path = path::PROBLEMS, tag = "place", security(("token" = [])),
    responses((status = 200, body = Vec<Problem>, description = "At most 1000"), ErrorResponses),
)]
pub(super) async fn problems(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    CachedJson::encode(&shared.backend.problems().await?).map(JsonResponse)
}

/// Record a problem
///
/// The cause behind incidents. The named incidents are linked to it. A token of scope `respond` or
/// `admin` is needed.
#[utoipa::path(
    post, path = path::PROBLEMS, operation_id = "create_problem", tag = "changes",
    params(IdempotencyKey),
    request_body(description = "The problem", content((NewProblem = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 201, body = ProblemEntry, description = "The problem is recorded", headers(
            ("location" = String, description = "The path of the problem"),
        )),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn create_problem(
    State(shared): State<Arc<Shared>>,
    RespondAccess(caller): RespondAccess,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<Response> {
    let sender = Sender::new(&shared, caller).await?;
    refuse(&sender, &[CommandKind::RecordProblem, CommandKind::Link])?;
    let new: NewProblem = fields.read(&LISTS)?;
    let ids = RequestIds::new(&headers, &sender.actor)?;
    let id = ProblemId(ids.incident.0);
    let (patch, named) = new.into_patch();
    if named.len() > MAX_INCIDENTS {
        return Err(ApiError::rejected(format!(
            "incidents has {} entries: {MAX_INCIDENTS} is the most",
            named.len()
        )));
    }
    let mut incidents = Vec::with_capacity(named.len());
    for text in &named {
        let reference = parse_incident(text).ok_or_else(|| {
            ApiError::rejected("incidents: each is a UUID, or a number such as INC-2041")
        })?;
        let incident = shared.incident_id(reference).await?;
        // Nothing is recorded if one of them does not exist.
        shared.backend.timeline(incident, TimelineRange::Last(1)).await?;
        // One that is named twice is linked once.
        if !incidents.contains(&incident) {
            incidents.push(incident);
        }
    }
    // A repeated request is the same one as of its first time.
    let before = match shared.backend.problem(id).await {
        Ok(entry) if ids.is_repeatable => Some(entry.problem.opened_at),
        _ => None,
    };
    let at = before.unwrap_or_else(request_time);
    let problem = Problem::new(id, "", at);
    let problem = patch.apply(problem, &sender.directory);
    let problem = problem.map_err(|error| ApiError::rejected(error.to_string()))?;
    let link = Link::Problem { id, title: problem.title.clone() };
    let mut commands = vec![Command::RecordProblem(problem)];
    commands.extend(
        incidents.into_iter().map(|incident| {
            Command::incident(incident, IncidentCommand::Link { link: link.clone() })
        }),
    );
    execute(&shared, &sender, fields, (ids, None), commands, at).await?;
    let mut response = entry(&shared, id).await?.into_response();
    *response.status_mut() = StatusCode::CREATED;
    let location = path::PROBLEM.replace("{id}", &id.to_string());
    let location = HeaderValue::try_from(location).ok();
    response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
    Ok(response)
}

/// One problem with the incidents that link to it
///
/// At most 1000 incidents, newest first; with their total number, the number of open ones, and the
/// total time without service.
#[utoipa::path(
    get, path = path::PROBLEM, operation_id = "problem", tag = "lists",
    params(("id" = String, Path, description = "Its id", example = "0198c0de-0000-7000-8000-000000000001")),
    security(("token" = [])),
    responses((status = 200, body = ProblemEntry, description = "The problem"), ErrorResponses),
)]
pub(super) async fn problem(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    PathText(id): PathText,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    entry(&shared, parse_id(&id)?).await
}

/// Change a problem
///
/// Absent fields are not changed. The history of changes is in its `edits`. A token of scope
/// `respond` or `admin` is needed.
#[utoipa::path(
    post, path = path::PROBLEM, operation_id = "change_problem", tag = "changes",
    params(
        ("id" = String, Path, description = "Its id", example = "0198c0de-0000-7000-8000-000000000001"),
        query::Revision, IdempotencyKey,
    ),
    request_body(description = "The changed fields", content((ProblemPatch = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = ProblemEntry, description = "The problem as it is now"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn change_problem(
    State(shared): State<Arc<Shared>>,
    RespondAccess(caller): RespondAccess,
    PathText(id): PathText,
    Query(query::Revision { revision }): Query<query::Revision>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let sender = Sender::new(&shared, caller).await?;
    refuse(&sender, &[CommandKind::RecordProblem])?;
    let id = parse_id(&id)?;
    let patch: ProblemPatch = fields.read(&LISTS)?;
    let ids = RequestIds::new(&headers, &sender.actor)?;
    let problem = shared.backend.problem(id).await?.problem;
    // Fields that are not given come from the revision just read: it must still be the current one.
    let expected = revision.or_else(|| (!ids.is_repeatable).then_some(problem.revision));
    // Others may have changed it since the request was carried out for the first time.
    let may_be_repeated = ids.is_repeatable && patch.was_applied_by(&sender.actor, &problem);
    let problem = patch.apply(problem, &sender.directory);
    let problem = problem.map_err(|error| ApiError::rejected(error.to_string()))?;
    let commands = vec![Command::RecordProblem(problem)];
    let done = execute(&shared, &sender, fields, (ids, expected), commands, request_time()).await;
    match done {
        Err(error) if !(may_be_repeated && error.is_id_reused()) => Err(error),
        Ok(()) | Err(_) => entry(&shared, id).await,
    }
}

/// Reads the id in a path.
fn parse_id(text: &str) -> ApiResult<ProblemId> {
    let missing = "there is no such problem: its id is a UUID";
    text.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, missing))
}

/// Refuses commands that the token does not permit.
fn refuse(sender: &Sender, kinds: &[CommandKind]) -> ApiResult<()> {
    match kinds.iter().find_map(|kind| sender.refuse_kind(*kind)) {
        Some(details) => Err(details.into()),
        None => Ok(()),
    }
}

/// Reads a problem as it is now.
async fn entry(shared: &Shared, id: ProblemId) -> ApiResult<JsonResponse> {
    CachedJson::encode(&shared.backend.problem(id).await?).map(JsonResponse)
}

/// Carries out commands in their order, the first one if the problem has the expected revision.
async fn execute(
    shared: &Shared,
    sender: &Sender,
    fields: Fields,
    (ids, expected): (RequestIds, Option<u32>),
    commands: Vec<Command>,
    at: DateTime<Utc>,
) -> ApiResult<()> {
    let envelopes: Vec<Envelope> = commands
        .into_iter()
        .enumerate()
        .map(|(index, command)| Envelope {
            id: command_id(ids.command, index),
            at,
            actor: sender.actor.clone(),
            command,
            expected_seq: expected.filter(|_| index == 0),
        })
        .collect();
    let sent: Vec<_> = envelopes.iter().map(|envelope| envelope.id).collect();
    let outcomes: Vec<Result<Outcome, BackendError>> =
        shared.commands.execute(envelopes, Some(fields.permit)).await;
    for (id, outcome) in sent.into_iter().zip(outcomes) {
        let Err(error) = outcome else { continue };
        let is_reused = matches!(
            &error,
            BackendError::Rejected(why) if matches!(why.rejection, Rejection::IdReused)
        );
        if is_reused && ids.is_repeatable {
            let message = "the Idempotency-Key was sent with another request: use a key of its own";
            return Err(Details::new(ErrorCode::IdReused, message).into());
        }
        return Err(sender.refusal(id, error).into());
    }
    Ok(())
}
