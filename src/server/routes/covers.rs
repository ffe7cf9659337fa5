//! Handlers of cover for shifts: it is requested, accepted, declined and withdrawn.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;

use super::administration::{actor, change_response};
use crate::api::{CoverPerson, CoverRequest, Details, ErrorCode, path};
use crate::backend::Administered;
use crate::model::administration::{AdministrationChange, AdministrationRefusal};
use crate::model::directory::Directory;
use crate::model::id::CoverId;
use crate::model::oncall::{Cover, CoverAnswer, TimeSpan};
use crate::server::auth::OnCallAccess;
use crate::server::cached_json::JsonResponse;
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query};
use crate::server::idempotency::RequestIds;
use crate::server::openapi::document::ChangeErrorResponses;
use crate::server::openapi::headers::IdempotencyKey;
use crate::server::request_body::Fields;
use crate::server::scope::Permission;
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// Request cover for a shift
///
/// A person who is on call in the span wants somebody else of the schedule to stand in, perhaps for a
/// span of theirs in return. The directory lists all requests with their ids. A request that nobody else
/// could accept is refused with 409. Who acts for a person may do this with a token of scope `respond`.
/// The schedule may be one of the settings file.
#[utoipa::path(
    post, path = path::COVERS, operation_id = "request_cover", tag = "administration",
    params(
        ("team" = String, Path, description = "The team of the schedule", example = "payments"),
        IdempotencyKey,
    ),
    request_body(description = "The span", content((CoverRequest = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = Administered, description = "The request is added, or existed already"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn request_cover(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(team): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let CoverRequest { person, from, to, note, in_return } = fields.read(&[])?;
    let directory = shared.directory().await?;
    let person = acting_person(&caller, &directory, person)?;
    // So that the request is the same one if it is repeated with its key.
    let id = CoverId(RequestIds::new(&headers, &actor(&shared, &caller).await?)?.command.0);
    let cover = Cover::new(id, &team, &person, TimeSpan { from, to });
    let change = AdministrationChange::RequestCover(Cover { note, in_return, ..cover });
    change_response(&shared, &caller, &headers, change).await
}

/// Accept a request for cover
///
/// The person gets an override for the rest of the span, and the requester one for the shift offered in
/// return, in one change. Exactly one person can accept; later requests are refused with status 409. The
/// person must belong to the schedule or to its team. A token of scope `respond` is enough.
#[utoipa::path(
    post, path = path::ACCEPT_COVER, operation_id = "accept_cover", tag = "administration",
    params(
        ("id" = String, Path, description = "The id of the request", example = "019cb000-0000-7100-8000-00000001d000"),
        IdempotencyKey,
    ),
    request_body(description = "The person who accepts", content((CoverPerson = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = Administered, description = "The person is on call"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn accept_cover(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(id): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let answer = answer(&shared, &caller, &id, &fields).await?;
    let change = AdministrationChange::AcceptCover(answer);
    change_response(&shared, &caller, &headers, change).await
}

/// Decline a request for cover
///
/// The requester stays on call. The request remains open for the other people who can accept it;
/// once there are none, such as when a swap is declined by the person whose shift is wanted, its
/// state is `declined`. A token of scope `respond` is enough.
#[utoipa::path(
    post, path = path::DECLINE_COVER, operation_id = "decline_cover", tag = "administration",
    params(
        ("id" = String, Path, description = "The id of the request", example = "019cb000-0000-7100-8000-00000001d000"),
        IdempotencyKey,
    ),
    request_body(description = "The person who declines", content((CoverPerson = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = Administered, description = "The request is declined by the person"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn decline_cover(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(id): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let answer = answer(&shared, &caller, &id, &fields).await?;
    let change = AdministrationChange::DeclineCover(answer);
    change_response(&shared, &caller, &headers, change).await
}

/// Withdraw a request for cover
///
/// Only the requester can do this, and only as long as nobody has accepted. A token of scope
/// `respond` is enough.
#[utoipa::path(
    post, path = path::WITHDRAW_COVER, operation_id = "withdraw_cover", tag = "administration",
    params(
        ("id" = String, Path, description = "The id of the request", example = "019cb000-0000-7100-8000-00000001d000"),
        IdempotencyKey,
    ),
    request_body(description = "The requester", content((CoverPerson = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 200, body = Administered, description = "The request is withdrawn"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn withdraw_cover(
    State(shared): State<Arc<Shared>>,
    OnCallAccess(caller): OnCallAccess,
    PathText(id): PathText,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    fields: Fields,
) -> ApiResult<JsonResponse> {
    let answer = answer(&shared, &caller, &id, &fields).await?;
    let change = AdministrationChange::WithdrawCover(answer);
    change_response(&shared, &caller, &headers, change).await
}

/// Reads who answers which request.
async fn answer(
    shared: &Shared,
    caller: &RegisteredToken,
    id: &str,
    fields: &Fields,
) -> ApiResult<CoverAnswer> {
    let CoverPerson { person } = fields.read(&[])?;
    let directory = shared.directory().await?;
    let person = acting_person(caller, &directory, person)?;
    let id: CoverId = id.parse().map_err(|_| {
        ApiError::new(ErrorCode::NotFound, "there is no request for cover with that id")
    })?;
    let Some(cover) = directory.cover(id) else {
        let refusal = AdministrationRefusal::NoSuchCover { id };
        return Err(ApiError::new(ErrorCode::NotFound, refusal.to_string()));
    };
    Ok(CoverAnswer { id, schedule: cover.schedule.clone(), person })
}

/// Returns the handle of the acting person: the one that the token acts for, or whom the request
/// names.
pub(super) fn acting_person(
    caller: &RegisteredToken,
    directory: &Directory,
    named: Option<String>,
) -> ApiResult<String> {
    let me = caller.token.person(|handle| directory.person(handle).cloned());
    match (named, me) {
        (None, Some(me)) => Ok(me.handle),
        (Some(named), Some(me)) if me.handle.eq_ignore_ascii_case(&named) => Ok(me.handle),
        (Some(named), _) if caller.token.scope.grants(Permission::Administer) => Ok(named),
        (Some(_), _) => {
            let message = "that is for somebody else: use a token of scope admin to do it";
            Err(Details::new(ErrorCode::NotAllowed, message).into())
        }
        (None, None) => {
            Err(ApiError::rejected("person: the token acts for nobody: name the person"))
        }
    }
}
