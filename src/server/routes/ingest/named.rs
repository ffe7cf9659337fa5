//! Messages that are read by a mapping: any JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::Utc;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, SchemaType};
use utoipa::{PartialSchema, ToSchema};

use super::{RequestHead, changes as recorded, content_type, not_understood, sns, store_groups};
use crate::api::{ErrorCode, path};
use crate::backend::IngestOutcome;
use crate::backend::http::TokenSource;
use crate::ingest::changes::{self, ChangeForm};
use crate::ingest::mapping::{self, Message};
use crate::ingest::receivers::{ChangeMessage, ReadError, ReadGroups, ReceivedMessage};
use crate::ingest::{SecretSource, Sender, receivers, signature};
use crate::model::change::Change;
use crate::model::text::{sanitize, truncate};
use crate::server::auth::IngestAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::PathText;
use crate::server::openapi::document::ChangeErrorResponses;
use crate::server::request_body::UnpackedBody;
use crate::server::routes::administration::check_writable;
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// The width to which a part of the request is quoted.
const MAX_QUOTE: usize = 60;
/// The most parameters of a query that a mapping can read.
const MAX_PARAMETERS: usize = 100;

/// Any JSON: the mapping defines its structure.
struct AnyMessage;

impl PartialSchema for AnyMessage {
    fn schema() -> RefOr<Schema> {
        Object::builder()
            .schema_type(SchemaType::AnyValue)
            .description(Some("The message, in the form of its sender"))
            .into()
    }
}

impl ToSchema for AnyMessage {}

/// The results of the alerts of a message: an outcome for each group.
#[derive(Serialize, ToSchema)]
pub(in crate::server::routes) struct IngestOutcomes {
    /// The outcomes, in the order of the groups. Empty if the message has no relevant content.
    outcomes: Vec<IngestOutcome>,
    /// The changes that a message of deployments reports, as they are recorded then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
}

/// Receive the alerts of a message that is read by a mapping
///
/// `name` is that of a mapping in the settings (`[ingest.NAME]`), or of a built-in one: `azure`,
/// `checkmk`, `cloudevents`, `cloudwatch`, `datadog`, `gcp`, `grafana`, `icinga`, `nagios`, `oncall`,
/// `otlp`, `sentry`, `uptime-kuma` or `zabbix`; `github`, `gitlab` and `cdevents` report changes, such as
/// deployments, and no alerts. The message is JSON, whatever its type says, or a form; it
/// may be compressed with gzip or deflate.
///
/// A sender that can't set a header may send its token as `key`, `token` or `auth_token` in the
/// query. It is answered once everything is durable, and the same message may be sent again. A
/// message that can't be understood is refused with 400, and stored: `/v1/ingest/dead` lists it. If
/// only one of several alerts can't be understood, the others are stored before.
#[utoipa::path(
    post, path = path::INGEST_NAMED, operation_id = "ingest_named", tag = "changes",
    params(("name" = String, Path, description = "The name of the mapping", example = "uptime-kuma")),
    request_body(
        description = "The message",
        content((AnyMessage = "application/json", example = json!({
                "heartbeat": {"status": 0, "msg": "timeout"},
                "monitor": {"id": 3, "name": "Shop"}
            }))),
    ),
    security(("token" = [])),
    responses(
        (status = 200, body = IngestOutcomes, description = "The results of the alerts"),
        ChangeErrorResponses,
    ),
)]
pub(in crate::server::routes) async fn ingest_named(
    State(shared): State<Arc<Shared>>,
    IngestAccess(caller): IngestAccess,
    PathText(name): PathText,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    UnpackedBody(body, permit): UnpackedBody,
) -> ApiResult<Response> {
    check_writable(&shared)?;
    let settings = shared.settings();
    let Some(sender) = settings.ingest.sender(&name) else {
        if receivers::RECEIVERS.contains(&name.as_str()) {
            return store_own_form(&shared, &caller, &name, &headers, &body)
                .await
                .map(IntoResponse::into_response);
        }
        let names = receivers::receiver_names(&settings.ingest).join(", ");
        let name = truncate(&name, MAX_QUOTE).into_owned();
        return Err(ApiError::new(
            ErrorCode::NotFound,
            format!("there is no mapping {name:?}: use one of {names}"),
        ));
    };
    let query = query.unwrap_or_default();
    let head = RequestHead { headers: &headers, query: Some(&query) };
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().take(MAX_PARAMETERS);
    let message = Message {
        body: &body,
        content_type: content_type(&headers),
        headers: readable_headers(&headers),
        query: pairs.filter(|(name, _)| !is_key(name)).collect(),
    };
    let form = changes::form_of(&sender, &message);
    check_signature(&sender, form, &message).await?;
    if let Some(form) = form {
        let read = form.read(&name, &message, Utc::now());
        let reports = match read {
            Ok(reports) => reports,
            Err(error) => {
                return Err(not_understood(&shared, &caller, &name, head, &body, &error).await);
            }
        };
        let message = ChangeMessage { reports, sender };
        let changes = recorded::record_of(&shared, &caller, &message).await?;
        return CachedJson::encode(&IngestOutcomes { outcomes: Vec::new(), changes }).map(respond);
    }
    if !sender.topics.is_empty() {
        sns::check(&sender.topics, &body).await?;
    }
    let mapped = match mapping::read(&sender.mapping, &name, &message, Utc::now()) {
        Ok(mapped) => mapped,
        Err(error) => {
            return Err(not_understood(&shared, &caller, &name, head, &body, &error).await);
        }
    };
    if let Some(url) = mapped.confirm.as_ref().filter(|_| sender.topics.is_empty()) {
        // An operator of the server decides whether to open the address.
        tracing::warn!(
            "{} asks to confirm its subscription: if it is yours, open {}",
            sanitize(&name),
            sanitize(url)
        );
    }
    let is_protobuf = message.is_protobuf();
    drop(message);
    // Its memory is only needed for the unreadable part.
    let unusable = mapped.unusable.map(|error| (body, error));
    let outcomes = store_groups(&shared, &caller, &mapped.groups, receivers::label(&name)).await?;
    drop(permit);
    if let Some((body, error)) = unusable {
        return Err(not_understood(&shared, &caller, &name, head, &body, &error).await);
    }
    if is_protobuf {
        // In protobuf, a message without fields is empty: everything was accepted.
        let headers = [(header::CONTENT_TYPE, "application/x-protobuf")];
        return Ok((StatusCode::OK, headers, Bytes::new()).into_response());
    }
    CachedJson::encode(&IngestOutcomes { outcomes, changes: Vec::new() }).map(respond)
}

