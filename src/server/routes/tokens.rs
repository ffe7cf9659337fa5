//! Handlers for tokens: who may use the API. They need the scope `admin`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::administration::{actor, check_writable};
use crate::api::{ErrorCode, path};
use crate::backend::AdministrationRequest;
use crate::model::administration::AdministrationChange;
use crate::model::text::SafeText;
use crate::server::auth::AdminAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query};
use crate::server::openapi::document::{ChangeErrorResponses, ErrorResponses};
use crate::server::request_body::Fields;
use crate::server::scope::Scope;
use crate::server::state::Shared;
use crate::server::tokens::{NewToken, RegisteredToken, Token, TokenError, TokenFile, TokenForm};

/// A token, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct TokenInfo {
    /// Identifies the token; the part of it that is no secret.
    #[schema(example = "b54e8e392759")]
    id: String,
    /// The name for people.
    name: String,
    /// The permitted uses of it.
    scope: Scope,
    /// The form in which it is sent; absent for a token.
    #[serde(skip_serializing_if = "TokenForm::is_token")]
    form: TokenForm,
    /// The handle of the person that it acts for; absent if that is the name, or for a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it expires; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    /// When it was revoked; absent if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to about a minute; absent if it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<Token> for TokenInfo {
    fn from(token: Token) -> Self {
        let Token { id, name, scope, form, person, created_at, expires_at, revoked_at, .. } = token;
        let last_used_at = token.last_used_at;
        Self { id, name, scope, form, person, created_at, expires_at, revoked_at, last_used_at }
    }
}

/// A token to create.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "backup", "scope": "ingest", "expires_at": "2027-01-01T00:00:00Z"}))]
pub(super) struct NewTokenRequest {
    /// The name: one line of at most 100 characters. No two valid tokens have the same name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The permitted uses of it.
    scope: Scope,
    /// The form in which it is sent; a token by default. An integration key has the scope `ingest`.
    #[serde(default)]
    form: TokenForm,
    /// The handle of the person that it acts for; by default the name. A token of scope `ingest`
    /// acts for a program.
    #[serde(default)]
    person: Option<String>,
    /// When it expires; never by default.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// A token that was just created.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CreatedToken {
    /// The token with its secret, to be sent as `Authorization: Bearer …`, or the integration key. It is
    /// shown only now.
    secret: String,
    /// The stored part of it.
    token: TokenInfo,
}

/// All tokens, in the order of their creation
#[utoipa::path(
    get, path = path::TOKENS, operation_id = "tokens", tag = "administration",
    security(("token" = [])),
    responses((status = 200, body = Vec<TokenInfo>, description = "The tokens"), ErrorResponses),
)]
pub(super) async fn tokens(
    State(shared): State<Arc<Shared>>,
    AdminAccess(_): AdminAccess,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    let tokens = in_file(&shared, TokenFile::list).await?;
    let tokens: Vec<TokenInfo> = tokens.into_iter().map(TokenInfo::from).collect();
    CachedJson::encode(&tokens).map(JsonResponse)
}

/// Create a token
///
/// The response contains the secret of the token, which is not stored: a lost one must be replaced
/// by a new token.
#[utoipa::path(
    post, path = path::TOKENS, operation_id = "create_token", tag = "administration",
    request_body(description = "The token", content((NewTokenRequest = "application/json"))),
    security(("token" = [])),
    responses(
        (status = 201, body = CreatedToken, description = "The token is created", headers(
            ("location" = String, description = "The path of the token"),
        )),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn create_token(
    State(shared): State<Arc<Shared>>,
    AdminAccess(caller): AdminAccess,
    Query(NoQuery {}): Query<NoQuery>,
    fields: Fields,
) -> ApiResult<Response> {
    let NewTokenRequest { name, scope, form, person, expires_at } = fields.read(&[])?;
    check_writable(&shared)?;
    if form == TokenForm::Key && (scope != Scope::Ingest || person.is_some()) {
        return Err(ApiError::rejected(
            "an integration key is good for sending alerts: give scope ingest and no person, or \
             create a token",
        ));
    }
    let (secret, token) = in_file(&shared, move |file| match form {
        TokenForm::Key => file.create_key(name, expires_at),
        TokenForm::Token => file.create(NewToken { name, scope, person, expires_at }),
    })
    .await?;
    let change = AdministrationChange::CreateToken(token.record());
    if let Err(error) = record(&shared, &caller, change).await {
        // Nobody has seen the secret, and the creator of the token would be unknown.
        let id = token.id.clone();
        in_file(&shared, move |file| file.revoke(&id)).await?;
        return Err(error);
    }
    let location = HeaderValue::try_from(format!("{}/{}", path::TOKENS, token.id)).ok();
    let created = CreatedToken { secret: secret.reveal(), token: token.into() };
    let mut response = CachedJson::encode(&created).map(JsonResponse)?.into_response();
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
    Ok(response)
}

/// Revoke a token
///
/// It is refused from now on, and remains in the list. A token may revoke itself.
#[utoipa::path(
    delete, path = path::TOKEN, operation_id = "revoke_token", tag = "administration",
    params(("id" = String, Path, description = "The id of the token", example = "b54e8e392759",
            pattern = "^[0-9a-f]{12}$")),
    security(("token" = [])),
    responses(
        (status = 200, body = TokenInfo, description = "The token is revoked"),
        ChangeErrorResponses,
    ),
)]
pub(super) async fn revoke_token(
    State(shared): State<Arc<Shared>>,
    AdminAccess(caller): AdminAccess,
    PathText(id): PathText,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    check_writable(&shared)?;
    // A name does not identify a token permanently.
    let is_id = id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id {
        let id = SafeText::from(id);
        return Err(ApiError::bad_request(format!(
            "{id:?} is no id of a token: /v1/tokens has them"
        )));
    }
    let token = in_file(&shared, move |file| file.revoke(&id)).await?;
    record(&shared, &caller, AdministrationChange::RevokeToken(token.record())).await?;
    CachedJson::encode(&TokenInfo::from(token)).map(JsonResponse)
}

/// Does something with the token file, on a thread that may block.
async fn in_file<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&TokenFile) -> Result<T, TokenError> + Send + 'static,
) -> ApiResult<T> {
    let file = shared.tokens.file().clone();
    let result = tokio::task::spawn_blocking(move || work(&file)).await;
    let failed = |detail: &str| ApiError::new(ErrorCode::Internal, detail.to_owned());
    let result =
        result.map_err(|_| failed("the tokens can't be read: tell who runs the server"))?;
    result.map_err(|error| match error {
        TokenError::Refused(why) => ApiError::rejected(why),
        TokenError::NotFound(_) => ApiError::new(
            ErrorCode::NotFound,
            "there is no such token: /v1/tokens has all, with their ids",
        ),
        TokenError::File(why) => {
            tracing::error!("{why}");
            failed("the tokens can't be read or written: tell who runs the server")
        }
    })
}

/// Records who changed which token.
async fn record(
    shared: &Shared,
    caller: &RegisteredToken,
    change: AdministrationChange,
) -> ApiResult<()> {
    let actor = actor(shared, caller).await?;
    let request = AdministrationRequest::new(actor, change, Utc::now());
    shared.backend.administer(&request).await?;
    Ok(())
}
