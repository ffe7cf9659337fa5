//! Handlers of the pages of links, of calendars and of answers to text messages. They are no part of the API, and need
//! no token of it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::Utc;

use crate::api::{ErrorCode, path};
use crate::backend::BackendError;
use crate::server::answers::mail::{self, MailRefusal};
use crate::server::answers::{calendar, link, sms, twilio};
use crate::server::auth::IngestAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::paths;
use crate::server::request_body::RawBody;
use crate::server::routes::administration::check_writable;
use crate::server::state::Shared;

/// Adds the routes.
pub(super) fn add_routes(router: Router<Arc<Shared>>) -> Router<Arc<Shared>> {
    router
        .route(paths::LINK, get(show_link).post(follow_link))
        .route(paths::CALENDAR, get(show_calendar))
        .route(paths::REPLIES_TWILIO, post(reply_by_sms))
        .route(path::REPLIES_MAIL, post(reply_by_mail))
}

/// The page of a link. It changes nothing.
pub(super) async fn show_link(
    State(shared): State<Arc<Shared>>,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    link::show(&shared, &token_of(token), Utc::now()).await.into_response(&headers)
}

/// Performs the action of a link. A page of another site can't read the answer, and would need the
/// link to send the request.
pub(super) async fn follow_link(
    State(shared): State<Arc<Shared>>,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    RawBody(_, permit): RawBody,
) -> ApiResult<Response> {
    check_form(&headers)?;
    let page = link::follow(&shared, &token_of(token), Some(permit), Utc::now()).await;
    Ok(page.into_response(&headers))
}

/// The shifts that a calendar program reads.
pub(super) async fn show_calendar(
    State(shared): State<Arc<Shared>>,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    calendar::show(&shared, &token_of(token), &headers, Utc::now()).await
}

/// Returns the token of a path; empty for one that can't be read, which is no token.
fn token_of(path: Result<Path<String>, PathRejection>) -> String {
    path.map(|Path(token)| token).unwrap_or_default()
}

/// Refuses a body of another type than that of the button. An absent body has none.
fn check_form(headers: &HeaderMap) -> ApiResult<()> {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let content_type = content_type.to_str().unwrap_or("other");
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.is_empty() || essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    let message = "the body has another type: send no body, or an empty form";
    Err(ApiError::new(ErrorCode::MediaType, message))
}

/// Carries out a text message that Twilio delivers, and answers it.
pub(super) async fn reply_by_sms(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    RawBody(body, permit): RawBody,
) -> ApiResult<Response> {
    let settings = shared.settings();
    let form = twilio::Form::parse(&body);
    drop(body);
    let signature = headers.get(twilio::SIGNATURE).and_then(|value| value.to_str().ok());
    let mut channels = Vec::new();
    if let (Some(signature), Some(base)) = (signature, &settings.answers.public_url) {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let urls = twilio::urls(base, &format!("{}{query}", paths::REPLIES_TWILIO));
        channels = sms::signed_by(&settings.sms, &form, signature, &urls).await;
    }
    if channels.is_empty() {
        let message = "it is not signed by an account of the settings: see `redphone help answers`";
        return Err(ApiError::new(ErrorCode::NotAllowed, message));
    }
    let sentence = sms::answer(&shared, &form, &channels, Some(permit), Utc::now()).await;
    let mut response = Response::new(Body::from(twilio::response(sentence.as_deref())));
    *response.status_mut() = StatusCode::OK;
    for (name, value) in
        [(header::CONTENT_TYPE, "text/xml; charset=utf-8"), (header::CACHE_CONTROL, "no-store")]
    {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response.into_response())
}

/// Carries out the answer in a mail that a mail server delivers, which has a token of scope
/// `ingest` or an integration key. The token in the address of the mail decides who may answer.
pub(super) async fn reply_by_mail(
    State(shared): State<Arc<Shared>>,
    IngestAccess(_): IngestAccess,
    RawBody(body, permit): RawBody,
) -> ApiResult<JsonResponse> {
    check_writable(&shared)?;
    let settings = shared.settings();
    let directory = shared.directory().await?;
    let execute = async |envelope| {
        let mut outcomes = shared.commands.execute(vec![envelope], Some(permit)).await;
        let failed = || BackendError::Unreachable("the backend failed: send it again".into());
        outcomes.pop().unwrap_or_else(|| Err(failed()))
    };
    let mail = &body[..body.len().min(mail::MAX_MAIL)];
    let (answers, backend) = (&settings.answers, &*shared.backend);
    let done = mail::answer(mail, answers, backend, &directory, Utc::now(), execute).await;
    if done.is_ok() {
        // It may have answered a request for cover.
        shared.feed.record_directory_change().await;
    }
    let outcome = done.map_err(|refusal| match refusal {
        MailRefusal::Backend(error) => error.into(),
        MailRefusal::NoAddress => ApiError::new(ErrorCode::NotAllowed, refusal.to_string()),
        MailRefusal::NoAnswer(_) => ApiError::rejected(refusal.to_string()),
        MailRefusal::UnknownAddress => ApiError::new(ErrorCode::NotFound, refusal.to_string()),
        MailRefusal::Refused(_) | MailRefusal::Cover(_) => {
            ApiError::new(ErrorCode::Conflict, refusal.to_string())
        }
    })?;
    CachedJson::encode(&outcome).map(JsonResponse)
}
