//! Handlers that change the directory, and the list of its changes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::incidents::{DEFAULT_ROWS, check_limit};
use crate::api::{Details, ErrorCode, list_query, path};
use crate::backend::{
    Administered, AdministrationRequest, AdministrationSearch, Page, Precondition,
};
use crate::model::administration::{
    AdministrationChange, AdministrationEvent, AdministrationRefusal, Entry, EntryKind, EntryRef,
};
use crate::model::directory::TeamOverride;
use crate::model::oncall::Override;
use crate::model::{Actor, Rejection};
use crate::server::auth::{AdminAccess, OnCallAccess};
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query};
use crate::server::idempotency::RequestIds;
use crate::server::openapi::document::{ChangeErrorResponses, ErrorResponses};
use crate::server::openapi::headers::{EntryPrecondition, IdempotencyKey, OnlyNew};
use crate::server::request_body::Fields;
use crate::server::scope::Permission;
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// The log of changes to the directory and the tokens
///
/// The latest change first. Each has the entry as it was before.
#[utoipa::path(
    get, path = path::ADMINISTRATION, operation_id = "administration", tag = "administration",
    params(list_query::Administration), security(("token" = [])),
    responses(
        (status = 200, body = Page<AdministrationEvent>, description = "The changes"),
        ErrorResponses,
    ),
)]
pub(super) async fn administration(
    State(shared): State<Arc<Shared>>,
    AdminAccess(_): AdminAccess,
    Query(query): Query<list_query::Administration>,
) -> ApiResult<JsonResponse> {
    let limit = check_limit("limit", query.limit, DEFAULT_ROWS)?;
    let search = AdministrationSearch { limit, after: query.after };
    CachedJson::encode(&shared.backend.administration_log(&search).await?).map(JsonResponse)
}

