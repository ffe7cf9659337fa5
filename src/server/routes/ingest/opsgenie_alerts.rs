//! Alerts in the form of Opsgenie's Alert API, as they are read: one, a list, how many, and what was written
//! down of one.
//!
//! Whoever may read sees all alerts that came in this form. A key or token that only reports alerts sees those
//! that it has created. An alias is listed once, as it was last.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::Utc;
use serde_json::{Map, Value, json};

use super::opsgenie_query::{ListQuery, Naming, PageQuery};
use super::respond::{as_opsgenie, with_data};
use crate::api::{ErrorCode, foreign};
use crate::backend::{BackendError, TimelineRange};
use crate::ingest::opsgenie;
use crate::ingest::opsgenie::listing::{self, ListedAlert};
use crate::ingest::opsgenie::search::AlertSearch;
use crate::model::alert::{Alert, AlertState};
use crate::model::{Event, EventBody, IncidentId, IncidentNumber, PersonRef, Summary};
use crate::server::auth::SenderCaller;
use crate::server::error::{ApiError, ApiResult};
use crate::server::scope::{Permission, Scope};
use crate::server::state::Shared;
use crate::server::tokens::RegisteredToken;

/// The most alerts that are looked through for a list.
const MAX_READ: u32 = 10_000;
/// How many alerts are compared with a query before others are served.
const MAX_COMPARED: usize = 32;
/// The most alerts with a name among which one that is open is found.
const MAX_OF_NAME: u32 = 20;
/// The most alerts of an incident among which one is found by its number.
const MAX_OF_INCIDENT: u32 = 1000;
/// How many events of a timeline are read.
const MAX_EVENTS: u32 = 1000;

/// Returns what the keys of the groups begin with whose alerts a caller sees.
fn prefix_for(caller: &RegisteredToken) -> String {
    match caller.token.scope {
        Scope::Ingest => format!("{}:{}:", opsgenie::SOURCE, caller.sender()),
        _ => format!("{}:", opsgenie::SOURCE),
    }
}

/// Finds the alert that a path names, among those that a caller sees: of several with an alias one that is
/// open.
pub(super) async fn find(
    shared: &Shared,
    caller: &RegisteredToken,
    identifier: &str,
    naming: Naming,
) -> Result<Option<Alert>, BackendError> {
    let prefix = prefix_for(caller);
    if naming != Naming::Number {
        let id = opsgenie::named(identifier, naming.kind(), "").id;
        let key = id.simple().to_string();
        let found = shared.backend.alerts_of_groups(&prefix, Some(&key), MAX_OF_NAME).await?;
        if found.len() > 1 {
            for alert in found.iter().filter(|alert| alert.state != AlertState::Resolved) {
                if shared.backend.find_group(&alert.group).await? == Some(alert.incident) {
                    return Ok(Some(alert.clone()));
                }
            }
        }
        return Ok(found.into_iter().next());
    }
    let Ok(number) = identifier.trim().parse() else { return Ok(None) };
    let incident = match shared.backend.find_by_number(IncidentNumber(number)).await {
        Err(BackendError::NotFound(_)) => return Ok(None),
        found => found?,
    };
    let alerts = shared.backend.alerts(incident, MAX_OF_INCIDENT).await?;
    let is_seen =
        |alert: &Alert| alert.group.starts_with(&prefix) && listing::id_of(alert).is_some();
    Ok(alerts.into_iter().find(is_seen))
}

/// Returns the error for an alert that there is not.
fn no_alert() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no such alert")
}

/// Lists the alerts that a query selects.
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    RawQuery(query): RawQuery,
) -> Response {
    let started = Instant::now();
    let list = async {
        let caller = caller.authorize_reader(&shared)?;
        let query = ListQuery::parse(query.as_deref())?;
        let _turn = shared.alert_lists.acquire().await.ok();
        let found = Found::read(&shared, &caller).await?;
        let mut selected = found.select(&caller, &query.search).await;
        if let Some(order) = listing::order_by(&query.sort) {
            selected.sort_by(|(_, a), (_, b)| {
                let ordering = order(a, b);
                if query.is_ascending { ordering } else { ordering.reverse() }
            });
        }
        let total = selected.len();
        let page = selected.into_iter().skip(query.offset).take(query.limit);
        let page: Vec<(&Alert, Value)> = page.collect();
        let data = complete(&shared, &caller, &found, page).await?;
        let base = shared.settings().answers.public_url.clone().unwrap_or_default();
        let mut body = with_data(Value::from(data));
        body.insert("paging".into(), query.paging(&base, total));
        Ok((StatusCode::OK, body))
    };
    as_opsgenie(list.await, started)
}

