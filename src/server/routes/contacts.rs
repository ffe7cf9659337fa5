//! Handlers of contacts: how people are reached.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use chrono::Utc;

use super::administration::{actor, check_writable};
use crate::api::contacts::{ContactChangeRequest, ContactTestRequest};
use crate::api::{Details, ErrorCode, path};
use crate::backend::ContactRequest;
use crate::model::notification::{ContactChange, ContactTest, PersonReach};
use crate::server::auth::{OnCallAccess, ReadAccess};
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query};
use crate::server::idempotency::RequestIds;
use crate::server::openapi::document::{ChangeErrorResponses, ErrorResponses};
use crate::server::openapi::headers::IdempotencyKey;
use crate::server::request_body::Fields;
use crate::server::scope::Permission;
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// How people are reached
///
/// The contacts in the settings of the server, and those that people have set themselves, with the
/// rules for their use. Addresses of people other than the person of the token are masked except
/// for their ends, whatever its scope.
#[utoipa::path(
    get, path = path::CONTACTS, operation_id = "contacts", tag = "directory",
    security(("token" = [])),
    responses((status = 200, body = Vec<PersonReach>, description = "The people"), ErrorResponses),
)]
pub(super) async fn contacts(
    State(shared): State<Arc<Shared>>,
    ReadAccess(caller): ReadAccess,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    let me = own_handle(&shared, &caller).await?;
    let people = shared.backend.contacts().await?.into_iter();
    let people: Vec<PersonReach> = people.map(|person| as_seen(person, me.as_deref())).collect();
    CachedJson::encode(&people).map(JsonResponse)
}

/// Change how a person is reached
///
/// Adds, changes or removes a contact, or sets the quiet hours. A caller may change the contacts of
/// the person that the token acts for with scope `respond`; those of others need the scope `admin`.
/// A contact uses a channel in the settings of the server; a contact of the settings can't be
/// changed.
#[utoipa::path(
    post, path = path::PERSON_CONTACTS, operation_id = "change_contacts", tag = "directory",
    params(
        ("person" = String, Path, description = "The handle of the person", example = "ines"),
        IdempotencyKey,
    ),
    request_body(
        description = "The change", content((ContactChangeRequest = "application/json")),
    ),
    security(("token" = [])),
    responses(
        (status = 200, body = PersonReach, description = "How the person is reached now"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn change_contacts(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(person): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let request: ContactChangeRequest = fields.read(&[])?;
    let change =
        ContactChange::try_from(request).map_err(|error| ApiError::rejected(error.to_string()))?;
    let me = check_own(&shared, &caller, &person).await?;
    check_writable(&shared)?;
    let actor = actor(&shared, &caller).await?;
    let id = RequestIds::new(&headers, &actor)?.command;
    let request = ContactRequest { id, at: Utc::now(), actor, person, change };
    let done = shared.backend.change_contacts(&request).await?;
    CachedJson::encode(&as_seen(done, me.as_deref())).map(JsonResponse)
}

/// Send a test message to a person
///
/// Over all contacts of the person, or over one. The response comes when all providers have answered.
#[utoipa::path(
    post, path = path::TEST_CONTACTS, operation_id = "test_contacts", tag = "directory",
    params(("person" = String, Path, description = "The handle of the person", example = "ines")),
    request_body(
        description = "Which contact", content((ContactTestRequest = "application/json")),
    ),
    security(("token" = [])),
    responses(
        (status = 200, body = Vec<ContactTest>, description = "The outcome of each message"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn test_contacts(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(person): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let ContactTestRequest { contact } = fields.read(&[])?;
    check_own(&shared, &caller, &person).await?;
    check_writable(&shared)?;
    let results = shared.backend.test_contacts(&person, contact.as_deref()).await?;
    CachedJson::encode(&results).map(JsonResponse)
}

/// Returns the handle of the person of a token; `None` for that of a program.
async fn own_handle(shared: &Shared, caller: &RegisteredToken) -> ApiResult<Option<String>> {
    let directory = shared.directory().await?;
    let me = caller.token.person(|handle| directory.person(handle).cloned());
    Ok(me.map(|me| me.handle))
}

/// Refuses to change or to test the contacts of another person without the scope for it. Returns
/// the handle of the person of the token.
async fn check_own(
    shared: &Shared,
    caller: &RegisteredToken,
    person: &str,
) -> ApiResult<Option<String>> {
    let me = own_handle(shared, caller).await?;
    let is_own = me.as_ref().is_some_and(|me| me.eq_ignore_ascii_case(person));
    if !is_own && !caller.token.scope.grants(Permission::Administer) {
        let message = "the contacts are those of somebody else: use a token of scope admin";
        return Err(Details::new(ErrorCode::NotAllowed, message).into());
    }
    Ok(me)
}

/// Returns how a person is reached, as the caller may see it.
fn as_seen(person: PersonReach, me: Option<&str>) -> PersonReach {
    let is_own = me.is_some_and(|me| me.eq_ignore_ascii_case(&person.person));
    if is_own { person } else { person.masked() }
}