/// Add an override to a schedule
///
/// Puts a person on call from one time to another. A caller with a token of scope `respond` may do
/// this as the person that the token acts for. The schedule may be one of the settings file.
#[utoipa::path(
    post, path = path::OVERRIDES, operation_id = "add_override", tag = "administration",
    params(
        ("team" = String, Path, description = "The team of the schedule", example = "payments"),
        IdempotencyKey,
    ),
    request_body(description = "The span", content((Override = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = Administered, description = "The override"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn add_override(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(team): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let span: Override = fields.read(&[])?;
    let change = AdministrationChange::AddOverride(TeamOverride { team, span });
    change_response(&shared, &caller, &headers, change).await
}

/// The override that is to be removed.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OverrideQuery {
    /// The handle of the person on call by it.
    person: String,
    /// The start of the span.
    from: DateTime<Utc>,
    /// The end of the span.
    to: DateTime<Utc>,
}

/// Remove an override from a schedule
///
/// The person on call by the override may remove it with a token of scope `respond`.
#[utoipa::path(
    delete, path = path::OVERRIDES, operation_id = "remove_override", tag = "administration",
    params(
        ("team" = String, Path, description = "The team of the schedule", example = "payments"),
        OverrideQuery,
        IdempotencyKey,
    ),
    security(("token" = [])),
    responses(
        (status = 200, body = Administered, description = "The override is removed"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn remove_override(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(team): PathText,
    Query(OverrideQuery { person, from, to }): Query<OverrideQuery>,
    headers: HeaderMap,
) -> ApiResult<JsonResponse> {
    let directory = shared.directory().await?;
    let me = caller.token.person(|handle| directory.person(handle).cloned());
    let is_own = me.is_some_and(|me| me.handle.eq_ignore_ascii_case(&person));
    if !is_own && !caller.token.scope.grants(Permission::Administer) {
        let message = "the override is for somebody else: use a token of scope admin to remove it";
        return Err(Details::new(ErrorCode::NotAllowed, message).into());
    }
    let schedule = directory.schedule(&team);
    let spans = schedule.into_iter().flat_map(|schedule| &schedule.overrides);
    let mut spans = spans.filter(|span| {
        span.from == from && span.to == to && span.person.eq_ignore_ascii_case(&person)
    });
    // Without such an override the store returns the error.
    let span = spans.next().cloned().unwrap_or(Override { person, from, to, covers: None });
    let change = AdministrationChange::RemoveOverride(TeamOverride { team, span });
    change_response(&shared, &caller, &headers, change).await
}

/// Carries out a change in the name of the caller, and returns the response to it.
pub(super) async fn change_response(
    shared: &Shared,
    caller: &RegisteredToken,
    headers: &HeaderMap,
    change: AdministrationChange,
) -> ApiResult<JsonResponse> {
    let done = change_directory(shared, caller, headers, change).await?;
    CachedJson::encode(&done).map(JsonResponse)
}

/// Carries out a change in the name of the caller.
pub(super) async fn change_directory(
    shared: &Shared,
    caller: &RegisteredToken,
    headers: &HeaderMap,
    change: AdministrationChange,
) -> ApiResult<Administered> {
    check_writable(shared)?;
    let actor = actor(shared, caller).await?;
    let request = AdministrationRequest {
        id: RequestIds::new(headers, &actor)?.command,
        at: Utc::now(),
        actor,
        change,
        expected: precondition(headers)?,
    };
    let done = shared.backend.administer(&request).await;
    shared.feed.record_directory_change().await;
    Ok(done?)
}

/// Returns who makes the changes of a caller.
pub(super) async fn actor(shared: &Shared, caller: &RegisteredToken) -> ApiResult<Actor> {
    let directory = shared.directory().await?;
    Ok(caller.token.actor(|handle| directory.person(handle).cloned()))
}

/// Refuses to change anything through a server that only reads.
pub(super) fn check_writable(shared: &Shared) -> ApiResult<()> {
    if shared.read_only {
        let message = "the server only reads: nothing can be changed through it";
        return Err(Details::new(ErrorCode::NotAllowed, message).into());
    }
    Ok(())
}

/// Returns the precondition in the headers `If-Match` and `If-None-Match`.
fn precondition(headers: &HeaderMap) -> ApiResult<Precondition> {
    let error = |message: &'static str| Err(ApiError::rejected(message));
    let mut absent = headers.get_all(header::IF_NONE_MATCH).iter();
    if let Some(value) = absent.next() {
        if value.as_bytes() != b"*" || absent.next().is_some() {
            return error("If-None-Match is not *, which expects that there is no such entry yet");
        }
        if headers.contains_key(header::IF_MATCH) {
            return error("If-Match and If-None-Match exclude each other: send one of them");
        }
        return Ok(Precondition::Absent);
    }
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(Precondition::Any) };
    let tag = value.to_str().unwrap_or_default().trim();
    if tag == "*" && values.next().is_none() {
        return Ok(Precondition::Present);
    }
    let opaque = tag.trim_start_matches("W/").strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    match (opaque, values.next()) {
        (Some(opaque), None) if !opaque.contains('"') => Ok(Precondition::Tag(opaque.to_owned())),
        _ => error("If-Match is not the tag of one entry: send the ETag of its path"),
    }
}

/// Sets the field by which the path names an entry. A schedule or policy has the name of the path as
/// its own if its team has another one.
fn identify(fields: &mut Fields, named: &EntryRef) -> ApiResult<()> {
    let has_other_team = fields.text("team").is_some_and(|team| team != named.name);
    let has_own_name = match named.kind {
        EntryKind::Schedule | EntryKind::Policy => fields.text("name").is_some() || has_other_team,
        EntryKind::Person | EntryKind::Team | EntryKind::Service => false,
    };
    fields.fill_in(if has_own_name { "name" } else { named.kind.key() }, &named.name)
}

/// Refuses a body that omits fields of the entry that it replaces, which would clear them
/// unnoticed. A caller that sends the tag of the entry has seen them.
async fn check_nothing_is_cleared(
    shared: &Shared,
    headers: &HeaderMap,
    named: &EntryRef,
    fields: &Fields,
) -> ApiResult<()> {
    if !matches!(precondition(headers)?, Precondition::Any | Precondition::Present) {
        return Ok(());
    }
    let directory = shared.directory().await?;
    let entry = Entry::find(&directory, named).and_then(|entry| entry.to_json().ok());
    let Some(Value::Object(entry)) = entry else { return Ok(()) };
    fields.check_clears_nothing(entry.iter())
}

/// Returns the response to a request that added or replaced an entry.
fn put_response(named: &EntryRef, done: &Administered) -> ApiResult<Response> {
    let is_new = done.event.as_ref().is_some_and(|event| event.before.is_none());
    let mut response = CachedJson::encode(done).map(JsonResponse)?.into_response();
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
        let step: String = form_urlencoded::byte_serialize(named.name.as_bytes()).collect();
        let location = format!("/v1/{}/{}", named.kind.plural(), step.replace('+', "%20"));
        let location = HeaderValue::try_from(location).ok();
        response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
    }
    Ok(response)
}

/// Returns the error for an entry that does not exist.
fn no_such_entry(named: EntryRef, directory: &crate::model::directory::Directory) -> ApiError {
    let existing = Entry::names(directory, named.kind);
    let nearest = crate::model::nearest::nearest(&named.name, existing.into_iter());
    let nearest = nearest.map(str::to_owned);
    let refusal = AdministrationRefusal::NoSuchEntry { entry: named, nearest };
    let rejection = Rejection::Administration(refusal);
    crate::backend::BackendError::rejected(rejection, Utc::now()).into()
}

/// Creates the routes of one kind of entry: to read, to add or replace, and to remove one.
macro_rules! entry_routes {
    (
        $module:ident, $kind:ident, $type:ty, $path:expr, $key:literal, $example:literal, $lists:expr,
        $get_id:literal, $put_id:literal, $remove_id:literal,
        $get_text:literal, $put_text:literal, $remove_text:literal
    ) => {
        pub(super) mod $module {
            use super::*;
            use crate::server::auth::ReadAccess;

            #[doc = $get_text]
            #[utoipa::path(
                get, path = $path, operation_id = $get_id, tag = "directory",
                params(($key = String, Path, description = "Its name", example = $example)),
                security(("token" = [])),
                responses((status = 200, body = $type, description = "The entry"), ErrorResponses),
            )]
            pub(in crate::server::routes) async fn read(
                State(shared): State<Arc<Shared>>,
                ReadAccess(_): ReadAccess,
                PathText(name): PathText,
                Query(NoQuery {}): Query<NoQuery>,
            ) -> ApiResult<JsonResponse> {
                let directory = shared.directory().await?;
                let named = EntryRef::new(EntryKind::$kind, name);
                match Entry::find(&directory, &named) {
                    Some(Entry::$kind(entry)) => CachedJson::encode(&entry).map(JsonResponse),
                    _ => Err(no_such_entry(named, &directory)),
                }
            }

            #[doc = $put_text]
            #[utoipa::path(
                put, path = $path, operation_id = $put_id, tag = "administration",
                params(
                    ($key = String, Path, description = "Its name", example = $example),
                    EntryPrecondition, OnlyNew, IdempotencyKey,
                ),
                request_body(
                    description = "The entry. Without If-Match, fields of the present one that are \
                        absent are refused: send null or an empty list to clear them",
                    content(($type = "application/json")),
                ),
                security(("token" = [])),
                responses(
                    (status = 200, body = Administered, description = "The entry is replaced, or was so already"),
                    (status = 201, body = Administered, description = "The entry is added", headers(
                        ("location" = String, description = "The path of the entry"),
                    )),
                    ChangeErrorResponses,
                ),
            )]
            pub(in crate::server::routes) async fn put(
                State(shared): State<Arc<Shared>>,
                AdminAccess(caller): AdminAccess,
                PathText(name): PathText,
                Query(NoQuery {}): Query<NoQuery>,
                headers: HeaderMap,
                mut fields: Fields,
            ) -> ApiResult<Response> {
                let named = EntryRef::new(EntryKind::$kind, name);
                identify(&mut fields, &named)?;
                check_nothing_is_cleared(&shared, &headers, &named, &fields).await?;
                let entry: $type = fields.read($lists)?;
                let entry = Entry::$kind(entry);
                if entry.reference() != named {
                    let message = format!("the body is not {named}, which the path names");
                    return Err(ApiError::rejected(message));
                }
                let change = AdministrationChange::put(entry);
                let done = change_directory(&shared, &caller, &headers, change).await?;
                put_response(&named, &done)
            }

            #[doc = $remove_text]
            #[utoipa::path(
                delete, path = $path, operation_id = $remove_id, tag = "administration",
                params(
                    ($key = String, Path, description = "Its name", example = $example),
                    EntryPrecondition, IdempotencyKey,
                ),
                security(("token" = [])),
                responses(
                    (status = 200, body = Administered, description = "The entry is removed"),
                    ChangeErrorResponses,
                ),
            )]
            pub(in crate::server::routes) async fn remove(
                State(shared): State<Arc<Shared>>,
                AdminAccess(caller): AdminAccess,
                PathText(name): PathText,
                Query(NoQuery {}): Query<NoQuery>,
                headers: HeaderMap,
            ) -> ApiResult<JsonResponse> {
                let change = AdministrationChange::remove(EntryRef::new(EntryKind::$kind, name));
                change_response(&shared, &caller, &headers, change).await
            }
        }
    };
}

