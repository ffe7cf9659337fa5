//! Handlers of heartbeats.

use std::sync::Arc;

use axum::extract::State;
use chrono::Utc;

use crate::api::{ErrorCode, path};
use crate::backend::BackendError;
use crate::model::signals::{BeatOutcome, Heartbeat, describe_all};
use crate::model::text::truncate;
use crate::server::auth::{IngestAccess, ReadAccess};
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{KeyQuery, NoQuery, PathText, Query};
use crate::server::openapi::document::{ChangeErrorResponses, ErrorResponses};
use crate::server::routes::administration::{actor, check_writable};
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// All heartbeats
///
/// Those of the settings of the server, those that another program has defined, and those that were received
/// before: how often each is expected, when it was last received, and since when it counts as silent.
#[utoipa::path(
    get, path = path::HEARTBEATS, operation_id = "heartbeats", tag = "changes",
    security(("token" = [])),
    responses((status = 200, body = Vec<Heartbeat>, description = "The heartbeats"), ErrorResponses),
)]
pub(super) async fn heartbeats(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    let stored = shared.backend.heartbeats().await?;
    let settings = shared.settings();
    let rules = &settings.signals.heartbeats;
    CachedJson::encode(&describe_all(stored, rules, Utc::now())).map(JsonResponse)
}

/// Send a heartbeat
///
/// A program that is expected at an interval sends it whenever it has done its work. Once interval
/// and grace of the settings have passed without one, an incident is declared, which the next
/// heartbeat resolves, or moves to monitoring if somebody has acknowledged it. A body is ignored. A
/// token of scope `ingest` is enough.
#[utoipa::path(
    post, path = path::HEARTBEAT, operation_id = "beat", tag = "changes",
    params(("name" = String, Path, description = "The name in the settings", example = "backup")),
    security(("token" = [])),
    responses(
        (status = 200, body = BeatOutcome, description = "It is stored"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn beat(
    State(shared): State<Arc<Shared>>,
    IngestAccess(caller): IngestAccess,
    PathText(name): PathText,
    Query(KeyQuery { .. }): Query<KeyQuery>,
) -> ApiResult<JsonResponse> {
    CachedJson::encode(&receive(&shared, &caller, &name).await?).map(JsonResponse)
}

/// Returns whether another program has defined a heartbeat.
async fn is_defined(shared: &Shared, name: &str) -> ApiResult<bool> {
    match shared.backend.heartbeats().await {
        Ok(stored) => Ok(stored.iter().any(|one| one.name == name && one.definition.is_some())),
        // There is nowhere to store it.
        Err(BackendError::NotAllowed(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Stores a heartbeat in the name of the caller.
pub(super) async fn receive(
    shared: &Shared,
    caller: &RegisteredToken,
    name: &str,
) -> ApiResult<BeatOutcome> {
    check_writable(shared)?;
    let is_of_settings = shared.settings().signals.heartbeat(name).is_some();
    if !is_of_settings && !is_defined(shared, name).await? {
        let name = truncate(name, 60);
        let message =
            format!("there is no heartbeat {name:?}: add it to the settings file of the server");
        return Err(ApiError::new(ErrorCode::NotFound, message));
    }
    let actor = actor(shared, caller).await?;
    let outcome = shared.backend.beat(name, Utc::now(), &actor).await;
    // Before the caller is answered, so that others find the write.
    shared.feed.record_write();
    Ok(outcome?)
}
