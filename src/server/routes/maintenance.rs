//! Handlers of maintenance windows, and of the alerts and incidents that they mute.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde_json::Value;
use uuid::Uuid;

use super::incidents::{DEFAULT_ROWS, check_limit};
use crate::api::{Details, ErrorCode, path, query};
use crate::backend::BackendError;
use crate::model::Rejection;
use crate::model::maintenance::{
    MaintenanceChange, MaintenancePreview, MaintenanceRefusal, MaintenanceRequest,
    MaintenanceSearch, MaintenanceWindow, MutedEntry, MutedSearch, NewWindow,
};
use crate::server::auth::{OnCallAccess, ReadAccess};
use crate::server::cached_json::{CachedJson, JsonResponse, expected_revision};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query};
use crate::server::idempotency::RequestIds;
use crate::server::openapi::document::{ChangeErrorResponses, ErrorResponses};
use crate::server::openapi::headers::{IdempotencyKey, IfRevision};
use crate::server::request_body::Fields;
use crate::server::routes::administration::{actor, check_writable};
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// The maintenance windows
///
/// Active windows come first, then future ones. With `ended` the ended ones follow, the last one
/// first.
#[utoipa::path(
    get, path = path::MAINTENANCE, operation_id = "maintenance", tag = "changes",
    params(query::Maintenance), security(("token" = [])),
    responses(
        (status = 200, body = Vec<MaintenanceWindow>, description = "The windows"),
        ErrorResponses,
    ),
)]
pub(super) async fn windows(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<query::Maintenance>,
) -> ApiResult<JsonResponse> {
    let limit = check_limit("limit", query.limit, DEFAULT_ROWS)?;
    let search = MaintenanceSearch { ended: query.ended, limit, now: Utc::now() };
    CachedJson::encode(&shared.backend.maintenance(&search).await?).map(JsonResponse)
}

/// Create a maintenance window
///
/// While it is active, incidents whose firing alerts are all muted do not escalate, and nobody is
/// notified of them. At its end those that still fire are released. A token of scope `respond` is
/// enough.
#[utoipa::path(
    post, path = path::MAINTENANCE, operation_id = "create_maintenance", tag = "changes",
    params(IdempotencyKey),
    request_body(description = "The window", content((NewWindow = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 201, body = MaintenanceWindow, description = "The window is created", headers(
            ("location" = String, description = "The path of the window"),
        )),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<Response> {
    let new: NewWindow = fields.read(&[])?;
    let by = actor(&shared, &caller).await?;
    let ids = RequestIds::new(&headers, &by)?;
    // Earlier versions made another id of the key.
    let earlier = ids.incident.0;
    let is_earlier = ids.is_repeatable && shared.backend.maintenance_window(earlier).await.is_ok();
    let id = if is_earlier { earlier } else { ids.command.0 };
    let window = change(&shared, &caller, (id, None), MaintenanceChange::Create(new)).await?;
    let mut response = CachedJson::encode(&window).map(JsonResponse)?.into_response();
    *response.status_mut() = StatusCode::CREATED;
    let location = path::MAINTENANCE_WINDOW.replace("{id}", &window.id.to_string());
    let location = HeaderValue::try_from(location).ok();
    response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
    Ok(response)
}

/// One maintenance window
#[utoipa::path(
    get, path = path::MAINTENANCE_WINDOW, operation_id = "maintenance_window", tag = "changes",
    params(("id" = String, Path, description = "Its id", example = "0198c0de-0000-7000-8000-000000000001")),
    security(("token" = [])),
    responses(
        (status = 200, body = MaintenanceWindow, description = "The window"),
        ErrorResponses,
    ),
)]
pub(super) async fn window(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    PathText(id): PathText,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    let window = shared.backend.maintenance_window(parse_id(&id)?).await?;
    CachedJson::encode_revision(&window, window.revision).map(JsonResponse)
}

