//! Handlers of messages that could not be understood: they are listed, read again and removed.

use std::sync::Arc;

use axum::extract::State;
use chrono::Utc;

use super::{changes, store_groups_as};
use crate::api::{path, query};
use crate::backend::dead_letters::ReplayedLetter;
use crate::backend::{
    BackendError, DeadLetter, DeadLetterList, DeadLetterMessage, DeadLetterSearch,
};
use crate::ingest::receivers::{self, ReceivedMessage};
use crate::model::text::truncate;
use crate::server::auth::RespondAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathText, Query};
use crate::server::openapi::document::{ChangeErrorResponses, ErrorResponses};
use crate::server::routes::administration::check_writable;
use crate::server::routes::incidents::{DEFAULT_ROWS, check_limit};
use crate::server::state::Shared;

/// The greatest number of a message in a request: the greatest whole number that every parser of
/// JSON reads exactly.
const MAX_NUMBER: u64 = (1 << 53) - 1;
/// The width to which a part of the request is quoted.
const MAX_QUOTE: usize = 40;

/// Messages that could not be understood, the last received first
///
/// They are stored so that nothing is lost by a wrong mapping, or by a sender whose format has
/// changed. At most 1,000, and 64 MiB, are stored; `dropped` counts those that were removed beyond
/// that.
#[utoipa::path(
    get, path = path::DEAD_LETTERS, operation_id = "dead_letters", tag = "changes",
    params(query::DeadLetters), security(("token" = [])),
    responses(
        (status = 200, body = DeadLetterList, description = "The messages, without their content"),
        ErrorResponses,
    ),
)]
pub(in crate::server::routes) async fn dead_letters(
    State(shared): State<Arc<Shared>>,
    RespondAccess(_): RespondAccess,
    Query(query): Query<query::DeadLetters>,
) -> ApiResult<JsonResponse> {
    let limit = check_limit("limit", query.limit, DEFAULT_ROWS)?;
    if query.before.is_some_and(|number| number > MAX_NUMBER) {
        let detail = format!("before in the query: give at most {MAX_NUMBER}");
        return Err(ApiError::bad_request(detail));
    }
    let search = DeadLetterSearch { limit, before: query.before };
    CachedJson::encode(&shared.backend.dead_letters(&search).await?).map(JsonResponse)
}

/// A message that could not be understood, with its content
#[utoipa::path(
    get, path = path::DEAD_LETTER, operation_id = "dead_letter", tag = "changes",
    params(("number" = u64, Path, description = "The number of the message", example = 1)),
    security(("token" = [])),
    responses(
        (status = 200, body = DeadLetterMessage, description = "The message"), ErrorResponses,
    ),
)]
pub(in crate::server::routes) async fn dead_letter(
    State(shared): State<Arc<Shared>>,
    RespondAccess(_): RespondAccess,
    PathText(number): PathText,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    let message = shared.backend.dead_letter(parse_number(&number)?).await?;
    CachedJson::encode(&message).map(JsonResponse)
}

/// Read a message again that could not be understood
///
/// It is read by the current version of the receiver that it was sent to, and stored in the name of
/// its sender. Then it is removed. A message that still can't be understood remains, and is refused
/// with 422.
#[utoipa::path(
    post, path = path::REPLAY_DEAD_LETTER, operation_id = "replay_dead_letter", tag = "changes",
    params(("number" = u64, Path, description = "The number of the message", example = 1)),
    security(("token" = [])),
    responses(
        (status = 200, body = ReplayedLetter, description = "The results of its alerts"),
        ChangeErrorResponses,
    ),
)]
pub(in crate::server::routes) async fn replay_dead_letter(
    State(shared): State<Arc<Shared>>,
    RespondAccess(_): RespondAccess,
    PathText(number): PathText,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    check_writable(&shared)?;
    let number = parse_number(&number)?;
    let stored = shared.backend.dead_letter(number).await?;
    let Some(bytes) = stored.bytes() else {
        return Err(ApiError::rejected(
            "the message was stored by a later version in a way that this one can't read: update it",
        ));
    };
    let letter = &stored.letter;
    let message = ReceivedMessage {
        body: &bytes,
        content_type: letter.content_type.as_deref(),
        headers: &letter.headers,
        query: letter.query.as_deref(),
        token: letter.token.as_deref(),
    };
    let settings = shared.settings();
    let source = letter.source.as_str();
    if let Some(read) = receivers::read_changes(source, &message, &settings.ingest, Utc::now()) {
        let read = read.map_err(|error| still_not_understood(&error))?;
        let changes = changes::record(&shared, &read, &letter.actor).await?;
        let letter = remove(&shared, number, stored.letter).await?;
        let replayed = ReplayedLetter { letter, outcomes: Vec::new(), changes };
        return CachedJson::encode(&replayed).map(JsonResponse);
    }
    let groups = receivers::read(&letter.source, &message, &settings.ingest, Utc::now())
        .map_err(|error| still_not_understood(&error))?;
    let sender = receivers::label(&letter.source);
    let outcomes = store_groups_as(&shared, &letter.actor, &groups, sender).await?;
    let letter = remove(&shared, number, stored.letter).await?;
    CachedJson::encode(&ReplayedLetter { letter, outcomes, changes: Vec::new() }).map(JsonResponse)
}

/// Removes a message that was read again. Another caller may have done so meanwhile, which changes
/// nothing of its reports.
async fn remove(shared: &Shared, number: u64, letter: DeadLetter) -> ApiResult<DeadLetter> {
    match shared.backend.remove_dead_letter(number).await {
        Err(BackendError::NotFound(_)) => Ok(letter),
        removed => Ok(removed?),
    }
}

fn still_not_understood(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::rejected(format!("it still can't be read: {error}"))
}

/// Remove a message that could not be understood
#[utoipa::path(
    delete, path = path::DEAD_LETTER, operation_id = "remove_dead_letter", tag = "changes",
    params(("number" = u64, Path, description = "The number of the message", example = 1)),
    security(("token" = [])),
    responses(
        (status = 200, body = DeadLetter, description = "The message is removed"),
        ChangeErrorResponses,
    ),
)]
pub(in crate::server::routes) async fn remove_dead_letter(
    State(shared): State<Arc<Shared>>,
    RespondAccess(_): RespondAccess,
    PathText(number): PathText,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    check_writable(&shared)?;
    let removed = shared.backend.remove_dead_letter(parse_number(&number)?).await?;
    CachedJson::encode(&removed).map(JsonResponse)
}

/// Parses the number of a message.
fn parse_number(text: &str) -> ApiResult<u64> {
    let is_number = (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or_else(|| {
        let text = truncate(text, MAX_QUOTE);
        ApiError::bad_request(format!(
            "{text:?} is no number of a message: /v1/ingest/dead has them"
        ))
    })
}
