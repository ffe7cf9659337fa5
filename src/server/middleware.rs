//! Work common to all requests: request id, time limit, panics, content negotiation, metrics and
//! log.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use futures_util::FutureExt;
use hyper::body::Body as _;
use tokio::time::timeout;
use uuid::Uuid;

use super::access_log::LogRecord;
use super::cached_json::{Accepts, negotiate};
use super::caller_slot::CallerSlot;
use super::error::{ApiError, FullDetails};
use super::metrics::FailureKind;
use super::paths;
use super::response_headers::{self, REQUEST_ID};
use super::state::Shared;
use crate::api::{ErrorCode, header as header_names, path};
use crate::backend::StoreMark;
use crate::model::command::CommandKind;
use crate::model::text::{SafeText, truncate};

/// Response extension: the number of commands that were not carried out.
#[derive(Clone, Copy, Debug)]
pub(super) struct RefusedCount(pub u32);

/// The address at the other end of the connection; `None` for the Unix socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub Option<SocketAddr>);

/// The address of the client: that of the peer, or the one that a trusted proxy names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(pub Option<IpAddr>);

/// The most columns of a user agent in the log.
const MAX_USER_AGENT: usize = 200;

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
    let peer = request.extensions().get::<Peer>().and_then(|peer| peer.0);
    let peer = peer.map(|peer| peer.ip());
    let client = shared.trusted_proxies.client(peer, request.headers());
    request.extensions_mut().insert(Client(client));
    let user_agent = user_agent(request.headers());
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    let accepts = Accepts::from_headers(request.method(), request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let caller = CallerSlot::default();
    request.extensions_mut().insert(caller.clone());
    let matched = route;
    let route =
        matched.as_ref().and_then(|route| paths::served().find(|path| *path == route.as_str()));
    debug_assert_eq!(matched.is_some(), route.is_some(), "{matched:?} is served, and not listed");
    let mut limit = shared.limits.request_timeout;
    if matches!(route, Some(path::CHANGES | path::EVENTS)) {
        limit += shared.limits.max_long_poll;
    }
    let seen: Option<StoreMark> = request
        .headers()
        .get(header_names::SEEN)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let handler = AssertUnwindSafe(async {
        // Before anything is carried out: a store that was put back gives no number twice.
        if let Some(seen) = &seen
            && let Err(error) = shared.backend.report_seen(seen).await
        {
            tracing::debug!(%error, "what a client has seen");
        }
        let is_other_store = method == "POST" && is_other_store(&shared, seen.as_ref()).await;
        if is_other_store {
            let message = "the server has another store than the one that this was meant for: \
                           open it again";
            return ApiError::new(ErrorCode::OtherStore, message).into_response();
        }
        match check_host(&request) {
            Ok(()) => next.run(request).await,
            Err(error) => error.into_response(),
        }
    })
    .catch_unwind();
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
    if let Some(full) = response.extensions_mut().remove::<FullDetails>() {
        if caller.may_read() {
            response = full.into_response();
        } else if shared.hidden_errors.count(full.detail().to_owned(), Instant::now()).is_some() {
            // Operators of the server can find details that the caller does not see.
            let id = id.to_str().unwrap_or_default();
            tracing::warn!("{} (request {id})", full.detail());
        }
    }
    if is_chunked {
        // The end of such a body can be read in two ways (RFC 9112, 6.3), so the connection is not
        // used for another request.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let mark = if caller.is_authenticated() { shared.store_mark_header().await } else { None };
    response_headers::set(response.headers_mut(), id.clone(), mark, caller.rate());
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    let route = route.unwrap_or("none");
    shared.metrics.record_request(method, route, status, elapsed);
    let refused = response.extensions_mut().remove::<RefusedCount>();
    shared.log.record(|| LogRecord {
        time,
        request_id: id.to_str().unwrap_or_default().to_owned(),
        client,
        proxy: peer.filter(|_| client != peer),
        method,
        route,
        verb: caller.commands().map(str::to_owned).or_else(|| verb_of(method, route)),
        status,
        elapsed,
        bytes: response.body().size_hint().exact().unwrap_or(0),
        token: caller.token_name(),
        user_agent,
        denial: caller.denial(),
        refused: refused.map(|RefusedCount(count)| count),
    });
    response
}

/// Returns the verb that a route names: the last part of one that is about a verb of an incident.
fn verb_of(method: &str, route: &str) -> Option<String> {
    if method != "POST" {
        return None;
    }
    if route == path::INCIDENTS {
        return Some(CommandKind::Declare.row().wire_name.to_owned());
    }
    let (_, verb) = route.strip_prefix(path::INCIDENTS)?.rsplit_once('/')?;
    (!verb.starts_with('{') && !verb.is_empty()).then(|| verb.to_owned())
}

/// Returns the client's `User-Agent`, short enough for the log.
fn user_agent(headers: &HeaderMap) -> Option<SafeText<'static>> {
    let value = headers.get(header::USER_AGENT)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    Some(truncate(&text, MAX_USER_AGENT).into_owned())
}

/// Refuses a request of HTTP/1.1 that does not have exactly one valid Host (RFC 9112, 3.2).
fn check_host(request: &Request) -> Result<(), ApiError> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let message = match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => "the request has two Host headers: send one",
        (Some(host), None) if !is_host(host) => "the Host header is no host: correct it",
        (None, _) if request.version() == Version::HTTP_11 => {
            "the request has no Host header: send the host of the URL"
        }
        _ => return Ok(()),
    };
    Err(ApiError::bad_request(message))
}

/// Returns whether a value is a host with or without a port. It may be empty (RFC 9110, 7.2).
fn is_host(value: &HeaderValue) -> bool {
    value.is_empty()
        || value.to_str().is_ok_and(|text| {
            !text.contains('@') && text.parse::<axum::http::uri::Authority>().is_ok()
        })
}

/// Returns whether a client has used another store than that of the server.
async fn is_other_store(shared: &Shared, seen: Option<&StoreMark>) -> bool {
    let Some(seen) = seen else { return false };
    shared.backend.store_mark().await.is_some_and(|mark| mark.store != seen.store)
}

/// Returns a method's name for metrics and log. Methods that no route has are all `other`.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
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