/// Returns a response with JSON.
fn respond(json: Arc<CachedJson>) -> Response {
    JsonResponse(json).into_response()
}

/// Stores a message in a form that no mapping reads, such as a mail.
async fn store_own_form(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    name: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> ApiResult<JsonResponse> {
    let message = ReceivedMessage {
        body,
        content_type: content_type(headers),
        headers: &BTreeMap::new(),
        query: None,
        token: Some(caller.sender()),
    };
    let settings = shared.settings();
    let read = receivers::read_usable(name, &message, &settings.ingest, Utc::now());
    let ReadGroups { groups, unusable } = match read {
        Ok(read) => read,
        Err(ReadError::NotUnderstood(error)) => {
            return Err(not_understood(shared, caller, name, headers, body, &error).await);
        }
        Err(error @ ReadError::NoReceiver { .. }) => {
            return Err(ApiError::new(ErrorCode::NotFound, error.to_string()));
        }
    };
    let outcomes = store_groups(shared, caller, &groups, receivers::label(name)).await?;
    if let Some(error) = unusable {
        return Err(not_understood(shared, caller, name, headers, body, &error).await);
    }
    CachedJson::encode(&IngestOutcomes { outcomes, changes: Vec::new() }).map(JsonResponse)
}

/// Answer the handshake of a sender of `CloudEvents`
///
/// It asks with OPTIONS whether its events are accepted, before it sends any. Whether it may send
/// them still depends on its token.
pub(super) async fn handshake(PathText(_): PathText, headers: HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    if let Some(origin) = headers.get("webhook-request-origin").cloned() {
        let answer = response.headers_mut();
        answer.insert("webhook-allowed-origin", origin);
        answer.insert("webhook-allowed-rate", HeaderValue::from_static("*"));
    }
    response
}

/// Returns the headers that a mapping can read. Those that authenticate the sender are none of them.
fn readable_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let is_readable =
        |name: &str| !matches!(name, "authorization" | "cookie" | "proxy-authorization");
    let named = headers.iter().filter(|(name, _)| is_readable(name.as_str()));
    named
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// Returns whether a parameter of the query has a token or a key.
fn is_key(name: &str) -> bool {
    matches!(name, "key" | "token" | "auth_token")
}

/// Checks the signature of a message from a sender for which the settings have a secret.
async fn check_signature(
    sender: &Sender,
    changes: Option<ChangeForm>,
    message: &Message<'_>,
) -> ApiResult<()> {
    let Some(source) = &sender.secret else { return Ok(()) };
    let form = sender.mapping.signature();
    let changes = changes.filter(|_| sender.changes.is_some());
    if form.is_none() && changes.is_none() {
        return Ok(());
    }
    let source = match source {
        SecretSource::File(path) => TokenSource::File(path.clone()),
        SecretSource::Variable(name) => TokenSource::Variable(name.clone()),
    };
    let failed = |why: String| {
        tracing::warn!("the secret by which messages are signed can't be read: {why}");
        let message = "the signature can't be checked now: send the message again";
        ApiError::new(ErrorCode::Unreachable, message)
    };
    let text = source.read_text().await.map_err(|error| failed(error.to_string()))?;
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        return Err(failed(format!("{source} has none")));
    }
    let secret = text.trim().as_bytes();
    let verified = match (changes, form) {
        (Some(changes), _) => changes.verify(secret, message),
        (None, Some(form)) => signature::verify(form, secret, message),
        (None, None) => Ok(()),
    };
    verified.map_err(|error| ApiError::new(ErrorCode::Unauthorized, error.to_string()))
}
