//! The silences of an Alertmanager's API, version 2: they are the maintenance windows.
//!
//! The matchers of a silence are tests of labels. The services, teams and other parts of a window
//! that was created in another way are shown as matchers of labels of these names. A silence that
//! another program changes retains its id if possible, as in an Alertmanager.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::respond::{MAX_MATCHERS, add_matcher, encode, is_true, json_response, refuse};
use crate::api::ErrorCode;
use crate::ingest::matcher::Matcher;
use crate::model::alert::one_line;
use crate::model::check::{MAX_NAME_CHARS, MAX_TITLE_CHARS};
use crate::model::maintenance::{
    LabelRegex, LabelTest, LabelValue, MaintenanceChange, MaintenanceFilter, MaintenanceSearch,
    MaintenanceWindow, NewWindow, WindowState,
};
use crate::server::auth::{OnCallAccess, ReadAccess};
use crate::server::error::{ApiError, ApiResult};
use crate::server::request_body::RawBody;
use crate::server::routes::maintenance::{change, parse_id};
use crate::server::state::Shared;

/// The most silences of an answer.
const MAX_LISTED: u32 = 1000;
/// The prefix of the comment of a window whose author is not its creator.
const AUTHOR: &str = "Silenced by ";

/// A posted silence.
#[derive(Deserialize)]
struct PostedSilence {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    matchers: Vec<PostedMatcher>,
    #[serde(rename = "startsAt")]
    starts_at: DateTime<Utc>,
    #[serde(rename = "endsAt")]
    ends_at: DateTime<Utc>,
    #[serde(rename = "createdBy", default)]
    created_by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Deserialize)]
struct PostedMatcher {
    name: String,
    value: String,
    /// Absent is the same as no.
    #[serde(rename = "isRegex", default)]
    is_regex: Option<bool>,
    /// Absent is the same as yes.
    #[serde(rename = "isEqual", default)]
    is_equal: Option<bool>,
}

/// Lists the silences, those that are active first.
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<ReadAccess>,
    RawQuery(query): RawQuery,
) -> Response {
    let list = async {
        access?;
        let query = SilenceQuery::parse(query.as_deref())?;
        let now = Utc::now();
        let search = MaintenanceSearch { ended: true, limit: MAX_LISTED, now };
        let windows = shared.backend.maintenance(&search).await?;
        let silences: Vec<Value> = windows
            .iter()
            .filter(|window| query.selects(window, now))
            .map(|window| silence_json(window, now))
            .collect();
        encode(&Value::from(silences))
    };
    list.await.unwrap_or_else(refuse)
}

/// Returns one silence. Without it the answer has no body.
pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<ReadAccess>,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Response {
    let read = async {
        access?;
        let window = shared.backend.maintenance_window(parse_id(&id)?).await?;
        encode(&silence_json(&window, Utc::now()))
    };
    read.await.unwrap_or_else(without_body)
}

/// Ends a silence.
pub(super) async fn expire(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<OnCallAccess>,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Response {
    let end = async {
        let OnCallAccess(caller) = access?;
        change(&shared, &caller, (parse_id(&id)?, None), MaintenanceChange::End).await?;
        Ok::<Response, ApiError>(StatusCode::OK.into_response())
    };
    end.await.unwrap_or_else(without_body)
}

/// Creates a silence, or changes the one whose id it has.
pub(super) async fn post(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<OnCallAccess>,
    request: Request,
) -> Response {
    let store = async {
        let OnCallAccess(caller) = access?;
        let RawBody(body, _permit) = RawBody::from_request(request, &shared).await?;
        let posted: PostedSilence = serde_json::from_slice(&body).map_err(|error| {
            ApiError::bad_request(format!("the silence can't be read: {error}"))
        })?;
        let now = Utc::now();
        let before = match posted.id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => Some(shared.backend.maintenance_window(parse_id(id)?).await?),
            None => None,
        };
        let new = new_window(&posted, before.as_ref(), now)?;
        let id = match before {
            // An Alertmanager changes a silence if it mutes the same since the same time.
            Some(window) if is_same_silence(&window, &new, now) => {
                let change_it = MaintenanceChange::Change(new);
                change(&shared, &caller, (window.id, None), change_it).await?.id
            }
            before => {
                let id = Uuid::now_v7();
                change(&shared, &caller, (id, None), MaintenanceChange::Create(new)).await?;
                // The other one ends only once this one exists.
                if let Some(window) = before {
                    change(&shared, &caller, (window.id, None), MaintenanceChange::End).await?;
                }
                id
            }
        };
        let body = json!({"silenceID": id.to_string()});
        Ok::<Response, ApiError>(json_response(StatusCode::OK, &body))
    };
    store.await.unwrap_or_else(|error: ApiError| match error.status() {
        // The error is reported in the form of an Alertmanager.
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT => {
            refuse(ApiError::bad_request(error.detail().to_owned()))
        }
        _ => refuse(error),
    })
}

