//! The API of an Alertmanager, version 2: Prometheus and other rulers send alerts to it, and `amtool`
//! and others query it.
//!
//! Silences are maintenance windows ([`super::silences`]), and an alert is inhibited by those from
//! which its incident follows ([`super::suppression`]). There is one receiver. Errors are a bare
//! JSON string. A sender gives up after a 4xx, so errors that may pass are a 503.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use regex::Regex;
use serde_json::{Value, json};

use super::respond::{add_matcher, encode, is_true, json_response, refuse};
use super::suppression::{Suppressed, Suppression, fingerprint_of};
use super::{not_understood, store_groups};
use crate::ingest::matcher::{Matcher, anchored_pattern};
use crate::ingest::prometheus::{self, PostedAlerts};
use crate::model::alert::Alert;
use crate::server::auth::{Authenticated, IngestAccess, MetricsAccess, ReadAccess};
use crate::server::error::{ApiError, ApiResult};
use crate::server::extract::{NoQuery, Query};
use crate::server::request_body::UnpackedBody;
use crate::server::routes::administration::check_writable;
use crate::server::routes::service;
use crate::server::state::Shared;

/// The name of the only receiver.
const RECEIVER: &str = "redphone";
/// The configuration that is shown. It is a valid one, so that `amtool config routes` can read it.
const CONFIG: &str = "\
# This is redphone: its rules are no routes, and silences are maintenance windows.
route:
  receiver: redphone
receivers:
- name: redphone
";
/// The version of an Alertmanager whose API this server has.
const API_VERSION: &str = "0.28.0";
/// The most alerts of an answer.
const MAX_LISTED: u32 = 10_000;

/// The time of the first request for the state, before which nothing is reported.
static SINCE: LazyLock<DateTime<Utc>> = LazyLock::new(Utc::now);

/// Stores posted alerts. Valid ones are stored even if others are invalid.
pub(super) async fn post_alerts(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let store = async {
        let IngestAccess(caller) = access?;
        let UnpackedBody(body, _permit) = UnpackedBody::from_request(request, &shared).await?;
        check_writable(&shared)?;
        let source = prometheus::SOURCE;
        let unusable = match prometheus::parse(&body, Utc::now()) {
            Ok(PostedAlerts { groups, unusable }) => {
                store_groups(&shared, &caller, &groups, source).await?;
                unusable
            }
            Err(error) => Some(error),
        };
        let Some(error) = unusable else { return Ok(()) };
        Err(not_understood(&shared, &caller, source, &headers, &body, &error).await)
    };
    match store.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refuse(error),
    }
}

/// Lists the alerts that fire.
pub(super) async fn alerts(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<ReadAccess>,
    RawQuery(query): RawQuery,
) -> Response {
    let list = async {
        access?;
        let query = AlertQuery::parse(query.as_deref())?;
        let alerts = shared.backend.firing_alerts(MAX_LISTED).await?;
        let suppression = Suppression::read(&shared, &alerts).await?;
        let shown: Vec<Value> = alerts
            .iter()
            .map(|alert| (alert, suppression.of(alert)))
            .filter(|(alert, by)| query.selects(alert, by))
            .map(|(alert, by)| alert_json(alert, &by))
            .collect();
        encode(&Value::from(shown))
    };
    list.await.unwrap_or_else(refuse)
}

/// Lists the alerts that fire, in their groups.
pub(super) async fn groups(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<ReadAccess>,
    RawQuery(query): RawQuery,
) -> Response {
    let list = async {
        access?;
        let query = AlertQuery::parse(query.as_deref())?;
        let alerts = shared.backend.firing_alerts(MAX_LISTED).await?;
        let suppression = Suppression::read(&shared, &alerts).await?;
        let mut groups: BTreeMap<&str, Vec<(&Alert, Suppressed)>> = BTreeMap::new();
        for alert in &alerts {
            let by = suppression.of(alert);
            if query.selects(alert, &by) {
                groups.entry(&alert.group).or_default().push((alert, by));
            }
        }
        let shown: Vec<Value> = groups.values().map(|alerts| group_json(alerts)).collect();
        encode(&Value::from(shown))
    };
    list.await.unwrap_or_else(refuse)
}

/// Returns the identity of this program. Clients request it before posting alerts (`amtool`).
pub(super) async fn status(access: ApiResult<Authenticated>) -> Response {
    if let Err(error) = access {
        return refuse(error);
    }
    // Some choose by the version how they go on, and send no silence to one before 0.22.
    let version = json!({
        "version": API_VERSION, "revision": concat!("redphone ", env!("CARGO_PKG_VERSION")),
        "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
    });
    json_response(
        StatusCode::OK,
        &json!({
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": CONFIG},
            "uptime": time(*SINCE),
            "versionInfo": version,
        }),
    )
}

