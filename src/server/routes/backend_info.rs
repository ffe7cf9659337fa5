//! Handlers about the backend: its capabilities, its directory and its recorded problems.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;

use super::directory::DirectoryRead;
use crate::api::path;
use crate::backend::Capabilities;
use crate::model::directory::Directory;
use crate::server::auth::Authenticated;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::ApiResult;
use crate::server::extract::{NoQuery, Query};
use crate::server::first_version::Reader;
use crate::server::openapi::document::ErrorResponses;
use crate::server::state::Shared;

/// The name of the backend, the commands that the token permits, and the person it acts for
#[utoipa::path(
    get, path = path::CAPABILITIES, tag = "place", security(("token" = [])),
    responses((status = 200, body = Capabilities, description = "The capabilities"), ErrorResponses),
)]
pub(super) async fn capabilities(
    State(shared): State<Arc<Shared>>,
    Authenticated(caller): Authenticated,
    Query(NoQuery {}): Query<NoQuery>,
    reader: Reader,
) -> ApiResult<JsonResponse> {
    let mut capabilities = shared.backend.capabilities().await?;
    let scope = caller.token.scope;
    // This server refuses kinds of commands that it does not define, whatever the backend supports.
    let verbs = if shared.read_only { BTreeSet::new() } else { scope.narrow(&capabilities.verbs) };
    capabilities.verbs = verbs.into();
    reader.limit_commands(&mut capabilities.verbs);
    let directory = shared.directory().await?;
    capabilities.me = caller.token.person(|handle| directory.person(handle).cloned());
    capabilities.checks_person = capabilities.me.is_some();
    CachedJson::encode(&capabilities).map(JsonResponse)
}

/// People, teams, services, policies and on-call schedules
#[utoipa::path(
    get, path = path::DIRECTORY, tag = "place", security(("token" = [])),
    responses((status = 200, body = Directory, description = "The directory"), ErrorResponses),
)]
pub(super) async fn directory(
    DirectoryRead(directory): DirectoryRead,
    reader: Reader,
) -> ApiResult<JsonResponse> {
    CachedJson::encode(&*reader.limit_directory(&directory)).map(JsonResponse)
}
