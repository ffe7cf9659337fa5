//! Handlers for incidents, their timelines and their measures.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::pages_query::BadParameter;
use crate::api::{path, query};
use crate::backend::{
    DEFAULT_SIMILAR, Detail, MAX_SIMILAR, Page, Search, SimilarIncidents, TimelineRange,
};
use crate::model::alert::Alert;
use crate::model::filter::{Filter, PartialFilter};
use crate::model::measures::pages::{Offsets, Pages};
use crate::model::measures::{Measures, MeasuresWindow, Window};
use crate::model::name_index::NameIndex;
use crate::model::oncall::Zone;
use crate::model::text::truncate;
use crate::model::{Event, IncidentId, Summary, time};
use crate::server::auth::ReadAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, PathIncident, PathNumber, Query};
use crate::server::first_version::Reader;
use crate::server::openapi::document::ErrorResponses;
use crate::server::openapi::headers::IncidentParam;
use crate::server::state::{self, Shared};

/// The maximum number of rows or events in a response.
const MAX_LIMIT: u32 = 1000;
/// Number of rows in a page without `limit`.
pub(super) const DEFAULT_ROWS: u32 = 100;
/// Number of events without `limit`.
const DEFAULT_EVENTS: u32 = 200;
/// The maximum number of words and terms in a filter. Each is compared with many rows.
const MAX_TERMS: usize = 64;
/// The maximum number of buckets in a window.
const MAX_BUCKETS: usize = 1000;

/// A page of incidents that pass a filter
#[utoipa::path(
    get, path = path::INCIDENTS, tag = "incidents", params(query::Search),
    security(("token" = [])),
    responses((status = 200, body = Page<Summary>, description = "The rows, in order"), ErrorResponses),
)]
pub(super) async fn incidents(
    State(shared): State<Arc<Shared>>,
    ReadAccess(caller): ReadAccess,
    Query(query): Query<query::Search>,
) -> ApiResult<JsonResponse> {
    let mut filter = parse_filter(&shared, &query.filter).await?;
    if filter.terms.len() > MAX_TERMS {
        let count = filter.terms.len();
        return Err(ApiError::rejected(format!(
            "filter: has {count} words and terms: shorten it to {MAX_TERMS} or fewer"
        )));
    }
    let now = check_time("now", query.now.unwrap_or_else(Utc::now))?;
    filter.resolve_dates(now, &zone_of_days(query.zone.as_deref())?);
    let search = Search {
        filter,
        me: caller.token.person(|_| None).map(|person| person.handle),
        sort: query.sort,
        limit: check_limit("limit", query.limit, DEFAULT_ROWS)?,
        after: query.after,
        now,
    };
    let search_page = async || shared.search_page(&search).await;
    // Many callers request the first page at the same time: they share its response.
    if search.after.is_some() || query.now.is_some() {
        return search_page().await.map(JsonResponse);
    }
    let is_about_me = search.filter.names_requester();
    let key = state::PageKey {
        // With the times that its dates mean, which differ by zone and from day to day.
        filter: search.filter.to_string(),
        sort: search.sort,
        limit: search.limit,
        me: search.me.clone().filter(|_| is_about_me),
    };
    shared.first_pages.get(shared.feed.epoch(), key, search_page).await.map(JsonResponse)
}

/// One incident, with suspected changes, similar incidents and the problem it links to
#[utoipa::path(
    get, path = path::INCIDENT, tag = "incidents", params(IncidentParam),
    security(("token" = [])),
    responses((status = 200, body = Detail, description = "The incident"), ErrorResponses),
)]
pub(super) async fn incident(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    PathIncident(named): PathIncident,
    Query(NoQuery {}): Query<NoQuery>,
    reader: Reader,
) -> ApiResult<JsonResponse> {
    let id = shared.incident_id(named).await?;
    let mut detail = shared.backend.incident(id).await?;
    NameIndex::from(&*shared.directory().await?).mark_record(&mut detail.incident);
    reader.limit_record(&mut detail);
    CachedJson::encode_incident(&detail).map(JsonResponse)
}

