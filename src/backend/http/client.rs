//! Sends one request to the API and reads its response.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH,
};
use reqwest::{Client, Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::address::Address;
use super::backoff::PathBackoff;
use super::clock::{RoundTrip, ServerClock, ServerTime};
use super::error_response::{self, RequestError};
use super::options::{Contact, Timeouts};
use super::token::{Token, TokenCache, TokenError};
use super::transport_error::{self, Delay, Stage, TimedOut, TransportError};
use super::unusable_response::{Unusable, UnusableResponse};
use crate::api::SERVER_TIME;
use crate::api::details::MEDIA_TYPE;
use crate::api::{header, path};
use crate::backend::{BackendError, StoreMark};
use crate::model::unknown::salvaging;

/// The largest response body that is read, in bytes after decompression. About 100,000 rows fit.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// The largest body of an error response that is read. A longer one is treated as missing.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The header by which a request takes effect once.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request to the API.
pub(super) struct ApiRequest<'a, Q> {
    /// The path of the API, such as `/v1/incidents/{id}`.
    pub(super) path: &'a str,
    /// The value that replaces the `{…}` in `path`.
    pub(super) path_value: &'a str,
    pub(super) query: Option<&'a Q>,
    /// The body to send with POST. Without it, the request is a GET.
    pub(super) body: Option<Vec<u8>>,
    /// The media type of the body.
    pub(super) media_type: &'static str,
    /// The method, if it follows from nothing else, and further headers.
    pub(super) change: Option<ChangeRequest>,
    /// How long the server may hold the request open.
    pub(super) wait: Duration,
    /// The tag of the cached response, if there is one.
    pub(super) if_none_match: Option<&'a HeaderValue>,
}

/// Returns a GET request for `path`, to which a query or a path value can be added.
pub(super) fn get_request<Q>(path: &str) -> ApiRequest<'_, Q> {
    ApiRequest {
        path,
        path_value: "",
        query: None,
        body: None,
        media_type: "application/json",
        wait: Duration::ZERO,
        if_none_match: None,
        change: None,
    }
}

/// The parts of a request that changes an entry of the directory.
pub(super) struct ChangeRequest {
    pub(super) method: Method,
    /// The key by which the request takes effect once; `None` for a route without keys.
    pub(super) key: Option<String>,
    /// The header of the precondition on the entry, and its value.
    pub(super) expected: Option<(HeaderName, String)>,
}

/// A successful response: a body, or that the cached body is still current.
pub(super) enum ApiResponse {
    /// The JSON body and its `ETag`.
    Json(Vec<u8>, Option<HeaderValue>),
    /// The cached response is still current (304).
    NotModified,
}

/// Client of one API: its address, connection pool, token and facts learned from responses.
pub(super) struct ApiClient {
    pub(super) http: Client,
    pub(super) address: Address,
    pub(super) host: String,
    /// The proxy on the way to the host, if there is one.
    pub(super) proxy_host: Option<String>,
    pub(super) tokens: TokenCache,
    pub(super) timeouts: Timeouts,
    pub(super) clock: ServerClock,
    /// The handle of the person to whom the token belongs according to the API. Set only if the API
    /// checks that each command comes from this person.
    pub(super) person: Mutex<Option<String>>,
    pub(super) backoff: PathBackoff,
    /// Whether the server has answered so far.
    pub(super) contact: Mutex<Contact>,
    /// The highest position of the store that this client has received.
    pub(super) seen: Mutex<Option<StoreMark>>,
    /// The highest number of entries of one response that could not be read.
    pub(super) unreadable: AtomicUsize,
}

impl ApiClient {
    pub(super) fn person(&self) -> MutexGuard<'_, Option<String>> {
        self.person.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Option<StoreMark>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the position of the store that a response gives.
    fn observe_store(&self, headers: &HeaderMap) {
        let mark = headers.get(header::STORE).and_then(|value| value.to_str().ok()?.parse().ok());
        let Some(mark): Option<StoreMark> = mark else { return };
        let mut seen = self.seen();
        let is_same = seen.as_ref().is_none_or(|seen| seen.is_same_generation(&mark));
        // Responses may arrive in another order than they were sent.
        if seen
            .as_ref()
            .is_none_or(|seen| !is_same || (mark.log, mark.number) >= (seen.log, seen.number))
        {
            *seen = Some(mark);
        }
        drop(seen);
        if !is_same {
            self.tokens.count_change();
        }
    }

