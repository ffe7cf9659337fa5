//! Events in the forms of `PagerDuty`'s Events API. The key in the body authenticates the sender.
//!
//! A sender tries again on 429 and on 5xx; one of version 1 on 403, which therefore has no other
//! meaning.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use super::respond::{JSON, json_response, status_with_429};
use super::{enqueue, not_understood, store_queued};
use crate::api::ErrorCode;
use crate::ingest::IngestError;
use crate::ingest::events::{self, EventBody, EventVersion};
use crate::ingest::receivers;
use crate::model::command::CommandKind;
use crate::model::{Command, CommandId, Envelope};
use crate::server::auth::UnauthenticatedCaller;
use crate::server::error::{ApiError, ApiResult};
use crate::server::request_body::UnpackedBody;
use crate::server::routes::administration::{actor, check_writable};
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// The header in which some senders have the key, if the body has none.
const KEY_HEADER: &str = "x-routing-key";
/// The value in an answer that senders compare.
const SUCCESS: &str = "success";

/// The reason why an event is refused.
struct Refusal {
    error: ApiError,
    /// All that is wrong with the event.
    errors: Vec<String>,
    is_queue_full: bool,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { error, errors: Vec::new(), is_queue_full: false }
    }
}

impl Refusal {
    fn into_response(self, version: EventVersion) -> Response {
        let Self { error, mut errors, is_queue_full } = self;
        let status = match (version, error.status()) {
            (EventVersion::V1, _) if is_queue_full => StatusCode::FORBIDDEN,
            (EventVersion::V1, StatusCode::TOO_MANY_REQUESTS) => StatusCode::FORBIDDEN,
            (EventVersion::V1, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                StatusCode::BAD_REQUEST
            }
            (EventVersion::V1 | EventVersion::V2, _) => status_with_429(&error, is_queue_full),
        };
        let kind = if status.is_client_error() { "invalid event" } else { "error" };
        if errors.is_empty() {
            errors.push(error.detail().to_owned());
        }
        let body = json!({"status": kind, "message": error.detail(), "errors": errors});
        error.respond_as(status, JSON, body.to_string())
    }
}

/// A request with an event.
struct EventRequest<'a> {
    shared: &'a Arc<Shared>,
    caller: UnauthenticatedCaller,
    headers: &'a HeaderMap,
    version: EventVersion,
}

/// Takes an event of version 2.
pub(super) async fn enqueue_v2(
    State(shared): State<Arc<Shared>>,
    caller: UnauthenticatedCaller,
    headers: HeaderMap,
    body: ApiResult<UnpackedBody>,
) -> Response {
    let version = EventVersion::V2;
    let request = EventRequest { shared: &shared, caller, headers: &headers, version };
    match request.store(body).await {
        Ok(key) => json_response(
            StatusCode::ACCEPTED,
            &json!({
                "status": SUCCESS, "message": "Event processed", "dedup_key": key,
            }),
        ),
        Err(refusal) => refusal.into_response(version),
    }
}

/// Takes an event of version 1.
pub(super) async fn enqueue_v1(
    State(shared): State<Arc<Shared>>,
    caller: UnauthenticatedCaller,
    headers: HeaderMap,
    body: ApiResult<UnpackedBody>,
) -> Response {
    let version = EventVersion::V1;
    let request = EventRequest { shared: &shared, caller, headers: &headers, version };
    match request.store(body).await {
        Ok(key) => json_response(
            StatusCode::OK,
            &json!({
                "status": SUCCESS, "message": "Event processed", "incident_key": key,
            }),
        ),
        Err(refusal) => refusal.into_response(version),
    }
}

/// Records the change of a change event.
pub(super) async fn enqueue_change(
    State(shared): State<Arc<Shared>>,
    caller: UnauthenticatedCaller,
    headers: HeaderMap,
    body: ApiResult<UnpackedBody>,
) -> Response {
    let version = EventVersion::V2;
    let request = EventRequest { shared: &shared, caller, headers: &headers, version };
    match request.record_change(body).await {
        Ok(()) => json_response(
            StatusCode::ACCEPTED,
            &json!({
                "status": SUCCESS, "message": "Change event processed",
            }),
        ),
        Err(refusal) => refusal.into_response(version),
    }
}

