//! Handlers of the parts of the directory, and of who is on call.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use chrono::Utc;

use super::incidents::check_time;
use super::lists::check_name;
use crate::api::{ErrorCode, OnCallEntry, path, query};
use crate::model::PersonRef;
use crate::model::directory::{Directory, Service, Team};
use crate::model::escalation::Policy;
use crate::model::oncall::Schedule;
use crate::model::unknown_service::UnknownService;
use crate::server::auth::ReadAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, Query};
use crate::server::openapi::document::ErrorResponses;
use crate::server::state::Shared;

/// Who is on call for each team
///
/// One entry for each schedule, by the name of its team. Overrides are applied.
#[utoipa::path(
    get, path = path::ON_CALL, tag = "directory", params(query::OnCall), security(("token" = [])),
    responses((status = 200, body = Vec<OnCallEntry>, description = "Who is on call"), ErrorResponses),
)]
pub(super) async fn on_call(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<query::OnCall>,
) -> ApiResult<JsonResponse> {
    let at = check_time("at", query.at.unwrap_or_else(Utc::now))?;
    let team = check_name("team", query.team)?;
    let directory = shared.directory().await?;
    let is_wanted = |schedule: &&Schedule| {
        let same = |team: &String| team.to_lowercase() == schedule.team.to_lowercase();
        team.as_ref().is_none_or(same)
    };
    let mut entries: Vec<OnCallEntry> = directory
        .schedules
        .iter()
        .filter(is_wanted)
        .map(|schedule| OnCallEntry {
            team: schedule.team.clone(),
            person: schedule.on_call(at).map(|handle| find_person(&directory, handle)),
            until: schedule.next_change(at),
        })
        .collect();
    if let Some(team) = team.filter(|_| entries.is_empty()) {
        let team = crate::model::text::truncate(team, 60);
        let message = format!("the team {team:?} has no schedule: /v1/schedules has those that do");
        return Err(ApiError::new(ErrorCode::NotFound, message));
    }
    entries.sort_by(|a, b| a.team.cmp(&b.team));
    CachedJson::encode(&entries).map(JsonResponse)
}

/// The directory, for a caller with read permission and no further requirement.
pub(super) struct DirectoryRead(pub Arc<Directory>);

impl FromRequestParts<Arc<Shared>> for DirectoryRead {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> ApiResult<Self> {
        ReadAccess::from_request_parts(parts, shared).await?;
        Query::<NoQuery>::from_request_parts(parts, shared).await?;
        Ok(Self(shared.directory().await?))
    }
}

/// Returns the person with a handle, also one who is not in the directory.
fn find_person(directory: &Directory, handle: &str) -> PersonRef {
    directory.person(handle).cloned().unwrap_or_else(|| PersonRef::new(handle, handle))
}

/// The people of the directory
#[utoipa::path(
    get, path = path::PEOPLE, tag = "directory", security(("token" = [])),
    responses((status = 200, body = Vec<PersonRef>, description = "The people"), ErrorResponses),
)]
pub(super) async fn people(DirectoryRead(directory): DirectoryRead) -> ApiResult<JsonResponse> {
    CachedJson::encode(&directory.people).map(JsonResponse)
}

/// The teams of the directory
#[utoipa::path(
    get, path = path::TEAMS, tag = "directory", security(("token" = [])),
    responses((status = 200, body = Vec<Team>, description = "The teams"), ErrorResponses),
)]
pub(super) async fn teams(DirectoryRead(directory): DirectoryRead) -> ApiResult<JsonResponse> {
    CachedJson::encode(&directory.teams).map(JsonResponse)
}

/// The services of the directory
#[utoipa::path(
    get, path = path::SERVICES, tag = "directory", security(("token" = [])),
    responses((status = 200, body = Vec<Service>, description = "The services"), ErrorResponses),
)]
pub(super) async fn services(DirectoryRead(directory): DirectoryRead) -> ApiResult<JsonResponse> {
    CachedJson::encode(&directory.services).map(JsonResponse)
}

/// The services that are used and not in the directory
///
/// Incidents, the label `service` of the latest alerts or the latest changes use them: each has its
/// number of incidents, its sources, and the times of its first and last use. The last used comes
/// first. PUT at `/v1/services/{name}` adds one to the directory.
#[utoipa::path(
    get, path = path::UNKNOWN_SERVICES, operation_id = "unknown_services", tag = "directory",
    security(("token" = [])),
    responses(
        (status = 200, body = Vec<UnknownService>, description = "The services"), ErrorResponses,
    ),
)]
pub(super) async fn unknown_services(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    CachedJson::encode(&shared.backend.unknown_services().await?).map(JsonResponse)
}

/// The on-call schedules of the directory
#[utoipa::path(
    get, path = path::SCHEDULES, tag = "directory", security(("token" = [])),
    responses((status = 200, body = Vec<Schedule>, description = "The schedules"), ErrorResponses),
)]
pub(super) async fn schedules(DirectoryRead(directory): DirectoryRead) -> ApiResult<JsonResponse> {
    CachedJson::encode(&directory.schedules).map(JsonResponse)
}

/// The escalation policies of the directory
#[utoipa::path(
    get, path = path::POLICIES, tag = "directory", security(("token" = [])),
    responses((status = 200, body = Vec<Policy>, description = "The policies"), ErrorResponses),
)]
pub(super) async fn policies(DirectoryRead(directory): DirectoryRead) -> ApiResult<JsonResponse> {
    CachedJson::encode(&directory.policies).map(JsonResponse)
}