/// Returns one alert, or how many a query selects.
pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    Path(identifier): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let started = Instant::now();
    let read = async {
        let caller = caller.authorize_reader(&shared)?;
        if identifier == "count" {
            let query = ListQuery::parse(query.as_deref())?;
            let _turn = shared.alert_lists.acquire().await.ok();
            let found = Found::read(&shared, &caller).await?;
            let count = found.select(&caller, &query.search).await.len();
            return Ok((StatusCode::OK, with_data(json!({"count": count}))));
        }
        let naming = Naming::of_query(query.as_deref());
        let alert = find(&shared, &caller, &identifier, naming).await?.ok_or_else(no_alert)?;
        let incident = match shared.backend.incident(alert.incident).await {
            Err(BackendError::NotFound(_)) => None,
            detail => Some(detail?.incident),
        };
        let listed = ListedAlert {
            alert: &alert,
            row: incident.as_ref().map(|incident| &incident.summary),
            integration: own_name(&caller, &alert),
            now: Utc::now(),
        };
        Ok((StatusCode::OK, with_data(listed.to_full_json(incident.as_ref()))))
    };
    as_opsgenie(read.await, started)
}

/// Lists the notes of an alert, or all that has happened to its incident.
pub(super) async fn part(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    Path((identifier, part)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let started = Instant::now();
    let read = async {
        let caller = caller.authorize_reader(&shared)?;
        if !caller.token.scope.grants(Permission::Read) {
            // They are of the whole incident, and written for people.
            let message = "notes and logs need a token of scope read, respond or admin";
            return Err(ApiError::new(ErrorCode::NotAllowed, message));
        }
        if !matches!(part.as_str(), "notes" | "logs") {
            let message = "alerts have notes and logs, and nothing else of their own";
            return Err(ApiError::new(ErrorCode::NotFound, message));
        }
        let page = PageQuery::parse(query.as_deref())?;
        let naming = Naming::of_query(query.as_deref());
        let alert = find(&shared, &caller, &identifier, naming).await?.ok_or_else(no_alert)?;
        let range = TimelineRange::Last(MAX_EVENTS);
        let events = shared.backend.timeline(alert.incident, range).await?;
        let entries = if part == "notes" { notes(&events) } else { logs(&events) };
        let (data, next) = page.of(entries);
        let base = shared.settings().answers.public_url.clone().unwrap_or_default();
        let path = foreign::OPSGENIE_ACTION
            .replace("{identifier}", &listing::id_of(&alert).unwrap_or_default().to_string())
            .replace("{action}", &part);
        let mut paging = Map::new();
        paging.insert("first".into(), Value::from(page.link(&base, &path, None)));
        if let Some(next) = next {
            paging.insert("next".into(), Value::from(page.link(&base, &path, Some(&next))));
        }
        let mut body = with_data(Value::from(data));
        body.insert("paging".into(), Value::Object(paging));
        Ok((StatusCode::OK, body))
    };
    as_opsgenie(read.await, started)
}

/// Says what became of a request, which leads to its alert.
pub(super) async fn request(
    State(shared): State<Arc<Shared>>,
    caller: SenderCaller,
    Path(id): Path<String>,
) -> Response {
    let started = Instant::now();
    let read = async {
        let caller = caller.authorize_reader(&shared)?;
        let found = find(&shared, &caller, &id, Naming::Id).await?;
        let listed = found.as_ref().map(|alert| {
            let integration = own_name(&caller, alert);
            ListedAlert { alert, row: None, integration, now: Utc::now() }.to_json()
        });
        let field = |name: &str| listed.as_ref().map_or(json!(""), |alert| alert[name].clone());
        let is_done = listed.is_some();
        let data = json!({
            "success": is_done, "isSuccess": is_done, "action": "Create",
            "status": if is_done { "Created alert" } else { "Alert does not exist" },
            "processedAt": listing::time(Utc::now()), "integrationId": "",
            "alertId": field("id"), "alias": field("alias"),
        });
        Ok((StatusCode::OK, with_data(data)))
    };
    as_opsgenie(read.await, started)
}

/// Returns the name of the caller, if an alert is one of its own.
fn own_name<'a>(caller: &'a RegisteredToken, alert: &Alert) -> Option<&'a str> {
    (listing::sender_of(alert) == caller.sender()).then_some(caller.token.name.as_str())
}

