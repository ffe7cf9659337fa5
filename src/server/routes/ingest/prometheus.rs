//! The API of an Alertmanager, version 2: Prometheus and other rulers send alerts to it, and `amtool`
//! and others query it.
//!
//! Silences are maintenance windows ([`super::silences`]), and an alert is inhibited by those from which its
//! incident follows ([`super::suppression`]). There is one receiver. Errors are a bare JSON string. A
//! sender gives up what is refused with 4xx, so whatever may succeed later is a 503.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use regex::Regex;
use serde_json::{Value, json};

use super::respond::{encode, is_true, json_response, refuse};
use super::suppression::{Suppressed, Suppression, fingerprint_of};
use super::{not_understood, store_groups};
use crate::ingest::matcher::{Matcher, anchored_pattern};
use crate::ingest::prometheus::{self, PostedAlerts};
use crate::model::alert::Alert;
use crate::server::auth::{Authenticated, IngestAccess, ReadAccess};
use crate::server::error::{ApiError, ApiResult};
use crate::server::request_body::RawBody;
use crate::server::routes::administration::check_writable;
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
/// The most alerts of an answer.
const MAX_LISTED: u32 = 10_000;
/// The most matchers of a query.
const MAX_MATCHERS: usize = 64;

/// When somebody first asked for the state, about which nothing earlier is to be said.
static SINCE: LazyLock<DateTime<Utc>> = LazyLock::new(Utc::now);

/// Stores posted alerts. Those that can be understood are stored, whatever the others are.
pub(super) async fn post_alerts(
    State(shared): State<Arc<Shared>>,
    access: ApiResult<IngestAccess>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let store = async {
        let IngestAccess(caller) = access?;
        let RawBody(body, _permit) = RawBody::from_request(request, &shared).await?;
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

/// Says which program this is. Whoever may post alerts asks for it before (`amtool`).
pub(super) async fn status(access: ApiResult<Authenticated>) -> Response {
    if let Err(error) = access {
        return refuse(error);
    }
    let version = json!({
        "version": env!("CARGO_PKG_VERSION"), "revision": "", "branch": "", "buildUser": "",
        "buildDate": "", "goVersion": "",
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
    /// Whether those are not listed that follow from others.
    excludes_inhibited: bool,
    receiver: Option<Regex>,
}

impl AlertQuery {
    /// Reads a query. Parameters that mean nothing here are ignored.
    fn parse(query: Option<&str>) -> ApiResult<Self> {
        let mut parsed = Self::default();
        for (name, text) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "filter" if parsed.matchers.len() >= MAX_MATCHERS => {
                    return Err(ApiError::bad_request(
                        "there are more than 64 matchers: give less",
                    ));
                }
                "filter" => {
                    let matcher = text.parse::<Matcher>();
                    let matcher =
                        matcher.map_err(|error| ApiError::bad_request(error.to_string()))?;
                    parsed.matchers.push(matcher);
                }
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

/// After which time an alert ends that says nothing of its end, as an Alertmanager shows it.
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

/// Returns a group of alerts as an Alertmanager has it: its labels are those by which it was made, as
/// far as all alerts have them.
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
