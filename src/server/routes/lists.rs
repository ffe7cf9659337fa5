//! Handlers of the lists over all incidents.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};

use super::incidents::{DEFAULT_ROWS, check_limit, check_time};
use crate::api::{list_query, path};
use crate::backend::Page;
use crate::backend::lists::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, NotificationEntry,
    NotificationSearch, ProblemEntry, ProblemSearch, ReviewEntry, ReviewSearch, Suspicion,
};
use crate::model::EventBody;
use crate::model::change::Change;
use crate::model::text::truncate;
use crate::server::auth::ReadAccess;
use crate::server::cached_json::{CachedJson, JsonResponse};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{Query, parse_incident};
use crate::server::openapi::document::ErrorResponses;
use crate::server::state::Shared;

/// The longest name that a request may have, in bytes. No stored name is longer.
const MAX_NAME: usize = 400;
/// The width to which a part of the request is quoted.
const MAX_QUOTE: usize = 40;

/// The events of all incidents, in the order in which they were recorded
///
/// A page may have fewer rows than `limit`, even none, although `next` is present: one request
/// covers a bounded number of events.
#[utoipa::path(
    get, path = path::FEED, tag = "lists", params(list_query::Feed), security(("token" = [])),
    responses((status = 200, body = Page<FeedEntry>, description = "The events"), ErrorResponses),
)]
pub(super) async fn feed(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<list_query::Feed>,
) -> ApiResult<JsonResponse> {
    let (since, until) = check_range(query.since, query.until)?;
    let search = FeedSearch {
        since,
        until,
        order: query.order,
        team: check_name("team", query.team)?,
        kinds: check_kinds(&query.kinds)?,
        person: check_name("person", query.person)?,
        limit: check_limit("limit", query.limit, DEFAULT_ROWS)?,
        after: query.after,
    };
    CachedJson::encode(&shared.backend.feed(&search).await?).map(JsonResponse)
}

/// The recorded changes, the one that starts last first
#[utoipa::path(
    get, path = path::CHANGE_RECORDS, tag = "lists", params(list_query::ChangeRecords),
    security(("token" = [])),
    responses((status = 200, body = Page<Change>, description = "The changes"), ErrorResponses),
)]
pub(super) async fn change_records(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<list_query::ChangeRecords>,
) -> ApiResult<JsonResponse> {
    let search = change_search(query)?;
    CachedJson::encode(&shared.backend.recorded_changes(&search).await?).map(JsonResponse)
}

fn change_search(query: list_query::ChangeRecords) -> ApiResult<ChangeSearch> {
    let (since, until) = check_range(query.since, query.until)?;
    Ok(ChangeSearch {
        since,
        until,
        service: check_name("service", query.service)?,
        limit: check_limit("limit", query.limit, DEFAULT_ROWS)?,
        after: query.after,
    })
}

/// The incidents that the changes on a page may have caused
///
/// The parameters are those of the list of changes. A change is suspected of an incident that was
/// detected while it ran or up to two hours (by the settings) after its end, if it touched an
/// affected service or one that an affected service depends on. Changes without such incidents are
/// left out.
#[utoipa::path(
    get, path = path::SUSPICIONS, tag = "lists", params(list_query::ChangeRecords),
    security(("token" = [])),
    responses(
        (status = 200, body = Vec<Suspicion>, description = "The incidents of each"),
        ErrorResponses,
    ),
)]
pub(super) async fn suspicions(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<list_query::ChangeRecords>,
) -> ApiResult<JsonResponse> {
    let search = change_search(query)?;
    CachedJson::encode(&shared.backend.suspicions(&search).await?).map(JsonResponse)
}

/// The reviews: unpublished ones first, and of those the newest incidents
///
/// A page may have fewer rows than `limit`, even none, although `next` is present.
#[utoipa::path(
    get, path = path::REVIEWS, tag = "lists", params(list_query::Reviews), security(("token" = [])),
    responses(
        (status = 200, body = Page<ReviewEntry>, description = "The reviews"), ErrorResponses,
    ),
)]
pub(super) async fn reviews(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<list_query::Reviews>,
) -> ApiResult<JsonResponse> {
    let search = ReviewSearch {
        states: parse_list("states", &query.states)?,
        owner: check_name("owner", query.owner)?,
        limit: check_limit("limit", query.limit, DEFAULT_ROWS)?,
        after: query.after,
    };
    CachedJson::encode(&shared.backend.reviews(&search).await?).map(JsonResponse)
}

