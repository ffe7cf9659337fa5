//! Alerts in the form of Opsgenie's Alert API.
//!
//! A sender tries again on 429 and on 5xx. Requests about an alert that no longer exists, or never
//! did, are accepted and ignored.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequest, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use super::opsgenie_query::Naming;
use super::respond::{JSON, json_response, status_with_429};
use super::{enqueue, not_understood, opsgenie_alerts, store_queued, storing_failed};
use crate::backend::BackendError;
use crate::ingest::opsgenie::{
    self, AlertAction, AlertRequest, IdentifierType, NamedAlert, listing,
};
use crate::model::alert::{MAX_NAME_CHARS, one_line};
use crate::model::{Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId};
use crate::server::auth::IngestAccess;
use crate::server::error::{ApiError, ApiResult};
use crate::server::request_body::UnpackedBody;
use crate::server::routes::administration::{actor, check_writable};
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// The most parameters of a query that are read.
const MAX_PARAMETERS: usize = 100;

/// The reason why a request is refused.
struct Refusal {
    error: ApiError,
    is_queue_full: bool,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { error, is_queue_full: false }
    }
}

/// Creates an alert, or repeats the one with its alias.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let started = Instant::now();
    let store = async {
        let IngestAccess(caller) = access?;
        let UnpackedBody(body, _permit) = UnpackedBody::from_request(request, &shared).await?;
        check_writable(&shared)?;
        let named = match opsgenie::create(&body, caller.sender(), Uuid::now_v7()) {
            Ok(named) => named,
            Err(error) => {
                let source = opsgenie::SOURCE;
                let error = not_understood(&shared, &caller, source, &headers, &body, &error).await;
                return Err(error.into());
            }
        };
        store(&shared, &caller, named).await
    };
    respond(store.await, started)
}