entry_routes!(
    people,
    Person,
    crate::model::PersonRef,
    path::PERSON,
    "handle",
    "ines",
    &[],
    "person",
    "put_person",
    "remove_person",
    "One person",
    "Add or replace a person",
    "Remove a person"
);
entry_routes!(
    teams,
    Team,
    crate::model::directory::Team,
    path::TEAM,
    "name",
    "payments",
    &["members"],
    "team",
    "put_team",
    "remove_team",
    "One team",
    "Add or replace a team",
    "Remove a team"
);
entry_routes!(
    services,
    Service,
    crate::model::directory::Service,
    path::SERVICE,
    "name",
    "checkout",
    &["depends_on"],
    "service",
    "put_service",
    "remove_service",
    "One service",
    "Add or replace a service",
    "Remove a service"
);
entry_routes!(
    schedules,
    Schedule,
    crate::model::oncall::Schedule,
    path::SCHEDULE,
    "team",
    "payments",
    &["rotation"],
    "schedule",
    "put_schedule",
    "remove_schedule",
    "One on-call schedule",
    "Add or replace an on-call schedule",
    "Remove an on-call schedule"
);
entry_routes!(
    policies,
    Policy,
    crate::model::escalation::Policy,
    path::POLICY,
    "team",
    "payments",
    &[],
    "policy",
    "put_policy",
    "remove_policy",
    "One escalation policy",
    "Add or replace an escalation policy",
    "Remove an escalation policy"
);
