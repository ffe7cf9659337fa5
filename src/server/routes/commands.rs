//! Handler for commands. The token decides which commands are allowed and who their actor is.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};

use crate::api::command::MAX_COMMANDS;
use crate::api::{Answered, Answers, Details, ErrorCode, Orders, path};
use crate::backend::BackendError;
use crate::model::Envelope;
use crate::model::text::SafeText;
use crate::server::auth::CommandAccess;
use crate::server::cached_json::{CachedJson, JsonResponse, expected_seq};
use crate::server::caller_slot::CallerSlot;
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, Query};
use crate::server::first_version::Reader;
use crate::server::middleware::RefusedCount;
use crate::server::openapi::document::CommandErrorResponses;
use crate::server::openapi::headers::IfMatch;
use crate::server::request_body::Json;
use crate::server::sender::Sender;
use crate::server::state::Shared;

/// The header with the number of commands that were not carried out.
const REFUSED_COMMANDS: HeaderName = HeaderName::from_static("x-refused-commands");

/// Carry out commands, in their order
///
/// Each command has its own outcome: a refused command does not prevent the others from being
/// carried out. A command that is sent again with the same id is answered with its first outcome.
/// An id is bound to the content of its command and to its requester: with other content, or from
/// another requester, it is refused with the code `id_reused`. With `expected_seq`, or `If-Match`
/// and the tag of the incident in a request with one command, a command is refused if its incident
/// has changed since; with `If-Match` the status of the response is 412 then. Unknown fields are
/// refused, and so are absent fields that would clear a value: send null to clear it. The token
/// determines the requester. A command that names its requester is refused if the token belongs to
/// another person. The scope of the token determines the commands: `read` permits none; `ingest`
/// permits `declare`, `repeat_alert` and `record_change`; `respond` permits all but `repeat_alert`,
/// `record_change` and `record_problem`; `admin` permits all.
///
/// A request with one command that is refused or fails has the status of that error (409, 422, 429,
/// 500 or 503) and its problem details. Errors with status 401, 403 or 404 are reported inside of a
/// 200 also for one command, because clients read these statuses as being about the token or the
/// path. The response to several commands is a 200 with the number of those that were not carried
/// out, in `refused` and in the header `X-Refused-Commands`.
#[utoipa::path(
    post, path = path::COMMANDS, tag = "commands", request_body = Orders,
    params(IfMatch),
    security(("token" = [])),
    responses(
        (status = 200, body = Answers, description = "The outcome of each", headers(
            ("x-refused-commands" = u32, description = "How many were not carried out"),
        )),
        CommandErrorResponses,
    ),
)]
pub(super) async fn commands(
    State(shared): State<Arc<Shared>>,
    Extension(slot): Extension<CallerSlot>,
    CommandAccess(caller): CommandAccess,
    Query(NoQuery {}): Query<NoQuery>,
    headers: HeaderMap,
    reader: Reader,
    Json(mut orders, permit): Json<Orders>,
) -> ApiResult<Response> {
    let count = orders.commands.len();
    if !(1..=MAX_COMMANDS).contains(&count) {
        return Err(ApiError::bad_request(format!(
            "commands: there are {count}, send 1 to {MAX_COMMANDS} at once"
        )));
    }
    slot.set_commands(orders.commands.iter().map(|order| order.command.kind()));
    let if_match = apply_if_match(&headers, &mut orders)?;
    let sender = Sender::new(&shared, caller).await?;
    // The panes and the command line ask for confirmation themselves. Older ones can't.
    let asks_itself = headers
        .get(header::USER_AGENT)
        .is_some_and(|agent| agent.as_bytes().starts_with(b"redphone/"));
    let person = sender.person();
    let mut answers: Vec<Option<Answered>> = Vec::with_capacity(count);
    let mut allowed: Vec<Envelope> = Vec::with_capacity(count);
    for mut order in orders.commands {
        let kind = order.command.kind();
        let refused = sender.refuse_kind(kind).or_else(|| sender.refuse_tracker(&order.command));
        if let Some(details) = refused {
            answers.push(Some(Answered::Refused { id: order.id, details: Box::new(details) }));
            continue;
        }
        // The token may have changed since the command was created.
        if let Some(requester) =
            order.as_person.take().filter(|requester| Some(requester) != person)
        {
            let is = person.map_or_else(|| "nobody's".into(), |is| format!("{is}'s"));
            let reason = SafeText::from(format!(
                "it was asked by {requester}, and the token is {is}: send it with a token of \
                 {requester}"
            ));
            let details = Box::new(Details::new(ErrorCode::OtherPerson, reason));
            answers.push(Some(Answered::Refused { id: order.id, details }));
            continue;
        }
        if !order.accept_unknown
            && !asks_itself
            && let Some(details) = sender.refuse_unknown_names(
                &order.command,
                "send \"accept_unknown\": true with the command if it is meant",
            )
        {
            answers.push(Some(Answered::Refused { id: order.id, details: Box::new(details) }));
            continue;
        }
        answers.push(None);
        allowed.push(order.into_envelope(sender.actor.clone()));
    }
    let ids: Vec<_> = allowed.iter().map(|envelope| envelope.id).collect();
    let outcomes = if allowed.is_empty() {
        Vec::new()
    } else {
        shared.commands.execute(allowed, Some(permit)).await
    };
    let names = sender.name_index();
    let mut results = ids.into_iter().zip(outcomes).map(|(id, outcome)| match outcome {
        Ok(outcome) => {
            let mut outcome = sender.visible(outcome, &names);
            reader.limit_events(&mut outcome.events);
            Answered::Done { id, outcome: Box::new(outcome) }
        }
        Err(error) => Answered::Refused { id, details: Box::new(sender.refusal(id, error)) },
    });
    let answers: Option<Vec<_>> =
        answers.into_iter().map(|refused| refused.or_else(|| results.next())).collect();
    let answers = answers.ok_or_else(|| BackendError::Broken("an outcome is missing".into()))?;
    if let (Some(_), [Answered::Refused { details, .. }]) = (if_match, &answers[..])
        && details.code() == Some(ErrorCode::ChangedMeanwhile)
    {
        return Err(ApiError::from((**details).clone()));
    }
    respond(&Answers::new(answers))
}