/// Change a maintenance window
///
/// Incidents that it no longer mutes are released immediately, and those that it now matches are
/// muted. With `If-Match` and the tag of the window, the request is refused with 412 if it has
/// changed since; with `revision` it is refused with 409 then. Without both, fields of the window
/// that are absent are refused: send null, or `false`, to clear them. A token of scope `respond` is
/// enough.
#[utoipa::path(
    put, path = path::MAINTENANCE_WINDOW, operation_id = "change_maintenance", tag = "changes",
    params(
        ("id" = String, Path, description = "Its id", example = "0198c0de-0000-7000-8000-000000000001"),
        query::Revision, IfRevision,
    ),
    request_body(description = "The window", content((NewWindow = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = MaintenanceWindow, description = "The window as it is now"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn replace(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(id): PathText,
    Query(query): Query<query::Revision>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let id = parse_id(&id)?;
    if query.revision.is_none() && expected_revision(&headers)?.is_none() {
        check_nothing_is_cleared(&shared, id, &fields).await?;
    }
    let new: NewWindow = fields.read(&[])?;
    let change = MaintenanceChange::Change(new);
    change_expected(&shared, &caller, id, (query, &headers), change).await
}

/// End a maintenance window
///
/// Incidents that still fire are released immediately. The window remains in the list. `If-Match`
/// and `revision` are preconditions, as for a change. A token of scope `respond` is enough.
#[utoipa::path(
    delete, path = path::MAINTENANCE_WINDOW, operation_id = "end_maintenance", tag = "changes",
    params(
        ("id" = String, Path, description = "Its id", example = "0198c0de-0000-7000-8000-000000000001"),
        query::Revision, IfRevision,
    ),
    security(("token" = [])),
    responses(
        (status = 200, body = MaintenanceWindow, description = "The window, which has ended"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn end(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(id): PathText,
    Query(query): Query<query::Revision>,
    headers: HeaderMap,
) -> ApiResult<JsonResponse> {
    let id = parse_id(&id)?;
    change_expected(&shared, &caller, id, (query, &headers), MaintenanceChange::End).await
}

/// Preview the effect of a maintenance window
///
/// The firing alerts and the open incidents that match its filter, whatever its begin. Nothing is
/// created. A token of scope `respond` is enough.
#[utoipa::path(
    post, path = path::MAINTENANCE_PREVIEW, operation_id = "preview_maintenance", tag = "changes",
    request_body(description = "The window", content((NewWindow = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = MaintenancePreview, description = "The alerts and incidents that it would mute"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn preview(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(_caller): OnCallAccess,
    Query(NoQuery {}): Query<NoQuery>,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let new: NewWindow = fields.read(&[])?;
    CachedJson::encode(&shared.backend.preview_maintenance(&new).await?).map(JsonResponse)
}

/// The incidents that are or were muted
///
/// Muted ones come first, then those that were muted before, the latest first. Each has the window
/// that mutes it or muted it last.
#[utoipa::path(
    get, path = path::MUTED, operation_id = "muted", tag = "changes", params(query::Muted),
    security(("token" = [])),
    responses(
        (status = 200, body = Vec<MutedEntry>, description = "The incidents"),
        ErrorResponses,
    ),
)]
pub(super) async fn muted(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<query::Muted>,
) -> ApiResult<JsonResponse> {
    let limit = check_limit("limit", query.limit, DEFAULT_ROWS)?;
    let search = MutedSearch { window: query.window, limit };
    CachedJson::encode(&shared.backend.muted(&search).await?).map(JsonResponse)
}

/// Reads the id in a path.
pub(super) fn parse_id(text: &str) -> ApiResult<Uuid> {
    text.parse().map_err(|_| {
        ApiError::new(ErrorCode::NotFound, "there is no such maintenance window: its id is a UUID")
    })
}

/// Refuses a body that omits fields of the window, and does not contain the revision that it
/// replaces.
async fn check_nothing_is_cleared(shared: &Shared, id: Uuid, fields: &Fields) -> ApiResult<()> {
    const OPTIONAL: [&str; 4] = ["comment", "mutes_people", "public_text", "recurrence"];
    // One that does not exist is refused by the store.
    let Ok(window) = shared.backend.maintenance_window(id).await else { return Ok(()) };
    let Ok(Value::Object(window)) = serde_json::to_value(&window) else { return Ok(()) };
    fields.check_clears_nothing(window.iter().filter(|(name, _)| OPTIONAL.contains(&name.as_str())))
}

/// Carries out a change of the window that the query and the headers expect.
async fn change_expected(
    shared: &Shared,
    caller: &RegisteredToken,
    id: Uuid,
    (query, headers): (query::Revision, &HeaderMap),
    change_it: MaintenanceChange,
) -> ApiResult<JsonResponse> {
    let tagged = expected_revision(headers)?;
    if let (Some(tagged), Some(revision)) = (tagged, query.revision)
        && tagged != revision
    {
        return Err(ApiError::rejected(
            "If-Match and revision name different revisions: leave one out",
        ));
    }
    let expected = tagged.or(query.revision);
    let changed = request(shared, caller, (id, expected), change_it).await?;
    let window = changed.map_err(|error| match (&error, tagged) {
        (BackendError::Conflict(why), Some(_)) if is_other_revision(&why.rejection) => {
            let text = error.to_string();
            let details = Details::new(ErrorCode::ChangedMeanwhile, text);
            ApiError::from(Details { rejection: Some(why.kind()), ..details })
        }
        _ => ApiError::from(error),
    })?;
    CachedJson::encode_revision(&window, window.revision).map(JsonResponse)
}

fn is_other_revision(rejection: &Rejection) -> bool {
    matches!(rejection, Rejection::Maintenance(MaintenanceRefusal::ChangedMeanwhile { .. }))
}

/// Carries out a change in the name of the caller.
pub(super) async fn change(
    shared: &Shared,
    caller: &RegisteredToken,
    about: (Uuid, Option<u32>),
    change: MaintenanceChange,
) -> ApiResult<MaintenanceWindow> {
    Ok(request(shared, caller, about, change).await??)
}

/// Sends a change to the store, and wakes other requests.
async fn request(
    shared: &Shared,
    caller: &RegisteredToken,
    (id, expected): (Uuid, Option<u32>),
    change: MaintenanceChange,
) -> ApiResult<Result<MaintenanceWindow, BackendError>> {
    check_writable(shared)?;
    let actor = actor(shared, caller).await?;
    let request = MaintenanceRequest { id, actor, at: Utc::now(), expected, change };
    let window = shared.backend.change_maintenance(&request).await;
    // Before the caller is answered, so that others find the write.
    shared.feed.record_write();
    shared.feed.record_directory_change().await;
    Ok(window)
}
