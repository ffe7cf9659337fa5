//! Work common to all requests: request id, time limit, panics, content negotiation, metrics and
//! log.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{SecondsFormat, Utc};
use futures_util::FutureExt;
use hyper::body::Body as _;
use tokio::time::timeout;
use uuid::Uuid;

use super::access_log::LogRecord;
use super::cached_json::{Accepts, negotiate};
use super::error::ApiError;
use super::metrics::FailureKind;
use super::state::Shared;
use super::tokens::RegisteredToken;
use crate::api::{ErrorCode, SERVER_TIME, path};
use crate::model::text::SafeText;

/// The header that identifies a request, for the caller and for the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Request extension in which the authentication records the caller.
#[derive(Clone, Debug, Default)]
pub(super) struct CallerSlot(Arc<OnceLock<Arc<RegisteredToken>>>);

impl CallerSlot {
    /// Records the caller's token.
    pub(super) fn set(&self, token: &Arc<RegisteredToken>) {
        // Each request is authenticated once, so the slot is empty.
        self.0.set(Arc::clone(token)).ok();
    }

    fn token_name(&self) -> Option<SafeText<'static>> {
        self.0.get().map(|registered| registered.token.name.clone().into())
    }
}

/// The address that a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

/// Passes a request to its route and completes the response.
pub(super) async fn request_middleware(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let time = Utc::now();
    let id = request_id(request.headers());
    let method = method_label(request.method());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let accepts = Accepts::from_headers(request.method(), request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let caller = CallerSlot::default();
    request.extensions_mut().insert(caller.clone());
    let matched = route;
    let route =
        matched.as_ref().and_then(|route| path::ALL.into_iter().find(|p| *p == route.as_str()));
    debug_assert_eq!(matched.is_some(), route.is_some(), "{matched:?} is served, not described");
    let mut limit = shared.limits.request_timeout;
    if route == Some(path::CHANGES) {
        limit += shared.limits.max_long_poll;
    }
    let handler = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match timeout(limit, handler).await {
        Ok(Ok(response)) => response,
        // The panic itself is in the log.
        Ok(Err(_)) => {
            let message = "the request failed: tell who runs the server, with its X-Request-Id";
            ApiError::new(ErrorCode::Internal, message).into_response()
        }
        Err(_) => {
            let s = limit.as_secs();
            let message = format!("it took longer than {s} s: send the same again as it is");
            ApiError::new(ErrorCode::Unreachable, message).into_response()
        }
    };
    let mut response = negotiate(response, &accepts).await;
    if let Some(failure) = response.extensions_mut().remove::<FailureKind>() {
        shared.metrics.record_failure(failure);
    }
    if is_chunked {
        // The end of such a body can be read in two ways (RFC 9112, 6.3), so the connection is not
        // used for another request.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.headers_mut().insert(REQUEST_ID, id.clone());
    let answered_at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    if let Ok(time) = HeaderValue::try_from(answered_at) {
        response.headers_mut().insert(SERVER_TIME, time);
    }
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    let route = route.unwrap_or("none");
    shared.metrics.record_request(method, route, status, elapsed);
    let is_logged = shared.log.record(|| LogRecord {
        time,
        request_id: id.to_str().unwrap_or_default().to_owned(),
        peer,
        method,
        route,
        status,
        elapsed,
        bytes: response.body().size_hint().exact().unwrap_or(0),
        token: caller.token_name(),
    });
    if !is_logged {
        shared.metrics.lost_lines.inc();
    }
    response
}

/// Returns a method's name for metrics and log. Methods that no route has are all `other`.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    }
}

/// Returns the id that came with a request, if it is valid, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_id = |value: &&HeaderValue| {
        let is_allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        (1..=64).contains(&value.len()) && value.as_bytes().iter().all(is_allowed)
    };
    headers.get(REQUEST_ID).filter(is_id).cloned().unwrap_or_else(|| {
        let id = Uuid::now_v7().to_string();
        HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
    })
}
