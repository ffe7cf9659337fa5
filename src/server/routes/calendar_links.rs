//! Handlers of addresses of calendars.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;

use super::administration::{actor, change_directory, change_response};
use super::covers::acting_person;
use crate::api::{CalendarLinkRequest, CreatedCalendarLink, Details, ErrorCode, path};
use crate::backend::Administered;
use crate::model::administration::{AdministrationChange, AdministrationRefusal};
use crate::model::id::CalendarLinkId;
use crate::model::notification::LinkToken;
use crate::model::oncall::CalendarLink;
use crate::server::answers::calendar::path_of;
use crate::server::auth::OnCallAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query};
use crate::server::idempotency::RequestIds;
use crate::server::openapi::document::ChangeErrorResponses;
use crate::server::openapi::headers::IdempotencyKey;
use crate::server::request_body::Fields;
use crate::server::scope::Permission;
use crate::server::state::Shared;

/// Create an address of a calendar
///
/// Calendar programs read the shifts of a schedule, or those of a person on all schedules, at this
/// address without a token: anybody who has the address can read them. It works until it is
/// revoked. The directory lists all of them with their ids. A token of scope `respond` is enough.
#[utoipa::path(
    post, path = path::CALENDAR_LINKS, operation_id = "create_calendar_link", tag = "administration",
    params(IdempotencyKey),
    request_body(description = "Whose shifts", content((CalendarLinkRequest = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = CreatedCalendarLink, description = "The address works"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn create_calendar_link(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let CalendarLinkRequest { schedule, person, digest } = fields.read(&[])?;
    let directory = shared.directory().await?;
    let person = acting_person(&caller, &directory, person)?;
    let ids = RequestIds::new(&headers, &actor(&shared, &caller).await?)?;
    let (digest, path) = match digest {
        Some(digest) => (digest, None),
        None if ids.is_repeatable => {
            // The secret would be another one if the request came again.
            let message = "digest: a request with an Idempotency-Key has the digest of its secret";
            return Err(ApiError::rejected(message));
        }
        None => {
            let token = LinkToken::random()
                .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))?;
            (hex::encode(token.digest().as_bytes()), Some(path_of(&token)))
        }
    };
    let change = AdministrationChange::CreateCalendarLink(CalendarLink {
        id: CalendarLinkId(ids.command.0),
        digest,
        person,
        schedule,
        created_at: None,
        revoked_at: None,
        extra: <_>::default(),
    });
    let Administered { event, replayed } =
        change_directory(&shared, &caller, &headers, change).await?;
    CachedJson::encode(&CreatedCalendarLink { event, replayed, path }).map(JsonResponse)
}

/// Revoke an address of a calendar
///
/// It stops working immediately. Its creator may do this with a token of scope `respond`.
#[utoipa::path(
    post, path = path::REVOKE_CALENDAR_LINK, operation_id = "revoke_calendar_link",
    tag = "administration",
    params(
        ("id" = String, Path, description = "The id of the address", example = "019cb000-0000-7100-8000-00000001d000"),
        IdempotencyKey,
    ),
    security(("token" = [])),
    responses(
        (status = 200, body = Administered, description = "The address is revoked"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn revoke_calendar_link(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(id): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
) -> ApiResult<JsonResponse> {
    let missing = "there is no address of a calendar with that id";
    let not_found = |_| ApiError::new(ErrorCode::NotFound, missing);
    let id: CalendarLinkId = id.parse().map_err(not_found)?;
    let directory = shared.directory().await?;
    let Some(link) = directory.calendar_links.iter().find(|link| link.id == id) else {
        let refusal = AdministrationRefusal::NoSuchCalendarLink { id };
        return Err(ApiError::new(ErrorCode::NotFound, refusal.to_string()));
    };
    let me = caller.token.person(|handle| directory.person(handle).cloned());
    let is_own = me.is_some_and(|me| me.handle.eq_ignore_ascii_case(&link.person));
    if !is_own && !caller.token.scope.grants(Permission::Administer) {
        let message = "somebody else created the address: use a token of scope admin to revoke it";
        return Err(Details::new(ErrorCode::NotAllowed, message).into());
    }
    let change = AdministrationChange::RevokeCalendarLink(id);
    change_response(&shared, &caller, &headers, change).await
}