impl EventRequest<'_> {
    /// Stores the event of a body. Returns the key of its alert.
    async fn store(&self, body: ApiResult<UnpackedBody>) -> Result<String, Refusal> {
        let UnpackedBody(bytes, _permit) = body?;
        let (body, caller) = self.authenticate(&bytes)?;
        check_writable(self.shared)?;
        let event = match body.event(self.version, caller.sender(), Uuid::now_v7()) {
            Ok(event) => event,
            Err(errors) => {
                let source = receivers::events_receiver(self.version);
                return Err(self.not_understood(&caller, source, &bytes, &errors).await);
            }
        };
        let queued = enqueue(self.shared)
            .map_err(|error| Refusal { is_queue_full: true, ..error.into() })?;
        let groups = [event.group];
        store_queued(self.shared, &caller, &groups, events::SOURCE, queued).await?;
        Ok(event.dedup_key)
    }

    async fn record_change(&self, body: ApiResult<UnpackedBody>) -> Result<(), Refusal> {
        let UnpackedBody(bytes, permit) = body?;
        let (body, caller) = self.authenticate(&bytes)?;
        check_writable(self.shared)?;
        if !caller.token.scope.allows(CommandKind::RecordChange) {
            let message = "the token may not record changes: use one of scope ingest";
            return Err(ApiError::new(ErrorCode::NotAllowed, message).into());
        }
        let by = actor(self.shared, &caller).await?;
        let now = Utc::now();
        let event = body.change_event(caller.sender(), by.clone(), Uuid::now_v7(), now);
        let change = match event {
            Ok(event) => event.change,
            Err(errors) => {
                let source = receivers::CHANGE_EVENTS;
                return Err(self.not_understood(&caller, source, &bytes, &errors).await);
            }
        };
        let envelope = Envelope {
            id: CommandId::new(),
            at: now,
            actor: by,
            command: Command::RecordChange(change),
            expected_seq: None,
        };
        let outcomes = self.shared.commands.execute(vec![envelope], Some(permit)).await;
        for outcome in outcomes {
            outcome.map_err(ApiError::from)?;
        }
        Ok(())
    }

    /// Reads a body and authenticates its sender. A body without a valid key is not stored.
    fn authenticate(&self, bytes: &[u8]) -> ApiResult<(EventBody, Arc<RegisteredToken>)> {
        let body =
            EventBody::parse(bytes).map_err(|error| ApiError::bad_request(error.to_string()))?;
        let in_header = || self.headers.get(KEY_HEADER)?.to_str().ok();
        let key = body.key(self.version).or_else(in_header);
        let caller = self.caller.authenticate(self.shared, key)?;
        Ok((body, caller))
    }

    async fn not_understood(
        &self,
        caller: &RegisteredToken,
        source: &str,
        bytes: &bytes::Bytes,
        errors: &[IngestError],
    ) -> Refusal {
        let error = match errors.first() {
            Some(error) => {
                not_understood(self.shared, caller, source, self.headers, bytes, error).await
            }
            None => ApiError::bad_request("the event can't be understood"),
        };
        let errors = errors.iter().map(ToString::to_string).collect();
        Refusal { error, errors, is_queue_full: false }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(EventVersion::V2, ErrorCode::Unauthorized, false, 401)]
    #[case(EventVersion::V2, ErrorCode::BadRequest, false, 400)]
    #[case(EventVersion::V2, ErrorCode::Unreachable, false, 503)]
    #[case(EventVersion::V2, ErrorCode::Unreachable, true, 429)]
    #[case(EventVersion::V1, ErrorCode::Unauthorized, false, 400)]
    #[case(EventVersion::V1, ErrorCode::NotAllowed, false, 400)]
    #[case(EventVersion::V1, ErrorCode::Unreachable, true, 403)]
    #[case(EventVersion::V1, ErrorCode::Unreachable, false, 503)]
    fn senders_try_again_by_the_status(
        #[case] version: EventVersion,
        #[case] code: ErrorCode,
        #[case] is_queue_full: bool,
        #[case] status: u16,
    ) {
        let error = ApiError::new(code, "why");
        let response = Refusal { is_queue_full, ..error.into() }.into_response(version);
        assert_eq!(response.status().as_u16(), status);
    }
}
