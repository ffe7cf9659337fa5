//! Handler for the events of all incidents as they are written: in pages that can be waited for, or
//! one by one as server-sent events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use tokio::time::Instant;

use super::incidents::{DEFAULT_ROWS, check_limit, check_time};
use super::lists::{check_kinds, check_name};
use crate::api::{EventPage, path, query};
use crate::backend::lists::{FeedEntry, FeedSearch, TimeOrder};
use crate::backend::{BackendError, PageMark};
use crate::server::auth::{ReadAccess, recheck};
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::Query;
use crate::server::openapi::document::ErrorResponses;
use crate::server::openapi::headers::LastEventId;
use crate::server::state::Shared;
use crate::server::strangers::Admission;
use crate::server::stream::RunningRequest;
use crate::server::tokens::RegisteredToken;

/// The media type of server-sent events.
const EVENT_STREAM: &str = "text/event-stream";
/// The header in which a client of server-sent events names the last one that it got.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How long nothing is sent to a client of server-sent events at most. Its token is checked then.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The default time span of returned events.
const DEFAULT_SPAN: TimeDelta = TimeDelta::hours(24);

/// The events of all incidents as they are written, since a cursor or a time
///
/// Each response has a `cursor`, which is `since` of the next request: no event is missed and none
/// is returned twice. With `wait`, a request without news is answered as soon as there is an event,
/// or at the end of the wait with none. A page may have fewer events than `limit`, even none,
/// although there are more: continue until a request that waits returns none.
///
/// With `Accept: text/event-stream` the events are sent one by one as they are written (server-sent
/// events): `event` is the kind, `data` is the event with its incident as in the pages, and `id` is
/// a cursor, which a client returns as `Last-Event-ID` when it connects again: it then gets the
/// events after that one, without gaps or repetitions. A comment is sent every 15 seconds.
#[utoipa::path(
    get, path = path::EVENTS, tag = "lists", params(query::Events, LastEventId),
    security(("token" = [])),
    responses(
        (status = 200, description = "The events", content(
            (EventPage = "application/json"), (String = "text/event-stream"),
        )),
        ErrorResponses,
    ),
)]
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    ReadAccess(caller): ReadAccess,
    Query(query): Query<query::Events>,
    headers: HeaderMap,
    extensions: Extensions,
) -> ApiResult<Response> {
    if query.wait > query::MAX_WAIT_S {
        return Err(ApiError::bad_request(format!(
            "wait in the query: give 0 to {} seconds",
            query::MAX_WAIT_S
        )));
    }
    let is_stream = accepts_stream(&headers);
    let last_id = headers.get(&LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default());
    let last_id = last_id.map(|id| Start::parse("Last-Event-ID", id)).transpose()?;
    let start = match last_id.filter(|_| is_stream) {
        Some(start) => start,
        None => match &query.since {
            Some(since) => Start::parse("since", since)?,
            None if is_stream => Start::Time(Utc::now()),
            None => Start::Time(Utc::now() - DEFAULT_SPAN),
        },
    };
    let (since, after) = match start {
        Start::Cursor(mark) => (None, Some(mark)),
        Start::Time(time) => (Some(check_time("since", time)?), None),
    };
    let search = FeedSearch {
        since,
        until: None,
        order: TimeOrder::Log,
        team: check_name("team", query.team)?,
        kinds: check_kinds(&query.kinds)?,
        person: check_name("person", query.person)?,
        limit: check_limit("limit", query.limit, DEFAULT_ROWS)?,
        after,
    };
    if is_stream {
        let admission = extensions.get::<Arc<Admission>>();
        let running = admission.map(|admission| admission.traffic.start_request());
        return Ok(stream_events(shared, caller, search, running));
    }
    let wait = Duration::from_secs(query.wait).min(shared.limits.max_long_poll);
    let page = read_or_wait(&shared, &search, Instant::now() + wait).await?;
    if !wait.is_zero() {
        recheck(&shared, &caller)?;
    }
    CachedJson::encode(&page).map(|json| JsonResponse(json).into_response())
}

/// Where the events begin.
enum Start {
    /// After a position that an earlier response had.
    Cursor(PageMark),
    /// At a time.
    Time(DateTime<Utc>),
}

impl Start {
    fn parse(field: &str, text: &str) -> ApiResult<Self> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::Time(time.with_timezone(&Utc)));
        }
        match text.parse() {
            Ok(mark @ PageMark::Log(_)) => Ok(Self::Cursor(mark)),
            _ => Err(ApiError::rejected(format!(
                "{field} is neither a cursor nor a time: give the cursor of the last response, or a \
                 time such as 2026-03-01T22:37:00Z"
            ))),
        }
    }
}

