//! Heartbeats in the form of Opsgenie's API: programs list them, and people and what acts for them, such as a
//! tool that sets up systems, define them.
//!
//! Those of the settings are shown as well, and changed only there.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::Utc;
use serde_json::{Map, Value, json};

use super::respond::{as_opsgenie, with_data};
use crate::api::ErrorCode;
use crate::backend::BackendError;
use crate::ingest::opsgenie::heartbeat::{self, HeartbeatError};
use crate::model::signals::{Heartbeat, HeartbeatEdit, HeartbeatFault, HeartbeatPatch};
use crate::model::text::truncate;
use crate::server::auth::SenderCaller;
use crate::server::error::{ApiError, ApiResult};
use crate::server::request_body::RawBody;
use crate::server::routes::administration::check_writable;
use crate::server::scope::Permission;
use crate::server::state::Shared;

/// The width to which a name is quoted.
const MAX_QUOTE: usize = 60;

/// Lists the heartbeats that are defined.
pub(super) async fn list(State(shared): State<Arc<Shared>>, caller: SenderCaller) -> Response {
    let started = Instant::now();
    let list = async {
        caller.authorize_reader(&shared)?;
        let stored = read(&shared).await?;
        let settings = shared.settings();
        let rules = &settings.signals.heartbeats;
        let mut all: Vec<(String, Value)> = Vec::new();
        for rule in rules {
            let stored = stored.iter().find(|one| one.name == rule.name).cloned();
            let heartbeat = stored.unwrap_or_else(|| heartbeat::unseen(rule));
            let shown = heartbeat::to_json(&heartbeat, Some(rule));
            all.extend(shown.map(|value| (rule.name.clone(), value)));
        }
        for one in &stored {
            if settings.signals.heartbeat(&one.name).is_none() {
                let shown = heartbeat::to_json(one, None);
                all.extend(shown.map(|value| (one.name.clone(), value)));
            }
        }
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        let all: Vec<Value> = all.into_iter().map(|(_, value)| value).collect();
        Ok((StatusCode::OK, with_data(json!({"heartbeats": all}))))
    };
    as_opsgenie(list.await, started)
}

/// Returns one heartbeat.
pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    Path(name): Path<String>,
) -> Response {
    let started = Instant::now();
    let read = async {
        caller.authorize_reader(&shared)?;
        let stored = read(&shared).await?.into_iter().find(|one| one.name == name);
        let settings = shared.settings();
        let rule = settings.signals.heartbeat(&name);
        let heartbeat = stored.or_else(|| rule.map(heartbeat::unseen));
        let shown = heartbeat.and_then(|one| heartbeat::to_json(&one, rule));
        let shown = shown.ok_or_else(|| no_heartbeat(&name))?;
        Ok((StatusCode::OK, with_data(shown)))
    };
    as_opsgenie(read.await, started)
}

/// Defines a heartbeat.
pub(super) async fn define(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    request: Request,
) -> Response {
    let started = Instant::now();
    let define = async {
        caller.authorize(&shared, Permission::Respond)?;
        let RawBody(body, _permit) = RawBody::from_request(request, &shared).await?;
        let (name, mut definition) = heartbeat::create(&body).map_err(|error| refuse(&error))?;
        definition.team = stored_team(&shared, definition.team).await?;
        let heartbeat = edit(&shared, &name, HeartbeatEdit::Define(definition)).await?;
        let shown = heartbeat::to_json(&heartbeat, None).unwrap_or_default();
        Ok((StatusCode::CREATED, with_data(shown)))
    };
    as_opsgenie(define.await, started)
}

/// Changes a heartbeat.
pub(super) async fn change(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let change = async {
        caller.authorize(&shared, Permission::Respond)?;
        let RawBody(body, _permit) = RawBody::from_request(request, &shared).await?;
        let mut patch = heartbeat::change(&body).map_err(|error| refuse(&error))?;
        patch.team = stored_team(&shared, patch.team).await?;
        let heartbeat = edit(&shared, &name, HeartbeatEdit::Change(patch)).await?;
        Ok((StatusCode::OK, with_data(heartbeat::to_short_json(&heartbeat))))
    };
    as_opsgenie(change.await, started)
}