    /// Sends a request and reads the response. If the token is refused, sends the request once more
    /// with another token.
    pub(super) async fn call<Q: Serialize + Sync>(
        &self,
        request: &ApiRequest<'_, Q>,
    ) -> Result<ApiResponse, RequestError> {
        if let Some(reason) = self.backoff.reason(request.path, Instant::now()) {
            return Err(BackendError::Unreachable(reason).into());
        }
        let token_error = |error: TokenError| RequestError::from(BackendError::unreachable(error));
        let token = self.tokens.get().await.map_err(token_error)?;
        let mut response = self.attempt(request, &token).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(new_token) = self.tokens.refresh(&token).await.map_err(token_error)?
        {
            response = self.attempt(request, &new_token).await?;
        }
        self.receive(response, request.path).await
    }

    async fn attempt<Q: Serialize>(
        &self,
        request: &ApiRequest<'_, Q>,
        token: &Token,
    ) -> Result<Response, RequestError> {
        let method = match &request.change {
            Some(change) => change.method.clone(),
            None if request.body.is_some() => Method::POST,
            None => Method::GET,
        };
        let mut builder = self
            .http
            .request(method, self.address.join(request.path, request.path_value))
            .header(ACCEPT, format!("application/json, {MEDIA_TYPE}"))
            .header(header::TOLERATES_UNKNOWN, "1");
        if let Some(query) = request.query {
            builder = builder.query(query);
        }
        if let Some(header) = token.header() {
            builder = builder.header(AUTHORIZATION, header);
        }
        if let Some(tag) = request.if_none_match {
            builder = builder.header(IF_NONE_MATCH, tag);
        }
        if let Some(ChangeRequest { key, expected, .. }) = &request.change {
            if let Some(key) = key {
                builder = builder.header(IDEMPOTENCY_KEY, key);
            }
            if let Some((name, value)) = expected {
                builder = builder.header(name, value);
            }
        }
        if let Some(seen) = self.seen().as_ref() {
            builder = builder.header(header::SEEN, seen.to_string());
        }
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, request.media_type).body(body.clone());
        }
        // The connection may have to be made first; that has a time limit of its own.
        let is_capabilities = request.path == path::CAPABILITIES;
        let limit = self.timeouts.limit(*self.contact(), is_capabilities, request.wait);
        let (started, sent_at) = (Instant::now(), Utc::now());
        let sent = timeout(limit.total, builder.send()).await;
        let elapsed = started.elapsed();
        let failure = match sent {
            Ok(Ok(response)) => {
                *self.contact() = Contact::Answered;
                let status = response.status().as_u16();
                tracing::debug!(path = request.path, status, ms = elapsed.as_millis(), "answered");
                if let Some(time) = server_time(response.headers()) {
                    let trip = RoundTrip { sent: sent_at, received: Utc::now(), elapsed };
                    self.clock.observe(&self.host, time, trip);
                }
                self.observe_store(response.headers());
                return Ok(response);
            }
            Ok(Err(error)) => {
                let is_connection_lost = transport_error::is_connection_lost(&error);
                let error = self.transport_error(error, Stage::Head);
                RequestError { is_connection_lost, ..error.into() }
            }
            Err(_) => {
                let mut contact = self.contact();
                *contact = match *contact {
                    Contact::Unknown => Contact::Silent(0),
                    Contact::Silent(more) => Contact::Silent(more.saturating_add(1)),
                    Contact::Answered => Contact::Answered,
                };
                drop(contact);
                self.timed_out(Delay::NoResponse, limit.reported).into()
            }
        };
        tracing::debug!(path = request.path, ms = elapsed.as_millis(), "{}", failure.error);
        Err(failure)
    }

    /// Reads a response, or finds out why the request failed.
    async fn receive(&self, response: Response, path: &str) -> Result<ApiResponse, RequestError> {
        let status = response.status();
        let headers = response.headers().clone();
        if status == StatusCode::NOT_MODIFIED {
            return Ok(ApiResponse::NotModified);
        }
        if status.is_redirection() {
            return Err(error_response::redirect_error(
                &self.host,
                &self.address,
                status,
                &headers,
            )
            .into());
        }
        let is_json = error_response::is_json(&headers);
        if status.is_success() {
            if !is_json {
                return Err(error_response::not_json_error(&self.host, status, &headers).into());
            }
            let body = self.read_body(response, MAX_BODY_BYTES).await?;
            return Ok(ApiResponse::Json(body, headers.get(ETAG).cloned()));
        }
        // An error response whose body can't be read is still an error response.
        let body =
            if is_json { self.read_body(response, MAX_ERROR_BYTES).await.ok() } else { None };
        let error = error_response::ErrorResponse {
            status,
            headers: &headers,
            body: body.as_deref(),
            path,
        };
        let now = Utc::now();
        let failure = error.interpret(&self.host, &self.address, &self.clock, now);
        if let (BackendError::Unreachable(reason), Some(until)) =
            (&failure.error, failure.backoff_until)
        {
            let until = Instant::now() + (until - now).to_std().unwrap_or_default();
            self.backoff.pause(path, until, reason);
        }
        Err(failure)
    }

    /// Reads a body to its end, within the limits of time and size.
    async fn read_body(
        &self,
        mut response: Response,
        max_bytes: usize,
    ) -> Result<Vec<u8>, RequestError> {
        let started = Instant::now();
        let too_long = || {
            let reason = Unusable::TooLong { max_bytes };
            RequestError::from(BackendError::broken(self.unusable(reason)))
        };
        let announced = response.content_length().unwrap_or(0);
        if announced > max_bytes as u64 {
            return Err(too_long());
        }
        let mut body = Vec::new();
        loop {
            let remaining = self.timeouts.body.saturating_sub(started.elapsed());
            let limit = self.timeouts.chunk.min(remaining);
            match timeout(limit, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    if body.len() + chunk.len() > max_bytes {
                        return Err(too_long());
                    }
                    body.extend_from_slice(&chunk);
                }
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(error)) => {
                    return Err(self.transport_error(error, Stage::Body).into());
                }
                Err(_) if remaining <= self.timeouts.chunk => {
                    return Err(self.timed_out(Delay::TooSlow, self.timeouts.body).into());
                }
                Err(_) => {
                    return Err(self.timed_out(Delay::Stalled, self.timeouts.chunk).into());
                }
            }
        }
    }

    /// Decodes JSON. JSON that ends too early was cut off on its way.
    pub(super) fn decode<T: DeserializeOwned>(&self, json: &[u8]) -> Result<T, BackendError> {
        let error = match serde_json::from_slice(json) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if error.is_eof() {
            return Err(BackendError::unreachable(self.unusable(Unusable::CutOff)));
        }
        // One unreadable entry of a list must not lose the others.
        if error.is_data()
            && let (Ok(value), count) = salvaging(|| serde_json::from_slice(json))
        {
            tracing::warn!(%error, count, "entries of an answer can't be read and are left out");
            self.unreadable.fetch_max(count, Ordering::Relaxed);
            return Ok(value);
        }
        Err(BackendError::broken(self.unusable(Unusable::Undecodable { error })))
    }

    /// Returns the error for a response that can't be used.
    pub(super) fn unusable(&self, reason: Unusable) -> UnusableResponse {
        UnusableResponse { host: self.host.clone(), reason }
    }

    fn transport_error(&self, error: reqwest::Error, stage: Stage) -> BackendError {
        let (host, via) = (self.host.clone(), self.proxy_host.clone());
        BackendError::unreachable(TransportError::new(host, via, error, stage))
    }

    fn timed_out(&self, delay: Delay, after: Duration) -> BackendError {
        BackendError::unreachable(TimedOut { host: self.host.clone(), delay, after })
    }
}

/// Returns the server's time at which it sent the response: exactly, or of an old server to the
/// second.
fn server_time(headers: &HeaderMap) -> Option<ServerTime> {
    if let Some(time) = headers.get(SERVER_TIME).and_then(|time| time.to_str().ok()?.parse().ok()) {
        return Some(ServerTime { at: time, precision: TimeDelta::milliseconds(1) });
    }
    let at: DateTime<Utc> = error_response::parse_http_date(headers.get(DATE)?)?;
    Some(ServerTime { at, precision: TimeDelta::seconds(1) })
}
