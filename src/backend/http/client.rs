//! One request and its answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
};
use reqwest::{Client, Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::backoff::PathBackoff;
use super::clock::ServerClock;
use super::error_response::{self, RequestError};
use super::token::{Token, TokenCache};
use super::transport_error::{self, Stage};
use super::{Address, Timeouts};
use crate::api::details::MEDIA_TYPE;
use crate::backend::BackendError;

/// The longest answer that is read, in bytes, unpacked. Some 100,000 rows fit.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// The longest refusal that is read. What does not fit is none.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// What is asked.
pub(super) struct ApiRequest<'a, Q> {
    /// A path of the API.
    pub(super) path: &'a str,
    /// What its `{…}` stands for.
    pub(super) path_value: &'a str,
    pub(super) query: Option<&'a Q>,
    /// JSON to be posted; without it the answer is only fetched.
    pub(super) body: Option<Vec<u8>>,
    /// How long the server may hold it.
    pub(super) wait: Duration,
    /// What is known already.
    pub(super) if_none_match: Option<&'a HeaderValue>,
}

/// What came.
pub(super) enum ApiResponse {
    /// JSON, and its tag.
    Json(Vec<u8>, Option<HeaderValue>),
    /// What is known already still holds.
    NotModified,
}

/// The way to one API.
pub(super) struct ApiClient {
    pub(super) http: Client,
    pub(super) address: Address,
    pub(super) host: String,
    /// The proxy on the way there.
    pub(super) proxy_host: Option<String>,
    pub(super) tokens: TokenCache,
    pub(super) timeouts: Timeouts,
    pub(super) clock: ServerClock,
    /// The handle of whom the API takes the asker for, where it checks that of each command.
    pub(super) person: Mutex<Option<String>>,
    pub(super) backoff: PathBackoff,
}

impl ApiClient {
    pub(super) fn person(&self) -> MutexGuard<'_, Option<String>> {
        self.person.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, and asks once more with another token where the first one was not taken.
    pub(super) async fn call<Q: Serialize + Sync>(
        &self,
        request: &ApiRequest<'_, Q>,
    ) -> Result<ApiResponse, RequestError> {
        if let Some(said) = self.backoff.reason(request.path, Instant::now()) {
            return Err(BackendError::Unreachable(said).into());
        }
        let no_token =
            |error: super::TokenError| RequestError::from(BackendError::Unreachable(error.0));
        let token = self.tokens.get().await.map_err(no_token)?;
        let mut response = self.attempt(request, &token).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(other) = self.tokens.refresh(&token).await.map_err(no_token)?
        {
            response = self.attempt(request, &other).await?;
        }
        self.receive(response, request.path).await
    }

    async fn attempt<Q: Serialize>(
        &self,
        request: &ApiRequest<'_, Q>,
        token: &Token,
    ) -> Result<Response, RequestError> {
        let method = if request.body.is_some() { Method::POST } else { Method::GET };
        let mut builder = self
            .http
            .request(method, self.address.join(request.path, request.path_value))
            .header(ACCEPT, format!("application/json, {MEDIA_TYPE}"));
        if let Some(query) = request.query {
            builder = builder.query(query);
        }
        if let Some(header) = token.header() {
            builder = builder.header(AUTHORIZATION, header);
        }
        if let Some(tag) = request.if_none_match {
            builder = builder.header(IF_NONE_MATCH, tag);
        }
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        // A connection may have to be made first, which has a limit of its own.
        let limit = self.timeouts.response + request.wait;
        let begun = Instant::now();
        let sent = timeout(self.timeouts.connect + limit, builder.send()).await;
        let after = begun.elapsed();
        let told = match sent {
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                tracing::debug!(path = request.path, status, ms = after.as_millis(), "answered");
                if let Some(date) = server_date(response.headers()) {
                    self.clock.observe(&self.host, date, Utc::now());
                }
                return Ok(response);
            }
            Ok(Err(error)) => {
                let said = transport_error::describe(
                    &self.host,
                    self.proxy_host.as_deref(),
                    &error,
                    Stage::Head,
                );
                RequestError {
                    is_connection_lost: transport_error::is_connection_lost(&error),
                    ..BackendError::Unreachable(said).into()
                }
            }
            Err(_) => {
                BackendError::Unreachable(transport_error::no_response(&self.host, limit)).into()
            }
        };
        tracing::debug!(path = request.path, ms = after.as_millis(), "{}", told.error);
        Err(told)
    }

    /// Reads an answer, or why there is none.
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
        // A refusal that can't be read to its end is still one.
        let body =
            if is_json { self.read_body(response, MAX_ERROR_BYTES).await.ok() } else { None };
        let refusal = error_response::ErrorResponse {
            status,
            headers: &headers,
            body: body.as_deref(),
            path,
        };
        let now = Utc::now();
        let trouble = refusal.interpret(&self.host, &self.address, &self.clock, now);
        if let (BackendError::Unreachable(said), Some(until)) =
            (&trouble.error, trouble.backoff_until)
        {
            let until = Instant::now() + (until - now).to_std().unwrap_or_default();
            self.backoff.pause(path, until, said);
        }
        Err(trouble)
    }

    /// Reads a body up to its end, within limits of time and length.
    async fn read_body(
        &self,
        mut response: Response,
        longest: usize,
    ) -> Result<Vec<u8>, RequestError> {
        let begun = Instant::now();
        let unreachable = |said: String| RequestError::from(BackendError::Unreachable(said));
        let too_long = || {
            let most = longest / 1024 / 1024;
            let host = &self.host;
            RequestError::from(BackendError::Broken(format!(
                "the answer of {host} has more than {most} MiB: it is not read"
            )))
        };
        let announced = response.content_length().unwrap_or(0);
        if announced > longest as u64 {
            return Err(too_long());
        }
        let mut body = Vec::new();
        loop {
            let left = self.timeouts.body.saturating_sub(begun.elapsed());
            let patience = self.timeouts.chunk.min(left);
            match timeout(patience, response.chunk()).await {
                Ok(Ok(Some(piece))) => {
                    if body.len() + piece.len() > longest {
                        return Err(too_long());
                    }
                    body.extend_from_slice(&piece);
                }
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(error)) => {
                    let said = transport_error::describe(
                        &self.host,
                        self.proxy_host.as_deref(),
                        &error,
                        Stage::Body,
                    );
                    return Err(unreachable(said));
                }
                Err(_) if left <= self.timeouts.chunk => {
                    return Err(unreachable(transport_error::too_slow(
                        &self.host,
                        self.timeouts.body,
                    )));
                }
                Err(_) => {
                    return Err(unreachable(transport_error::stalled(
                        &self.host,
                        self.timeouts.chunk,
                    )));
                }
            }
        }
    }

    /// What JSON says. One that ends too early was cut off on its way.
    pub(super) fn decode<T: DeserializeOwned>(&self, json: &[u8]) -> Result<T, BackendError> {
        serde_json::from_slice(json).map_err(|error| {
            let host = &self.host;
            if error.is_eof() {
                let said = format!("{host} stopped in the middle of its answer");
                return BackendError::Unreachable(said);
            }
            let said = transport_error::short_message(&error.to_string());
            BackendError::Broken(format!(
                "the answer of {host} can't be understood ({said}): it may be of another version"
            ))
        })
    }
}

/// When the server says it is.
fn server_date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    error_response::parse_http_date(headers.get(DATE)?)
}