/// Returns the response to a request about a silence that does not exist: it has no body.
fn without_body(error: ApiError) -> Response {
    if error.status() == StatusCode::NOT_FOUND {
        return StatusCode::NOT_FOUND.into_response();
    }
    refuse(error)
}

/// Returns whether a silence is changed in place.
fn is_same_silence(window: &MaintenanceWindow, new: &NewWindow, now: DateTime<Utc>) -> bool {
    match window.state(now) {
        WindowState::Active(_) => window.filter == new.filter && window.from == new.from,
        WindowState::Planned(_) => window.filter == new.filter,
        WindowState::Ended => false,
    }
}

/// Returns the window that a silence is.
fn new_window(
    posted: &PostedSilence,
    before: Option<&MaintenanceWindow>,
    now: DateTime<Utc>,
) -> ApiResult<NewWindow> {
    let refuse = |message: String| Err(ApiError::new(ErrorCode::BadRequest, message));
    if posted.ends_at <= now {
        return refuse("the silence can't end in the past: choose a later endsAt".into());
    }
    if posted.created_by.trim().is_empty() || posted.comment.trim().is_empty() {
        return refuse("createdBy and comment can't be empty".into());
    }
    if posted.matchers.is_empty() || posted.matchers.len() > MAX_MATCHERS {
        return refuse(format!("a silence has 1 to {MAX_MATCHERS} matchers"));
    }
    let mut labels = Vec::new();
    for matcher in &posted.matchers {
        labels.push(label_test(matcher)?);
    }
    if labels.iter().all(LabelTest::passes_empty) {
        return refuse("at least one matcher must not match an empty value".into());
    }
    let filter = MaintenanceFilter { labels, ..MaintenanceFilter::default() };
    // A window that has begun retains its begin.
    let begun = before.filter(|window| window.filter == filter && window.from <= now);
    let from = match begun {
        Some(window) if posted.starts_at <= now => window.from,
        _ => posted.starts_at.max(now),
    };
    let title = one_line(&posted.comment, MAX_TITLE_CHARS);
    let author = one_line(&posted.created_by, MAX_NAME_CHARS);
    Ok(NewWindow {
        title: if title.is_empty() { "Silence".to_owned() } else { title },
        filter,
        from,
        until: posted.ends_at,
        recurrence: before.and_then(|window| window.recurrence.clone()),
        comment: format!("{AUTHOR}{author}\n{}", posted.comment),
        mutes_people: before.is_some_and(|window| window.mutes_people),
        public_text: before.and_then(|window| window.public_text.clone()),
    })
}

fn label_test(matcher: &PostedMatcher) -> ApiResult<LabelTest> {
    let invalid = |name: &str| {
        let name = one_line(name, MAX_NAME_CHARS);
        ApiError::bad_request(format!("the matcher of {name:?} can't be read"))
    };
    let name = matcher.name.trim();
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || "=!~".contains(c)) {
        return Err(invalid(name));
    }
    let is_negated = matcher.is_equal == Some(false);
    if matcher.is_regex == Some(true) {
        let regex = LabelRegex::new(&matcher.value).map_err(|_| invalid(name))?;
        return Ok(LabelTest {
            name: name.to_owned(),
            value: LabelValue::Regex(regex),
            is_negated,
        });
    }
    LabelTest::exact(name, &matcher.value, is_negated).map_err(|_| invalid(name))
}

/// Returns the regular expression for a pattern in which `*` matches any text.
fn pattern_regex(pattern: &str) -> String {
    pattern.split('*').map(regex::escape).collect::<Vec<_>>().join(".*")
}

fn matcher_json(label: &LabelTest) -> Value {
    let (value, is_regex) = match &label.value {
        LabelValue::Any => (".+".to_owned(), true),
        LabelValue::Text(text) if text.contains('*') => (pattern_regex(text), true),
        LabelValue::Text(text) => (text.clone(), false),
        LabelValue::Regex(regex) => match unescaped(regex.as_str()) {
            Some(text) => (text, false),
            None => (regex.as_str().to_owned(), true),
        },
    };
    json!({"name": label.name, "value": value, "isRegex": is_regex, "isEqual": !label.is_negated})
}

/// Returns the text that an expression matches alone, if it was made of one that could not be written
/// otherwise; see [`LabelTest::exact`].
fn unescaped(expression: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        text.push(if c == '\\' { chars.next()? } else { c });
    }
    let is_special = text.is_empty() || text.contains('*') || text.starts_with('~');
    let is_special = is_special || text.trim() != text;
    (is_special && regex::escape(&text) == expression).then_some(text)
}