/// Performs a request on an alert: it is acknowledged, closed, noted, described in other words and
/// so on.
pub(super) async fn act(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    Path((identifier, action)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let action = AlertAction::from_path(&action, request.method() == Method::DELETE);
    apply(&shared, access, (action, &identifier), query.as_deref(), request).await
}

/// Records that an action of the sender's own was carried out on an alert.
pub(super) async fn act_custom(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    Path((identifier, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let action = AlertAction::Other(one_line(&name, MAX_NAME_CHARS));
    apply(&shared, access, (action, &identifier), query.as_deref(), request).await
}

/// Closes an alert.
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    Path(identifier): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    apply(&shared, access, (AlertAction::Close, &identifier), query.as_deref(), request).await
}

async fn apply(
    shared: &Arc<Shared>,
    access: ApiResult<IngestAccess>,
    (action, identifier): (AlertAction, &str),
    query: Option<&str>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let store = async {
        let IngestAccess(caller) = access?;
        let UnpackedBody(body, _permit) = UnpackedBody::from_request(request, shared).await?;
        check_writable(shared)?;
        let target =
            find_target(shared, &caller, identifier, query).await.map_err(storing_failed)?;
        // No alert has that number, which is no name either.
        let Some(target) = target else { return Ok(Uuid::now_v7()) };
        let Target { identifier, kind, sender } = &target;
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let pairs: Vec<(String, String)> = pairs.into_owned().take(MAX_PARAMETERS).collect();
        let request = AlertRequest::new(action, &body, &pairs);
        let alert = opsgenie::named(identifier, *kind, sender);
        // An end comes last: a note about it must not be one of an incident that has ended.
        change_incident(shared, &caller, &alert.group.key, &request).await?;
        if let Some(named) = opsgenie::act(&request.action, identifier, *kind, sender) {
            return store(shared, &caller, named).await;
        }
        Ok(alert.id)
    };
    respond(store.await, started)
}

/// Carries out a request on the open incident of an alert, and records a note about unsupported
/// parts.
async fn change_incident(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    group: &str,
    request: &AlertRequest,
) -> Result<(), Refusal> {
    if request.is_about_alert_alone() {
        return Ok(());
    }
    let _queued = enqueue(shared).map_err(|error| Refusal { error, is_queue_full: true })?;
    let found = shared.backend.find_group(group).await.map_err(storing_failed)?;
    let Some(id) = found else { return Ok(()) };
    let actor = actor(shared, caller).await?;
    let directory = shared.directory().await.map_err(storing_failed)?;
    let incident = shared.backend.incident(id).await.map_err(storing_failed)?.incident;
    let commands = request.commands(&incident, &directory, Utc::now());
    let mut is_carried_out = commands.is_some();
    let commands = commands.unwrap_or_default();
    let mut note = None;
    if matches!(commands[..], [IncidentCommand::Snooze { .. }]) {
        // A note ends a snooze, so it is written before.
        note = request.note(true);
        write_note(shared, &actor, id, note.clone()).await?;
    }
    for command in commands {
        is_carried_out &= execute(shared, &actor, id, command).await?;
    }
    let last = request.note(is_carried_out).filter(|text| note.as_ref() != Some(text));
    write_note(shared, &actor, id, last).await
}

/// Writes a note, if there is one.
async fn write_note(
    shared: &Arc<Shared>,
    actor: &Actor,
    incident: IncidentId,
    note: Option<String>,
) -> Result<(), Refusal> {
    if let Some(text) = note {
        execute(shared, actor, incident, IncidentCommand::AddNote { text }).await?;
    }
    Ok(())
}

/// Carries out a command in the name of an actor. Returns whether the rules allow it.
async fn execute(
    shared: &Arc<Shared>,
    actor: &Actor,
    incident: IncidentId,
    command: IncidentCommand,
) -> Result<bool, Refusal> {
    let envelope = Envelope {
        id: CommandId::new(),
        at: Utc::now(),
        actor: actor.clone(),
        command: Command::incident(incident, command),
        expected_seq: None,
    };
    let outcomes = shared.commands.execute(vec![envelope], None).await;
    match outcomes.into_iter().next() {
        Some(Err(BackendError::Rejected(_) | BackendError::Conflict(_))) => Ok(false),
        Some(Err(error)) => Err(storing_failed(error).into()),
        Some(Ok(_)) | None => Ok(true),
    }
}

/// The alert about which a request is.
struct Target {
    identifier: String,
    kind: IdentifierType,
    /// The public id of the key or token by which it was created.
    sender: String,
}

/// Finds the alert about which a request is. Programs name those that they have created; people name any, and
/// their own first. `None` if no alert has the number by which it is named.
async fn find_target(
    shared: &Shared,
    caller: &RegisteredToken,
    identifier: &str,
    query: Option<&str>,
) -> Result<Option<Target>, BackendError> {
    let kind = Naming::of_query(query);
    let sender = caller.sender().to_owned();
    let own = Target { identifier: identifier.to_owned(), kind: kind.kind(), sender };
    if kind != Naming::Number {
        if caller.token.scope.is_for_programs() {
            return Ok(Some(own));
        }
        let group = opsgenie::named(identifier, own.kind, &own.sender).group.key;
        if shared.backend.find_group(&group).await?.is_some() {
            return Ok(Some(own));
        }
    }
    let found = opsgenie_alerts::find(shared, caller, identifier, kind).await?;
    Ok(match found {
        Some(alert) => Some(Target {
            identifier: listing::id_of(&alert).unwrap_or_default().to_string(),
            kind: IdentifierType::Id,
            sender: listing::sender_of(&alert).to_owned(),
        }),
        None => Some(own).filter(|_| kind != Naming::Number),
    })
}

/// Stores an alert. Returns its id.
async fn store(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    named: NamedAlert,
) -> Result<Uuid, Refusal> {
    let queued = enqueue(shared).map_err(|error| Refusal { error, is_queue_full: true })?;
    store_queued(shared, caller, &[named.group], opsgenie::SOURCE, queued).await?;
    Ok(named.id)
}

fn respond(result: Result<Uuid, Refusal>, started: Instant) -> Response {
    let body = |name: &str, text: &str, id: Uuid| -> Value {
        json!({name: text, "took": started.elapsed().as_secs_f64(), "requestId": id})
    };
    match result {
        Ok(id) => {
            json_response(StatusCode::ACCEPTED, &body("result", "Request will be processed", id))
        }
        Err(Refusal { error, is_queue_full }) => {
            let status = status_with_429(&error, is_queue_full);
            let body = body("message", error.detail(), Uuid::now_v7());
            error.respond_as(status, JSON, body.to_string())
        }
    }
}