/// The alerts that a caller sees, with the rows of incidents that are open.
struct Found {
    alerts: Vec<Alert>,
    rows: HashMap<IncidentId, Summary>,
}

impl Found {
    async fn read(shared: &Shared, caller: &RegisteredToken) -> ApiResult<Self> {
        let prefix = prefix_for(caller);
        let mut alerts = shared.backend.alerts_of_groups(&prefix, None, MAX_READ).await?;
        // Of those with the same name the last one counts, which is the first.
        let mut groups = HashSet::new();
        alerts
            .retain(|alert| listing::id_of(alert).is_some() && groups.insert(alert.group.clone()));
        let mut rows = HashMap::new();
        if !alerts.is_empty() {
            let open = shared.backend.changes(None, Duration::ZERO).await?.rows;
            rows = open.into_iter().map(|row| (row.id, row)).collect();
        }
        Ok(Self { alerts, rows })
    }

    /// Returns the alerts that a search selects, with their JSON. Others are served meanwhile.
    async fn select(&self, caller: &RegisteredToken, search: &AlertSearch) -> Vec<(&Alert, Value)> {
        let now = Utc::now();
        let mut selected = Vec::new();
        for (index, alert) in self.alerts.iter().enumerate() {
            if index % MAX_COMPARED == MAX_COMPARED - 1 {
                tokio::task::yield_now().await;
            }
            let row = self.rows.get(&alert.incident);
            let listed = ListedAlert { alert, row, integration: own_name(caller, alert), now };
            let value = listed.to_full_json(None);
            if search.matches(&value) {
                selected.push((alert, value));
            }
        }
        selected
    }
}

/// Returns the alerts of a page as a list has them. Those of incidents that have ended get what is stored of
/// these.
async fn complete(
    shared: &Shared,
    caller: &RegisteredToken,
    found: &Found,
    page: Vec<(&Alert, Value)>,
) -> ApiResult<Vec<Value>> {
    let now = Utc::now();
    let mut data = Vec::with_capacity(page.len());
    for (alert, _) in page {
        let integration = own_name(caller, alert);
        let read = match found.rows.get(&alert.incident) {
            Some(row) => Some(row.clone()),
            None => match shared.backend.incident(alert.incident).await {
                Err(BackendError::NotFound(_)) => None,
                detail => Some(detail?.incident.summary.clone()),
            },
        };
        let row = read.as_ref();
        data.push(ListedAlert { alert, row, integration, now }.to_json());
    }
    Ok(data)
}

/// Returns the notes of a timeline as they were last corrected, each with its position.
fn notes(events: &[Event]) -> Vec<(String, Value)> {
    let mut notes: Vec<(String, Value)> = Vec::new();
    let mut positions = HashMap::new();
    for event in events {
        match &event.body {
            EventBody::NoteAdded { text } => {
                positions.insert(event.id, notes.len());
                notes.push(entry(event, "note", text));
            }
            EventBody::NoteCorrected { note, text } => {
                let position = positions.get(note).copied();
                if let Some((_, value)) = position.and_then(|position| notes.get_mut(position)) {
                    value["note"] = Value::from(text.as_str());
                }
            }
            _ => {}
        }
    }
    notes
}

/// Returns what has happened by a timeline, each with its position.
fn logs(events: &[Event]) -> Vec<(String, Value)> {
    let nobody = PersonRef::new("", "");
    let read = |event: &Event| {
        let (position, mut value) = entry(event, "log", &event.news(&nobody));
        let kind = if event.actor.person().is_some() { "user" } else { "system" };
        value["type"] = Value::from(kind);
        (position, value)
    };
    events.iter().map(read).collect()
}

fn entry(event: &Event, name: &str, text: &str) -> (String, Value) {
    let offset = format!("{}_{}", event.at.timestamp_millis(), event.seq);
    let value = json!({
        name: text, "owner": event.actor.name(), "createdAt": listing::time(event.at),
        "offset": offset,
    });
    (offset, value)
}