/// Has the silence of a heartbeat be an incident.
pub(super) async fn enable(
    shared: State<Arc<Shared>>,
    caller: SenderCaller,
    name: Path<String>,
) -> Response {
    set_enabled(shared, caller, name, true).await
}

/// Has the silence of a heartbeat be nothing.
pub(super) async fn disable(
    shared: State<Arc<Shared>>,
    caller: SenderCaller,
    name: Path<String>,
) -> Response {
    set_enabled(shared, caller, name, false).await
}

async fn set_enabled(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    Path(name): Path<String>,
    is_enabled: bool,
) -> Response {
    let started = Instant::now();
    let change = async {
        caller.authorize(&shared, Permission::Respond)?;
        let is_enabled = Some(is_enabled);
        let patch = HeartbeatPatch { is_enabled, ..HeartbeatPatch::default() };
        let heartbeat = edit(&shared, &name, HeartbeatEdit::Change(patch)).await?;
        Ok((StatusCode::OK, with_data(heartbeat::to_short_json(&heartbeat))))
    };
    as_opsgenie(change.await, started)
}

/// Removes a heartbeat. An incident of its silence stays as it is.
pub(super) async fn remove(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    Path(name): Path<String>,
) -> Response {
    let started = Instant::now();
    let remove = async {
        caller.authorize(&shared, Permission::Respond)?;
        edit(&shared, &name, HeartbeatEdit::Remove).await?;
        let body = Map::from_iter([("result".to_owned(), Value::from("Deleted"))]);
        Ok((StatusCode::OK, body))
    };
    as_opsgenie(remove.await, started)
}

/// Returns what is stored of heartbeats. A backend that stores none has none.
async fn read(shared: &Shared) -> ApiResult<Vec<Heartbeat>> {
    match shared.backend.heartbeats().await {
        Err(BackendError::NotAllowed(_)) => Ok(Vec::new()),
        stored => Ok(stored?),
    }
}

/// Returns the name of a team as the directory has it. A team that it does not have is refused, as nobody would
/// be called; a directory without teams accepts any.
async fn stored_team(shared: &Shared, name: Option<String>) -> ApiResult<Option<String>> {
    let name = match name {
        Some(name) if !name.is_empty() => name,
        none => return Ok(none),
    };
    let directory = shared.directory().await?;
    let same = directory.teams.iter().find(|team| team.name == name);
    let found =
        same.or_else(|| directory.teams.iter().find(|team| team.name.eq_ignore_ascii_case(&name)));
    match found {
        Some(team) => Ok(Some(team.name.clone())),
        None if directory.teams.is_empty() => Ok(Some(name)),
        None => {
            let name = truncate(&name, MAX_QUOTE);
            Err(ApiError::rejected(format!("there is no team {name:?}")))
        }
    }
}

/// Changes a heartbeat that is not one of the settings.
async fn edit(shared: &Shared, name: &str, edit: HeartbeatEdit) -> ApiResult<Heartbeat> {
    check_writable(shared)?;
    if shared.settings().signals.heartbeat(name).is_some() {
        let name = truncate(name, MAX_QUOTE);
        let message = format!(
            "the heartbeat {name:?} is one of the settings file of the server: change it there"
        );
        return Err(ApiError::rejected(message));
    }
    let changed = shared.backend.edit_heartbeat(name, &edit, Utc::now()).await;
    // Before the caller is answered, so that others find the write.
    shared.feed.record_write();
    changed?.map_err(|fault| match fault {
        HeartbeatFault::NotDefined => no_heartbeat(name),
        fault => ApiError::rejected(fault.to_string()),
    })
}

fn no_heartbeat(name: &str) -> ApiError {
    let name = truncate(name, MAX_QUOTE);
    ApiError::new(ErrorCode::NotFound, format!("there is no heartbeat {name:?}"))
}

/// Returns the error for a body that can't be understood, or of which a field is wrong.
fn refuse(error: &HeartbeatError) -> ApiError {
    match error.field() {
        None => ApiError::bad_request(error.to_string()),
        Some(_) => ApiError::rejected(error.to_string()),
    }
}