/// The action items of all incidents: open ones first, by the day on which they are due
#[utoipa::path(
    get, path = path::ACTION_ITEMS, tag = "lists", params(list_query::ActionItems),
    security(("token" = [])),
    responses(
        (status = 200, body = Page<ActionItemEntry>, description = "The items"), ErrorResponses,
    ),
)]
pub(super) async fn action_items(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<list_query::ActionItems>,
) -> ApiResult<JsonResponse> {
    let search = ActionItemSearch {
        done: query.done,
        owner: check_name("owner", query.owner)?,
        due_before: query.due_before,
        limit: check_limit("limit", query.limit, DEFAULT_ROWS)?,
        after: query.after,
    };
    CachedJson::encode(&shared.backend.action_items(&search).await?).map(JsonResponse)
}

/// The problems with the incidents that link to them
#[utoipa::path(
    get, path = path::LINKED_PROBLEMS, tag = "lists", params(list_query::LinkedProblems),
    security(("token" = [])),
    responses(
        (status = 200, body = Page<ProblemEntry>, description = "The problems"), ErrorResponses,
    ),
)]
pub(super) async fn linked_problems(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<list_query::LinkedProblems>,
) -> ApiResult<JsonResponse> {
    let search = ProblemSearch {
        states: parse_list("states", &query.states)?,
        service: check_name("service", query.service)?,
        owner: check_name("owner", query.owner)?,
        limit: check_limit("limit", query.limit, DEFAULT_ROWS)?,
        after: query.after,
    };
    CachedJson::encode(&shared.backend.linked_problems(&search).await?).map(JsonResponse)
}

/// The notifications with the attempts to send them, the last planned first
///
/// A page may have fewer rows than `limit`, even none, although `next` is present.
#[utoipa::path(
    get, path = path::NOTIFICATIONS, tag = "lists", params(list_query::Notifications),
    security(("token" = [])),
    responses(
        (status = 200, body = Page<NotificationEntry>, description = "The notifications"),
        ErrorResponses,
    ),
)]
pub(super) async fn notifications(
    State(shared): State<Arc<Shared>>,
    ReadAccess(_): ReadAccess,
    Query(query): Query<list_query::Notifications>,
) -> ApiResult<JsonResponse> {
    let incident = match query.incident {
        Some(text) => {
            let named = parse_incident(&text).ok_or_else(|| {
                let text = truncate(text, MAX_QUOTE);
                ApiError::bad_request(format!(
                    "incident in the query: {text:?} is no incident: give its UUID, or its number \
                     as INC-2041"
                ))
            })?;
            Some(shared.incident_id(named).await?)
        }
        None => None,
    };
    let search = NotificationSearch {
        incident,
        person: check_name("person", query.person)?,
        states: parse_list("states", &query.states)?,
        limit: check_limit("limit", query.limit, DEFAULT_ROWS)?,
        after: query.after,
    };
    CachedJson::encode(&shared.backend.notifications(&search).await?).map(JsonResponse)
}

/// A range of time of which either end may be open.
type Range = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

fn check_range(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> ApiResult<Range> {
    let since = since.map(|at| check_time("since", at)).transpose()?;
    let until = until.map(|at| check_time("until", at)).transpose()?;
    if since.zip(until).is_some_and(|(since, until)| since >= until) {
        return Err(ApiError::rejected(
            "since is not before until: give a range with some time in it",
        ));
    }
    Ok((since, until))
}

/// Returns the kinds of events in a list, which are separated by commas.
pub(super) fn check_kinds(kinds: &str) -> ApiResult<Vec<String>> {
    let kinds: Vec<String> = split(kinds).map(ToOwned::to_owned).collect();
    for kind in &kinds {
        if !EventBody::KINDS.contains(&kind.as_str()) {
            let (kind, all) = (truncate(kind.clone(), MAX_QUOTE), EventBody::KINDS.join(", "));
            return Err(ApiError::bad_request(format!(
                "kinds in the query: {kind:?} is no kind of event: give some of {all}"
            )));
        }
    }
    Ok(kinds)
}

pub(super) fn check_name(field: &str, name: Option<String>) -> ApiResult<Option<String>> {
    match &name {
        Some(text) if text.len() > MAX_NAME => Err(ApiError::bad_request(format!(
            "{field} in the query: {} bytes are no name: shorten it to {MAX_NAME}",
            text.len()
        ))),
        _ => Ok(name),
    }
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|entry| !entry.is_empty())
}

fn parse_list<T: FromStr<Err: std::fmt::Display>>(field: &str, list: &str) -> ApiResult<Vec<T>> {
    let parse = |entry: &str| {
        entry.parse().map_err(|error: T::Err| {
            ApiError::bad_request(format!("{field} in the query: {error}"))
        })
    };
    split(list).map(parse).collect()
}