/// Returns the position that the header `If-Match` names, and lets the only command expect it.
///
/// # Errors
/// The header names no position, there are several commands, or the command expects another one.
fn apply_if_match(headers: &HeaderMap, orders: &mut Orders) -> ApiResult<Option<u32>> {
    let if_match = expected_seq(headers)?;
    if if_match.is_some() {
        let [order] = &mut orders.commands[..] else {
            return Err(ApiError::rejected(
                "If-Match is for one command: give `expected_seq` in each command instead",
            ));
        };
        if order.expected_seq.is_some_and(|expected| Some(expected) != if_match) {
            return Err(ApiError::rejected(
                "If-Match and expected_seq name different positions: leave one out",
            ));
        }
        order.expected_seq = if_match;
    }
    Ok(if_match)
}

/// The statuses of errors that a request with one command has as its own.
///
/// A client of the first version understands these. From 401, 403 and 404 it concludes that its
/// token or its path is wrong, and sends the command again and again.
const REQUEST_STATUSES: [u16; 5] = [409, 422, 429, 500, 503];

/// Returns the response with the outcomes of commands.
fn respond(answers: &Answers) -> ApiResult<Response> {
    if let [Answered::Refused { details, .. }] = &answers.answers[..]
        && REQUEST_STATUSES.contains(&details.status)
    {
        return Err(ApiError::from((**details).clone()));
    }
    let refused = answers.refused;
    let mut response = CachedJson::encode(answers).map(JsonResponse)?.into_response();
    response.headers_mut().insert(REFUSED_COMMANDS, refused.into());
    response.extensions_mut().insert(RefusedCount(refused));
    Ok(response)
}
