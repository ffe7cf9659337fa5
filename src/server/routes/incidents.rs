//! Incidents, their timelines and their measures.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{path, query};
use crate::backend::{Detail, Page, Search, TimelineRange};
use crate::model::filter::{Filter, FilterError, Owner, Predicate};
use crate::model::measures::{Measures, Window};
use crate::model::text::sanitize;
use crate::model::{Event, IncidentId, Summary, time};
use crate::server::auth::Reader;
use crate::server::cached_json::{Document, Whole};
use crate::server::error::{Answer, Refusal};
use crate::server::extract::{Id, Nothing, Number, Query};
use crate::server::openapi::Refusals;
use crate::server::state::{self, Shared};

/// The most rows or events at once.
const MOST: u32 = 1000;
/// Rows of a page where it is not said.
const ROWS: u32 = 100;
/// Events where it is not said.
const EVENTS: u32 = 200;
/// The most words and terms of a filter: each is looked for in many rows.
const TERMS: usize = 64;
/// The most buckets of a window.
const BUCKETS: usize = 1000;

/// A page of incidents that pass a filter
#[utoipa::path(
    get, path = path::INCIDENTS, tag = "incidents", params(query::Search),
    security(("token" = [])),
    responses((status = 200, body = Page<Summary>, description = "The rows, in order"), Refusals),
)]
pub(super) async fn incidents(
    State(shared): State<Arc<Shared>>,
    Reader(key): Reader,
    Query(asked): Query<query::Search>,
) -> Answer<Whole> {
    let filter: Filter = asked.filter.parse().map_err(|error| {
        let error: FilterError = error;
        Refusal::senseless(format!("filter: {}", sanitize(&error.to_string())))
    })?;
    if filter.terms.len() > TERMS {
        let count = filter.terms.len();
        return Err(Refusal::senseless(format!(
            "filter: has {count} words and terms: shorten it to {TERMS} or fewer"
        )));
    }
    let search = Search {
        filter,
        me: key.token.person(|_| None).map(|person| person.handle),
        sort: asked.sort,
        limit: within("limit", asked.limit, ROWS)?,
        after: asked.after,
        now: in_range("now", asked.now.unwrap_or_else(Utc::now))?,
    };
    let read = async || Document::of(&shared.backend.search(&search).await?);
    // Many look at the first page at the same time.
    if search.after.is_some() || asked.now.is_some() {
        return read().await.map(Whole);
    }
    let about_me =
        search.filter.terms.iter().any(|term| term.predicate == Predicate::Owner(Owner::Me));
    let page = state::Page {
        filter: asked.filter,
        sort: search.sort,
        limit: search.limit,
        me: search.me.clone().filter(|_| about_me),
    };
    shared.pages.get(shared.hub.moment(), page, read).await.map(Whole)
}

/// One incident, with suspected changes, similar incidents and the problem it links to
#[utoipa::path(
    get, path = path::INCIDENT, tag = "incidents", params(("id" = IncidentId, Path)),
    security(("token" = [])),
    responses((status = 200, body = Detail, description = "The incident"), Refusals),
)]
pub(super) async fn incident(
    State(shared): State<Arc<Shared>>,
    Reader(_): Reader,
    Id(id): Id,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Whole> {
    Document::of(&shared.backend.incident(id).await?).map(Whole)
}

/// A part of an incident's timeline, in order
#[utoipa::path(
    get, path = path::TIMELINE, tag = "incidents",
    params(("id" = IncidentId, Path), query::Timeline), security(("token" = [])),
    responses((status = 200, body = Vec<Event>, description = "The events"), Refusals),
)]
pub(super) async fn timeline(
    State(shared): State<Arc<Shared>>,
    Reader(_): Reader,
    Id(id): Id,
    Query(asked): Query<query::Timeline>,
) -> Answer<Whole> {
    let limit = within("limit", asked.limit, EVENTS)?;
    let part = match (asked.after, asked.before) {
        (Some(_), Some(_)) => {
            return Err(Refusal::senseless("give after or before, not both"));
        }
        (Some(_), None) if asked.limit.is_some() => {
            return Err(Refusal::senseless(
                "after gives all that follow, up to 1000: leave limit out",
            ));
        }
        (Some(after), None) => TimelineRange::After(after),
        (None, Some(before)) => TimelineRange::Before(before, limit),
        (None, None) => TimelineRange::Last(limit),
    };
    Document::of(&shared.backend.timeline(id, part).await?).map(Whole)
}

/// Which incident a number is of.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Found {
    /// The incident.
    id: IncidentId,
}

/// The incident of a number
#[utoipa::path(
    get, path = path::NUMBER, tag = "incidents",
    params(("number" = String, Path, description = "Such as `2041` or `INC-2041`",
            pattern = r"^([Ii][Nn][Cc]-?)?[0-9]{1,19}$", example = "INC-1")),
    security(("token" = [])),
    responses((status = 200, body = Found, description = "Its id"), Refusals),
)]
pub(super) async fn number(
    State(shared): State<Arc<Shared>>,
    Reader(_): Reader,
    Number(number): Number,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Whole> {
    Document::of(&Found { id: shared.backend.find_by_number(number).await? }).map(Whole)
}

/// The measures of a window, against the window before it
#[utoipa::path(
    get, path = path::MEASURES, tag = "incidents", params(query::Measures),
    security(("token" = [])),
    responses((status = 200, body = Measures, description = "The measures"), Refusals),
)]
pub(super) async fn measures(
    State(shared): State<Arc<Shared>>,
    Reader(_): Reader,
    Query(asked): Query<query::Measures>,
) -> Answer<Whole> {
    let now = in_range("now", asked.now.unwrap_or_else(Utc::now))?;
    let (from, to) = (in_range("from", asked.from)?, in_range("to", asked.to)?);
    if from >= to {
        return Err(Refusal::senseless(
            "from is not before to: give a window with some time in it",
        ));
    }
    let mut edges = vec![from];
    for edge in asked.edges.split(',').filter(|edge| !edge.is_empty()) {
        let edge = DateTime::parse_from_rfc3339(edge).map_err(|_| {
            let edge = crate::model::text::truncate(&sanitize(edge), 40).into_owned();
            Refusal::senseless(format!("edges: {edge:?} is no time: write 2026-03-01T22:37:00Z"))
        })?;
        let edge = edge.with_timezone(&Utc);
        if edges.last().is_none_or(|last| edge <= *last) || edge >= to {
            return Err(Refusal::senseless("edges: they must ascend, between from and to"));
        }
        edges.push(edge);
    }
    if edges.len() > BUCKETS {
        return Err(Refusal::senseless(format!("edges: give fewer than {BUCKETS}")));
    }
    let window = Window { from, to, edges };
    Document::of(&shared.backend.measures(&window, asked.cut, now).await?).map(Whole)
}

fn within(field: &str, asked: Option<u32>, default: u32) -> Answer<u32> {
    match asked {
        None => Ok(default),
        Some(n) if (1..=MOST).contains(&n) => Ok(n),
        Some(_) => Err(Refusal::bad(format!("{field} in the query: give 1 to {MOST}"))),
    }
}

fn in_range(field: &str, at: DateTime<Utc>) -> Answer<DateTime<Utc>> {
    if time::is_in_range(at) {
        return Ok(at);
    }
    let at = at.format("%Y-%m-%d");
    Err(Refusal::senseless(format!("{field}: {at} is outside 1970 to 2100: correct the date")))
}
