//! What happens around every request: its name, its time, its form, and what is told of it.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
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
use crate::api::{ErrorCode, path};

/// Names a request, for whoever asks and for the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where the one who asks is noted.
#[derive(Clone, Debug, Default)]
pub(super) struct CallerSlot(Arc<OnceLock<Arc<RegisteredToken>>>);

impl CallerSlot {
    /// It is this one.
    pub(super) fn set(&self, key: &Arc<RegisteredToken>) {
        // Asked for once a request.
        self.0.set(Arc::clone(key)).ok();
    }

    fn token_name(&self) -> Option<String> {
        self.0.get().map(|key| key.token.name.clone())
    }
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

/// Leads a request to its route and its answer back.
pub(super) async fn request_middleware(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let time = Utc::now();
    let id = request_id(request.headers());
    let method = method_label(request.method());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let takes = Accepts::from_headers(request.method(), request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let who = CallerSlot::default();
    request.extensions_mut().insert(who.clone());
    let matched = route;
    let route =
        matched.as_ref().and_then(|route| path::ALL.into_iter().find(|p| *p == route.as_str()));
    debug_assert_eq!(matched.is_some(), route.is_some(), "{matched:?} is served, not described");
    let mut most = shared.limits.request_timeout;
    if route == Some(path::CHANGES) {
        most += shared.limits.max_long_poll;
    }
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match timeout(most, work).await {
        Ok(Ok(response)) => response,
        // The panic itself is in the log.
        Ok(Err(_)) => {
            let what = "the request failed: tell who runs the server, with its X-Request-Id";
            ApiError::new(ErrorCode::Internal, what).into_response()
        }
        Err(_) => {
            let s = most.as_secs();
            let what = format!("it took longer than {s} s: send the same again as it is");
            ApiError::new(ErrorCode::Unreachable, what).into_response()
        }
    };
    let mut response = negotiate(response, &takes).await;
    if let Some(failed) = response.extensions_mut().remove::<FailureKind>() {
        shared.metrics.record_failure(failed);
    }
    if chunked {
        // Where a body ends can be read in two ways (RFC 9112, 6.3): nothing follows it here.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.headers_mut().insert(REQUEST_ID, id.clone());
    let status = response.status().as_u16();
    let took = begun.elapsed();
    let route = route.unwrap_or("none");
    shared.metrics.record_request(method, route, status, took);
    let told = shared.log.record(|| LogRecord {
        time,
        request_id: id.to_str().unwrap_or_default().to_owned(),
        peer,
        method,
        route,
        status,
        elapsed: took,
        bytes: response.body().size_hint().exact().unwrap_or(0),
        token: who.token_name(),
    });
    if !told {
        shared.metrics.lost_lines.inc();
    }
    response
}

/// A method by name; those that no route has are not told apart.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    }
}

/// The one that came with a request, where it is one, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_id = |value: &&HeaderValue| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        (1..=64).contains(&value.len()) && value.as_bytes().iter().all(plain)
    };
    headers.get(REQUEST_ID).filter(is_id).cloned().unwrap_or_else(|| {
        let id = Uuid::now_v7().to_string();
        HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
    })
}