/// Returns a matcher of which one of some values is enough; `None` without values.
fn list_matcher<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> Option<Value> {
    let values: Vec<&str> = values.collect();
    let (value, is_regex) = match values[..] {
        [] => return None,
        [value] => (value.to_owned(), false),
        _ => (values.iter().map(|value| regex::escape(value)).collect::<Vec<_>>().join("|"), true),
    };
    Some(json!({"name": name, "value": value, "isRegex": is_regex, "isEqual": true}))
}

/// Returns a window as a silence.
fn silence_json(window: &MaintenanceWindow, now: DateTime<Utc>) -> Value {
    let filter = &window.filter;
    let mut matchers: Vec<Value> = filter.labels.iter().map(matcher_json).collect();
    matchers.extend(list_matcher("service", filter.services.iter().map(String::as_str)));
    matchers.extend(list_matcher("team", filter.teams.iter().map(String::as_str)));
    matchers.extend(list_matcher("priority", filter.priorities.iter().map(|one| one.as_str())));
    matchers.extend(list_matcher("source", filter.sources.iter().map(String::as_str)));
    if let Some(text) = &filter.text {
        let value = format!("(?i).*{}.*", regex::escape(text));
        matchers.push(json!({"name": "title", "value": value, "isRegex": true, "isEqual": true}));
    }
    let state = match window.state(now) {
        WindowState::Active(_) => "active",
        WindowState::Planned(_) => "pending",
        WindowState::Ended => "expired",
    };
    let occurrence = window.shown_occurrence(now);
    let (author, comment) = match window.comment.strip_prefix(AUTHOR) {
        Some(rest) => rest.split_once('\n').unwrap_or((rest, &window.title)),
        None if window.comment.is_empty() => (window.created_by.name(), window.title.as_str()),
        None => (window.created_by.name(), window.comment.as_str()),
    };
    json!({
        "id": window.id.to_string(),
        "status": {"state": state},
        "updatedAt": time(window.updated_at.unwrap_or(window.created_at)),
        "comment": comment,
        "createdBy": author,
        "startsAt": time(occurrence.from),
        "endsAt": time(occurrence.until),
        "matchers": matchers,
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Which silences are listed.
#[derive(Default)]
struct SilenceQuery {
    matchers: Vec<Matcher>,
    excluded: Vec<&'static str>,
}

impl SilenceQuery {
    fn parse(query: Option<&str>) -> ApiResult<Self> {
        let mut parsed = Self::default();
        for (name, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "filter" => add_matcher(&mut parsed.matchers, &text)?,
                "active" if !is_true(&text) => parsed.excluded.push("active"),
                "pending" if !is_true(&text) => parsed.excluded.push("pending"),
                "expired" if !is_true(&text) => parsed.excluded.push("expired"),
                _ => {}
            }
        }
        Ok(parsed)
    }

    /// Returns whether a window is listed. As at an Alertmanager a filter is about the matchers of a
    /// silence as if they were labels.
    fn selects(&self, window: &MaintenanceWindow, now: DateTime<Utc>) -> bool {
        let silence = silence_json(window, now);
        let state = silence["status"]["state"].as_str().unwrap_or_default();
        if self.excluded.contains(&state) {
            return false;
        }
        let labels: BTreeMap<String, String> = silence["matchers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|matcher| {
                let (name, value) = (matcher["name"].as_str()?, matcher["value"].as_str()?);
                Some((name.to_owned(), value.to_owned()))
            })
            .collect();
        self.matchers.iter().all(|matcher| matcher.matches(&labels))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn matcher(value: &str, is_regex: bool, is_equal: bool) -> PostedMatcher {
        let (is_regex, is_equal) = (Some(is_regex), Some(is_equal));
        PostedMatcher { name: "host".into(), value: value.into(), is_regex, is_equal }
    }

    #[rstest]
    #[case("db-1", false, true)]
    #[case("db-1", false, false)]
    #[case("db-.*", true, true)]
    #[case("", false, true)]
    #[case("a*b", false, true)]
    #[case(" x", false, true)]
    fn matchers_are_read_back_as_they_were_posted(
        #[case] value: &str,
        #[case] is_regex: bool,
        #[case] is_equal: bool,
    ) {
        let test = label_test(&matcher(value, is_regex, is_equal)).unwrap();
        let expected =
            json!({"name": "host", "value": value, "isRegex": is_regex, "isEqual": is_equal});
        assert_eq!(matcher_json(&test), expected);
    }

    #[rstest]
    #[case("db-[", true)]
    #[case("x)|(?:y", true)]
    fn wrong_matchers_are_refused(#[case] value: &str, #[case] is_regex: bool) {
        let refused = label_test(&matcher(value, is_regex, true)).unwrap_err();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    }
}