/// Returns whether a request accepts server-sent events.
fn accepts_stream(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let mut types = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    types.any(|one| one.split(';').next().is_some_and(|one| one.trim() == EVENT_STREAM))
}

async fn read_page(shared: &Shared, search: &FeedSearch) -> Result<EventPage, BackendError> {
    let page = shared.backend.feed(search).await?;
    let no_mark = || BackendError::Broken("the events have no position".into());
    let cursor = page.next.or_else(|| search.after.clone()).ok_or_else(no_mark)?;
    Ok(EventPage { events: page.rows, cursor })
}

/// Reads a page, and waits for the first event until `until` if there is none.
async fn read_or_wait(
    shared: &Shared,
    search: &FeedSearch,
    until: Instant,
) -> Result<EventPage, BackendError> {
    let mut search = search.clone();
    loop {
        let epoch = shared.feed.epoch();
        let page = read_page(shared, &search).await?;
        let is_at_end = search.after.as_ref() == Some(&page.cursor);
        if !page.events.is_empty() || Instant::now() >= until {
            return Ok(page);
        }
        search.since = None;
        search.after = Some(page.cursor.clone());
        if is_at_end && !shared.feed.wait_for_write(epoch, until, shared.stopped()).await {
            return Ok(page);
        }
    }
}

/// A client of server-sent events.
struct Subscriber {
    shared: Arc<Shared>,
    caller: Arc<RegisteredToken>,
    /// The next read.
    search: FeedSearch,
    /// The chunks that were read and not sent yet.
    pending: VecDeque<Bytes>,
    has_ended: bool,
    /// Counts as a running request of its connection, which would be closed as idle otherwise.
    _running: Option<RunningRequest>,
}

fn stream_events(
    shared: Arc<Shared>,
    caller: Arc<RegisteredToken>,
    search: FeedSearch,
    running: Option<RunningRequest>,
) -> Response {
    let subscriber = Subscriber {
        shared,
        caller,
        search,
        // A client that has lost the connection waits a second before connecting again.
        pending: VecDeque::from([Bytes::from_static(b"retry: 1000\n\n")]),
        has_ended: false,
        _running: running,
    };
    let chunks = stream::unfold(subscriber, async |mut subscriber| {
        let chunk = subscriber.next_chunk().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), subscriber))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization, accept"));
    response
}

impl Subscriber {
    /// Returns the next chunk to send; `None` when the server stops, after an error, or when the
    /// token is no longer valid.
    async fn next_chunk(&mut self) -> Option<Bytes> {
        if let Some(chunk) = self.pending.pop_front() {
            return Some(chunk);
        }
        if self.has_ended || *self.shared.stopping.borrow() {
            return None;
        }
        if recheck(&self.shared, &self.caller).is_err() {
            return None;
        }
        let until = Instant::now() + HEARTBEAT;
        match read_or_wait(&self.shared, &self.search, until).await {
            Ok(page) => {
                self.search.since = None;
                self.search.after = Some(page.cursor.clone());
                Some(encode_page(&page))
            }
            Err(error) => {
                tracing::warn!("server-sent events end: {error}");
                self.has_ended = true;
                Some(Bytes::from_static(b": the events can't be read: connect again\n\n"))
            }
        }
    }
}

/// Encodes a page as server-sent events; one without events as its position alone.
fn encode_page(page: &EventPage) -> Bytes {
    let cursor = String::from(page.cursor.clone());
    let Some((last, others)) = page.events.split_last() else {
        return Bytes::from(format!(": nothing new\nid: {cursor}\n\n"));
    };
    let mut text: String = others.iter().map(|entry| encode_entry(entry, None)).collect();
    // The page may end after its last event, before others that were not requested.
    text.push_str(&encode_entry(last, Some(cursor)));
    Bytes::from(text)
}

/// Encodes an event with its incident, and with its own position unless another one is given. JSON
/// has no line breaks outside of its texts.
fn encode_entry(entry: &FeedEntry, position: Option<String>) -> String {
    // Encoding can't fail: the value consists of text, numbers and times.
    let data = serde_json::to_string(entry).unwrap_or_default();
    let position = position.or_else(|| entry.cursor.clone().map(String::from));
    let id = position.map(|position| format!("id: {position}\n")).unwrap_or_default();
    format!("{id}event: {}\ndata: {data}\n\n", entry.event.body.kind())
}
