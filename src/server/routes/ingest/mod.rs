//! Handlers of messages with alerts, each in the form of the program that sends it.
//!
//! Their senders do not read an answer: they count its status and send the message again or not.
//! Alertmanager gives up a message that is refused with 4xx, also 429, so whatever may succeed later is
//! a 503 with `Retry-After`.

pub(super) mod alertmanager;
mod changes;
pub(super) mod dead;
mod events;
pub(super) mod foreign;
mod goalert;
pub(super) mod named;
mod opsgenie;
mod opsgenie_alerts;
mod opsgenie_heartbeats;
mod opsgenie_query;
mod ping;
mod prometheus;
mod respond;
mod silences;
mod sns;
mod suppression;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use chrono::Utc;
use tokio::sync::SemaphorePermit;

use super::administration::actor;
use crate::api::ErrorCode;
use crate::backend::{BackendError, IngestOutcome, NewDeadLetter};
use crate::ingest::IngestError;
use crate::model::Actor;
use crate::model::alert::AlertGroup;
use crate::model::text::SafeText;
use crate::server::error::{ApiError, ApiResult};
use crate::server::public_error::as_seen_by_clients;
use crate::server::state::Shared;
use crate::server::tokens::{RegisteredToken, Secret, Token};

/// Stores the alerts of a message in the name of the caller. Each group is durable on its own, so
/// repeating the message after an error changes nothing of those that are stored.
async fn store_groups(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    groups: &[AlertGroup],
    sender: &'static str,
) -> ApiResult<Vec<IngestOutcome>> {
    let queued = enqueue(shared)?;
    store_queued(shared, caller, groups, sender, queued).await
}

/// Stores the alerts of a message in the name of an actor, as [`store_groups`] does.
async fn store_groups_as(
    shared: &Arc<Shared>,
    actor: &Actor,
    groups: &[AlertGroup],
    sender: &'static str,
) -> ApiResult<Vec<IngestOutcome>> {
    let _queued = enqueue(shared)?;
    store_each(shared, actor, groups, sender).await
}

/// Reserves a slot for a message to be stored.
fn enqueue(shared: &Shared) -> ApiResult<SemaphorePermit<'_>> {
    let message = "too many alerts are waiting to be stored: send the message again";
    shared.alert_permits.try_acquire().map_err(|_| ApiError::new(ErrorCode::Unreachable, message))
}

/// Stores the alerts of a message with a reserved slot, as [`store_groups`] does.
async fn store_queued(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    groups: &[AlertGroup],
    sender: &'static str,
    _queued: SemaphorePermit<'_>,
) -> ApiResult<Vec<IngestOutcome>> {
    let actor = actor(shared, caller).await?;
    store_each(shared, &actor, groups, sender).await
}