/// A part of an incident's timeline, in order
#[utoipa::path(
    get, path = path::TIMELINE, tag = "incidents",
    params(IncidentParam, query::Timeline), security(("token" = [])),
    responses((status = 200, body = Vec<Event>, description = "The events"), ErrorResponses),
)]
pub(super) async fn timeline(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    PathIncident(named): PathIncident,
    Query(query): Query<query::Timeline>,
    reader: Reader,
) -> ApiResult<JsonResponse> {
    let limit = check_limit("limit", query.limit, DEFAULT_EVENTS)?;
    let range = match (query.after, query.before) {
        (Some(_), Some(_)) => {
            return Err(ApiError::rejected("give after or before, not both"));
        }
        (Some(_), None) if query.limit.is_some() => {
            return Err(ApiError::rejected(
                "after gives all that follow, up to 1000: leave limit out",
            ));
        }
        (Some(after), None) => TimelineRange::After(after),
        (None, Some(before)) => TimelineRange::Before(before, limit),
        (None, None) => TimelineRange::Last(limit),
    };
    let id = shared.incident_id(named).await?;
    let mut events = shared.backend.timeline(id, range).await?;
    reader.limit_events(&mut events);
    CachedJson::encode(&events).map(JsonResponse)
}

/// The alerts of an incident, firing ones first, and of those the last reported first
#[utoipa::path(
    get, path = path::ALERTS, tag = "incidents",
    params(IncidentParam, query::Alerts), security(("token" = [])),
    responses((status = 200, body = Vec<Alert>, description = "The alerts"), ErrorResponses),
)]
pub(super) async fn alerts(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    PathIncident(named): PathIncident,
    Query(query): Query<query::Alerts>,
) -> ApiResult<JsonResponse> {
    let limit = check_limit("limit", query.limit, DEFAULT_ROWS)?;
    let id = shared.incident_id(named).await?;
    CachedJson::encode(&shared.backend.alerts(id, limit).await?).map(JsonResponse)
}

/// The incidents that resemble one, the closest first, with their resolutions, the findings of
/// their reviews, and the fields in which most of them differ from it
#[utoipa::path(
    get, path = path::SIMILAR, tag = "incidents",
    params(IncidentParam, query::Similar), security(("token" = [])),
    responses(
        (status = 200, body = SimilarIncidents, description = "The incidents"),
        ErrorResponses
    ),
)]
pub(super) async fn similar(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    PathIncident(named): PathIncident,
    Query(query): Query<query::Similar>,
) -> ApiResult<JsonResponse> {
    let limit = query.limit.unwrap_or(DEFAULT_SIMILAR);
    if !(1..=MAX_SIMILAR).contains(&limit) {
        return Err(ApiError::bad_request(format!("limit in the query: give 1 to {MAX_SIMILAR}")));
    }
    let id = shared.incident_id(named).await?;
    CachedJson::encode(&shared.backend.similar(id, limit).await?).map(JsonResponse)
}

/// The id of the incident that has a number.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Found {
    /// The id of the incident.
    id: IncidentId,
}

/// The id of the incident with a number
#[utoipa::path(
    get, path = path::NUMBER, tag = "incidents",
    params(("number" = String, Path, description = "Such as `2041` or `INC-2041`",
            pattern = r"^([Ii][Nn][Cc]-?)?[0-9]{1,19}$", example = "INC-1")),
    security(("token" = [])),
    responses((status = 200, body = Found, description = "Its id"), ErrorResponses),
)]
pub(super) async fn number(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    PathNumber(number): PathNumber,
    Query(NoQuery {}): Query<NoQuery>,
) -> ApiResult<JsonResponse> {
    CachedJson::encode(&Found { id: shared.backend.find_by_number(number).await? })
        .map(JsonResponse)
}

/// The measures of a window, compared with the window before it
#[utoipa::path(
    get, path = path::MEASURES, tag = "incidents", params(query::Measures),
    security(("token" = [])),
    responses((status = 200, body = Measures, description = "The measures"), ErrorResponses),
)]
pub(super) async fn measures(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<query::Measures>,
) -> ApiResult<JsonResponse> {
    let now = check_time("now", query.now.unwrap_or_else(Utc::now))?;
    let ends = (query.from, query.to);
    let window = find_window(&query.window, ends, &query.edges, (now, &Offsets::default()))?;
    CachedJson::encode(&shared.backend.measures(&window, query.cut, now).await?).map(JsonResponse)
}

/// Returns the window of measures: by its name at `now` in a zone, or from one time to another.
fn find_window(
    name: &str,
    ends: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    edges: &str,
    (now, zone): (DateTime<Utc>, &Offsets),
) -> ApiResult<Window> {
    match (name, ends) {
        ("", (Some(from), Some(to))) => read_window(from, to, edges),
        ("", _) => Err(ApiError::bad_request("give from and to, or window")),
        (name, (None, None)) if edges.is_empty() => {
            let named = name.parse::<MeasuresWindow>();
            let named = named.map_err(|bad| ApiError::rejected(format!("window: {bad}")))?;
            Ok(named.window_in(now, zone))
        }
        _ => Err(ApiError::rejected("window replaces from, to and edges: give it alone")),
    }
}

