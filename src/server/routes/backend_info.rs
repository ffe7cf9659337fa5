//! What the place is: what it can do, who is there, which problems are known.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;

use crate::api::path;
use crate::backend::Capabilities;
use crate::model::directory::Directory;
use crate::model::problem::Problem;
use crate::server::auth::{Known, Reader};
use crate::server::cached_json::{Document, Whole};
use crate::server::error::Answer;
use crate::server::extract::{Nothing, Query};
use crate::server::openapi::Refusals;
use crate::server::state::Shared;

/// Name, commands that the token is good for, and whom it acts for
#[utoipa::path(
    get, path = path::CAPABILITIES, tag = "place", security(("token" = [])),
    responses((status = 200, body = Capabilities, description = "What can be done"), Refusals),
)]
pub(super) async fn capabilities(
    State(shared): State<Arc<Shared>>,
    Known(key): Known,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Whole> {
    let mut capabilities = shared.backend.capabilities().await?;
    let scope = key.token.scope;
    capabilities.verbs =
        if shared.read_only { BTreeSet::new() } else { scope.narrow(capabilities.verbs) };
    let directory = shared.directory().await?;
    capabilities.me = key.token.person(|handle| directory.person(handle).cloned());
    capabilities.checks_person = capabilities.me.is_some();
    Document::of(&capabilities).map(Whole)
}

/// People, teams, services, policies and on-call schedules
#[utoipa::path(
    get, path = path::DIRECTORY, tag = "place", security(("token" = [])),
    responses((status = 200, body = Directory, description = "The directory"), Refusals),
)]
pub(super) async fn directory(
    State(shared): State<Arc<Shared>>,
    Reader(_): Reader,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Whole> {
    Document::of(&*shared.directory().await?).map(Whole)
}

/// The problems that are recorded, the last one first
#[utoipa::path(
    get, path = path::PROBLEMS, tag = "place", security(("token" = [])),
    responses((status = 200, body = Vec<Problem>, description = "At most 1000"), Refusals),
)]
pub(super) async fn problems(
    State(shared): State<Arc<Shared>>,
    Reader(_): Reader,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Whole> {
    Document::of(&shared.backend.problems().await?).map(Whole)
}