/// Returns the version of the API, in the figures of an Alertmanager: dashboards choose their
/// queries by it. Those of this server are at `/v1/metrics`.
pub(super) async fn metrics(access: ApiResult<MetricsAccess>) -> Response {
    if let Err(error) = access {
        return refuse(error);
    }
    let name = "alertmanager_build_info";
    let text = format!(
        "# HELP {name} The version of the API of an Alertmanager that redphone has.\n\
         # TYPE {name} gauge\n\
         {name}{{version=\"{API_VERSION}\"}} 1\n"
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Reports that the server runs.
pub(super) async fn healthy() -> &'static str {
    "OK"
}

/// Returns whether the server can answer.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    match service::ready(State(shared), Query(NoQuery {})).await {
        Ok(_) => "OK".into_response(),
        Err(error) => refuse(error),
    }
}

/// Lists the only receiver.
pub(super) async fn receivers(access: ApiResult<ReadAccess>) -> Response {
    match access {
        Ok(_) => json_response(StatusCode::OK, &json!([{"name": RECEIVER}])),
        Err(error) => refuse(error),
    }
}

/// Which alerts are listed.
#[derive(Debug, Default)]
struct AlertQuery {
    matchers: Vec<Matcher>,
    /// Whether those are not listed that nothing suppresses.
    excludes_active: bool,
    /// Whether those are not listed that a maintenance window silences.
    excludes_silenced: bool,
    /// Whether inhibited alerts, which follow from others, are not listed.
    excludes_inhibited: bool,
    receiver: Option<Regex>,
}

impl AlertQuery {
    /// Reads a query. Parameters that mean nothing here are ignored.
    fn parse(query: Option<&str>) -> ApiResult<Self> {
        let mut parsed = Self::default();
        for (name, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "filter" => add_matcher(&mut parsed.matchers, &text)?,
                "active" => parsed.excludes_active = !is_true(&text),
                "silenced" => parsed.excludes_silenced = !is_true(&text),
                "inhibited" => parsed.excludes_inhibited = !is_true(&text),
                "receiver" => {
                    let pattern = anchored_pattern(&text);
                    let pattern =
                        pattern.map_err(|error| ApiError::bad_request(error.to_string()))?;
                    parsed.receiver = Some(pattern);
                }
                _ => {}
            }
        }
        Ok(parsed)
    }

    fn selects(&self, alert: &Alert, by: &Suppressed) -> bool {
        let is_active = by.silenced_by.is_empty() && by.inhibited_by.is_empty();
        let is_excluded = (is_active && self.excludes_active)
            || (!by.silenced_by.is_empty() && self.excludes_silenced)
            || (!by.inhibited_by.is_empty() && self.excludes_inhibited);
        !is_excluded
            && self.receiver.as_ref().is_none_or(|receiver| receiver.is_match(RECEIVER))
            && self.matchers.iter().all(|matcher| matcher.matches(&alert.labels))
    }
}

/// After which time an alert without an end is shown to end, as an Alertmanager does.
const ASSUMED_END: TimeDelta = TimeDelta::minutes(5);

/// Returns an alert as an Alertmanager has it.
fn alert_json(alert: &Alert, by: &Suppressed) -> Value {
    let Suppressed { silenced_by, inhibited_by } = by;
    let mut value = json!({
        "labels": alert.labels,
        "annotations": alert.annotations,
        "fingerprint": fingerprint_of(alert),
        "receivers": [{"name": RECEIVER}],
        "startsAt": time(alert.starts_at),
        "updatedAt": time(alert.last_at),
        "endsAt": time(alert.expires_at.unwrap_or(alert.last_at + ASSUMED_END)),
        "status": {
            "state": by.state(), "silencedBy": silenced_by, "inhibitedBy": inhibited_by, "mutedBy": [],
        },
    });
    if let Some(url) = &alert.url {
        value["generatorURL"] = Value::from(url.as_str());
    }
    value
}

/// Returns a group of alerts in the form of an Alertmanager: its labels are those by which it was
/// formed, if all alerts have them.
fn group_json(alerts: &[(&Alert, Suppressed)]) -> Value {
    let names = ["alertname", "service", "job", "namespace", "cluster"];
    let first = alerts.first().map(|(alert, _)| &alert.labels);
    let labels: BTreeMap<&str, &String> = names
        .into_iter()
        .filter_map(|name| {
            let text = first?.get(name)?;
            let is_shared = alerts.iter().all(|(alert, _)| alert.labels.get(name) == Some(text));
            is_shared.then_some((name, text))
        })
        .collect();
    let shown: Vec<Value> = alerts.iter().map(|(alert, by)| alert_json(alert, by)).collect();
    json!({"labels": labels, "receiver": {"name": RECEIVER}, "alerts": shown})
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