/// Returns the window of measures, if it is one.
fn read_window(from: DateTime<Utc>, to: DateTime<Utc>, edges: &str) -> ApiResult<Window> {
    let (from, to) = (check_time("from", from)?, check_time("to", to)?);
    if from >= to {
        return Err(ApiError::rejected(
            "from is not before to: give a window with some time in it",
        ));
    }
    let mut starts = vec![from];
    for edge in edges.split(',').filter(|edge| !edge.is_empty()) {
        let edge = DateTime::parse_from_rfc3339(edge).map_err(|_| {
            let edge = truncate(edge, 40);
            ApiError::rejected(format!("edges: {edge:?} is no time: write 2026-03-01T22:37:00Z"))
        })?;
        let edge = edge.with_timezone(&Utc);
        if starts.last().is_none_or(|last| edge <= *last) || edge >= to {
            return Err(ApiError::rejected("edges: they must ascend, between from and to"));
        }
        starts.push(edge);
    }
    if starts.len() > MAX_BUCKETS {
        return Err(ApiError::rejected(format!("edges: give fewer than {MAX_BUCKETS}")));
    }
    Ok(Window { from, to, edges: starts })
}

/// The pages of the measures, with all breakdowns at once
///
/// Times, volume, service levels, recurring faults, error budgets, people and practice, over a window and
/// over the window of the same length before it; over a calendar month of the viewer's zone and the month before it.
#[utoipa::path(
    get, path = path::PAGES, operation_id = "measure_pages", tag = "incidents", params(query::Pages),
    security(("token" = [])),
    responses((status = 200, body = Pages, description = "The pages"), ErrorResponses),
)]
pub(super) async fn pages(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<query::Pages>,
) -> ApiResult<JsonResponse> {
    let now = check_time("now", query.now.unwrap_or_else(Utc::now))?;
    let rejected = |bad: BadParameter| ApiError::rejected(bad.to_string());
    let (ends, offsets) = ((query.from, query.to), query.offsets().map_err(rejected)?);
    let window = find_window(&query.window, ends, &query.edges, (now, &offsets))?;
    let query = query.to_query(window).map_err(rejected)?;
    CachedJson::encode(&shared.backend.pages(&query, now).await?).map(JsonResponse)
}

/// Finds the zone in which the days of a filter are meant.
fn zone_of_days(name: Option<&str>) -> ApiResult<Zone> {
    let Some(name) = name else { return Ok(Zone::utc()) };
    Zone::find(name).map_err(|error| ApiError::rejected(format!("zone: {error}")))
}

/// Parses a filter. It may name a value of a later version that an incident has.
async fn parse_filter(shared: &Shared, text: &str) -> ApiResult<Filter> {
    let defined = PartialFilter::parse_defined(text);
    let Some(error) = defined.errors.into_iter().next() else { return Ok(defined.filter) };
    let refused = || Err(ApiError::rejected(format!("filter: {error}")));
    if !error.may_be_later() {
        return refused();
    }
    let has_row = async |filter: Filter| {
        let search = Search { filter, ..state::open_incidents_search(1) };
        shared.backend.search(&search).await.map(|page| !page.rows.is_empty())
    };
    // A value can be named once it was read. It is not read from the request, which could name any.
    let mut parsed = PartialFilter::parse(text);
    if !parsed.errors.is_empty() {
        for probe in Filter::probes_of_later_values() {
            has_row(probe).await?;
        }
        parsed = PartialFilter::parse(text);
    }
    if !parsed.errors.is_empty() {
        return refused();
    }
    for with_value in parsed.filter.later_values() {
        if !has_row(with_value).await? {
            return refused();
        }
    }
    Ok(parsed.filter)
}

pub(super) fn check_limit(field: &str, limit: Option<u32>, default: u32) -> ApiResult<u32> {
    match limit {
        None => Ok(default),
        Some(n) if (1..=MAX_LIMIT).contains(&n) => Ok(n),
        Some(_) => {
            Err(ApiError::bad_request(format!("{field} in the query: give 1 to {MAX_LIMIT}")))
        }
    }
}

pub(super) fn check_time(field: &str, at: DateTime<Utc>) -> ApiResult<DateTime<Utc>> {
    if time::is_in_range(at) {
        return Ok(at);
    }
    let at = at.format("%Y-%m-%d");
    Err(ApiError::rejected(format!("{field}: {at} is outside 1970 to 2100: correct the date")))
}