/// Stores groups of alerts one after the other, after the rules of the settings have changed them.
async fn store_each(
    shared: &Arc<Shared>,
    actor: &Actor,
    groups: &[AlertGroup],
    sender: &'static str,
) -> ApiResult<Vec<IngestOutcome>> {
    let settings = shared.settings();
    let rules = &settings.ingest.rules;
    let mut outcomes = Vec::with_capacity(groups.len());
    for group in groups {
        // Without rules a message of thousands of alerts is not copied.
        let apply = || rules.apply(group.clone(), actor.name());
        let applied = (!rules.0.is_empty()).then(apply);
        let groups: Vec<&AlertGroup> = match &applied {
            Some(applied) => applied.groups.iter().map(|applied| &applied.group).collect(),
            None => vec![group],
        };
        if let Some(applied) = &applied
            && groups.is_empty()
        {
            // The sender gets the answer to a message without news.
            outcomes.push(IngestOutcome::ignored(applied.dropped.len()));
        }
        for group in groups {
            let result = shared.backend.ingest(group, actor).await;
            // Before the caller is answered, so that others find the write.
            shared.feed.record_write();
            shared.health.record_alerts(&result);
            let outcome = result.map_err(storing_failed)?;
            shared.metrics.record_alerts(sender, &outcome.alerts);
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

/// Returns the error for alerts that are not stored.
fn storing_failed(error: BackendError) -> ApiError {
    match error {
        // These may succeed later, once an operator of the server has acted.
        BackendError::NotAllowed(_) | BackendError::Broken(_) | BackendError::Limited { .. } => {
            tracing::warn!("alerts can't be stored: {error}");
            let message = "alerts can't be stored now: send the message again";
            ApiError::new(ErrorCode::Unreachable, message)
        }
        error => error.into(),
    }
}

/// Further properties of a message besides its body.
#[derive(Clone, Copy, Debug)]
struct RequestHead<'a> {
    headers: &'a HeaderMap,
    query: Option<&'a str>,
}

impl<'a> From<&'a HeaderMap> for RequestHead<'a> {
    fn from(headers: &'a HeaderMap) -> Self {
        Self { headers, query: None }
    }
}

/// Stores a message that can't be understood, so that it can be read again, and returns the error
/// for it. If it can't be stored now, the sender should repeat it, as it would be lost otherwise.
async fn not_understood(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    source: &str,
    request: impl Into<RequestHead<'_>>,
    body: &Bytes,
    error: &IngestError,
) -> ApiError {
    let request = request.into();
    let stored = store_dead_letter(shared, caller, source, request, body, error).await;
    let outcome = match &stored {
        Ok(_) => "stored",
        Err(fault) if fault.is_final() => "lost",
        Err(_) => "deferred",
    };
    shared.metrics.record_dead_letter(outcome);
    let reason = SafeText::from(error.to_string());
    let source = SafeText::from(source);
    // A misconfigured sender sends the same again and again.
    let key = format!("a message to {source} can't be understood: {reason}");
    if shared.hidden_errors.count(key, Instant::now()).is_some() {
        match &stored {
            Ok(number) => tracing::warn!(
                "a message to {source} can't be understood, and is stored as {number}: {reason}"
            ),
            Err(failure) => tracing::warn!(
                "a message to {source} can't be understood ({reason}), nor stored: {failure}"
            ),
        }
    }
    match stored {
        Err(fault) if !fault.is_final() => {
            let message = "the message can't be understood, and not be stored now: send it again";
            ApiError::new(ErrorCode::Unreachable, message)
        }
        _ => ApiError::bad_request(error.to_string()),
    }
}

async fn store_dead_letter(
    shared: &Arc<Shared>,
    caller: &RegisteredToken,
    source: &str,
    RequestHead { headers, query }: RequestHead<'_>,
    body: &Bytes,
    error: &IngestError,
) -> Result<u64, DeadLetterFault> {
    let _queued = shared.alert_permits.try_acquire().map_err(|_| DeadLetterFault::QueueIsFull)?;
    let directory = shared.directory().await?;
    let new = NewDeadLetter {
        source: source.to_owned(),
        actor: caller.token.actor(|handle| directory.person(handle).cloned()),
        token: Some(caller.sender().to_owned()),
        content_type: content_type(headers).map(ToOwned::to_owned),
        headers: stored_headers(headers),
        query: query.and_then(stored_query),
        reason: error.to_string(),
        message: without_secret(body, &caller.token),
        at: Utc::now(),
    };
    Ok(shared.backend.add_dead_letter(&new).await?)
}

/// Returns a message without the token or key that it was sent with, which some senders include. It
/// is replaced by as many characters.
fn without_secret(body: &[u8], token: &Token) -> Vec<u8> {
    let mut message = body.to_vec();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut start = 0;
    while let Some(offset) = body.get(start..).and_then(|rest| rest.iter().position(is_part)) {
        start += offset;
        let rest = body.get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let text = rest.get(..length).and_then(|text| std::str::from_utf8(text).ok());
        let secret = text.and_then(|text| text.parse::<Secret>().ok());
        if secret.is_some_and(|secret| secret.hash().matches(&token.hash))
            && let Some(part) = message.get_mut(start..start + length)
        {
            part.fill(b'x');
        }
        start += length;
    }
    message
}

/// The reason why a message that can't be understood is not stored.
#[derive(Debug, thiserror::Error)]
enum DeadLetterFault {
    #[error("too many messages are waiting")]
    QueueIsFull,
    #[error(transparent)]
    Backend(BackendError),
}

impl From<BackendError> for DeadLetterFault {
    fn from(error: BackendError) -> Self {
        Self::Backend(as_seen_by_clients(error))
    }
}

impl DeadLetterFault {
    /// Returns whether the message can't be stored at any time.
    fn is_final(&self) -> bool {
        matches!(self, Self::Backend(BackendError::NotAllowed(_) | BackendError::Rejected(_)))
    }
}

/// Parts of names of headers and parameters that may have a secret.
const SECRETS: [&str; 12] = [
    "auth",
    "token",
    "key",
    "secret",
    "sign",
    "cookie",
    "pass",
    "pwd",
    "credential",
    "session",
    "jwt",
    "hmac",
];
/// Headers about the transport of a message, rather than its content.
const TRANSPORT: [&str; 11] = [
    "host",
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-encoding",
    "content-type",
    "expect",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Returns whether a header or a parameter may have a secret, by its name and its text.
fn may_be_secret(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_token = || {
        let mut parts = text.split(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_');
        parts.any(|part| part.parse::<Secret>().is_ok())
    };
    SECRETS.iter().any(|secret| name.contains(secret)) || is_token()
}

/// Returns the headers of a message that its receiver may read, by name: those without a secret.
fn stored_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let read = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        let (name, text) = (name.as_str(), value.to_str().ok()?);
        let is_stored = !TRANSPORT.contains(&name) && !may_be_secret(name, text);
        is_stored.then(|| (name.to_owned(), text.to_owned()))
    };
    headers.iter().filter_map(read).collect()
}

/// Returns a query without possible secrets; `None` if nothing else is in it.
fn stored_query(query: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let pairs = pairs.filter(|(name, text)| !may_be_secret(name, text));
    let stored = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    (!stored.is_empty()).then_some(stored)
}

/// Returns the type of a body according to its sender.
fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::scope::Scope;
    use crate::server::tokens::TokenForm;

    fn token(secret: &Secret) -> Token {
        Token {
            id: secret.id().to_owned(),
            name: "Zabbix".into(),
            scope: Scope::Ingest,
            person: None,
            form: TokenForm::Key,
            hash: secret.hash(),
            created_at: Utc::now(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn message_is_stored_without_the_key_in_it() {
        for secret in [Secret::new_key().unwrap(), Secret::new().unwrap()] {
            let (text, other) = (secret.reveal(), Secret::new_key().unwrap().reveal());
            let body = format!("{{\"routing_key\":\"{text}\",\"id\":\"{other}\"}}{text}");
            let stored = without_secret(body.as_bytes(), &token(&secret));
            let expected = body.replace(&text, &"x".repeat(text.len()));
            assert_eq!(String::from_utf8(stored).unwrap(), expected);
        }
        let secret = Secret::new_key().unwrap();
        for odd in [&b""[..], b"\xff\xfe", b"abc", b"_"] {
            assert_eq!(without_secret(odd, &token(&secret)), odd);
        }
    }

    #[test]
    fn headers_with_secrets_are_not_stored() {
        let mut headers = HeaderMap::new();
        let names = [
            "ce-type",
            "x-event",
            "sentry-hook-resource",
            "webhook-id",
            "x-api-key",
            "x-hub-signature",
            "sentry-hook-signature",
            "authorization",
            "accept",
        ];
        for name in names {
            headers.insert(name, "value".parse().unwrap());
        }
        let secret = Secret::new_key().unwrap().reveal();
        headers.insert("x-other", format!("a {secret}").parse().unwrap());
        let stored = stored_headers(&headers);
        let expected = ["ce-type", "sentry-hook-resource", "webhook-id", "x-event"];
        assert_eq!(stored.keys().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn query_is_stored_without_keys() {
        let secret = Secret::new_key().unwrap().reveal();
        let query = format!("key={secret}&a=b+c&auth_token=x&other={secret}&meta=d%3De");
        assert_eq!(stored_query(&query).as_deref(), Some("a=b+c&meta=d%3De"));
        for nothing in ["", "token=x", &format!("key={secret}")] {
            assert_eq!(stored_query(nothing), None, "{nothing}");
        }
    }
}
