//! The webhook of Prometheus' Alertmanager, version 4, and messages of the same form.
//!
//! A message is the present state of a group of alerts. It needs a list `alerts` of objects; everything
//! else has a substitute. One alert that can't be read hides no others. Alertmanager sends an alert again at every repeat interval, each member of a
//! cluster may send it, and a late message may say that an alert fires which was resolved: see
//! [`crate::model::alert::update_group`].
//!
//! | field | substitute |
//! |---|---|
//! | `groupKey` | `groupLabels`, or else name, service and job of the first alert |
//! | `receiver` | none; another receiver is another group |
//! | `status` of an alert | resolved if `endsAt` has passed, as the message says otherwise |
//! | `fingerprint` | the digest of the labels |
//! | `startsAt` | when the message arrives |
//! | annotations `summary`, `title`, `message` | `alertname` with the first labels |

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::error::IngestError;
use super::fields;
use super::identity::{canonical, digest};
use crate::model::alert::{
    AlertGroup, AlertReport, MAX_ANNOTATION_CHARS, MAX_KEY_CHARS, MAX_LABEL_CHARS, Overrides,
    one_line,
};

/// The kind of sender, with which the keys of its groups begin.
pub const SOURCE: &str = "alertmanager";
/// The most alerts that are read of a message.
pub const MAX_ALERTS: usize = 10_000;

/// The longest title of an alert, in characters.
const MAX_TITLE_CHARS: usize = 500;
/// The longest name of a receiver in the key of a group, in characters. The digest has all of it.
const MAX_RECEIVER_CHARS: usize = 100;

/// The content of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebhookMessage {
    /// The group with the alerts that can be read. Of the others it says that they were left out, unless the
    /// message says that all are resolved.
    pub group: AlertGroup,
    /// The reason why an alert can't be read, if others can; the first one.
    pub unusable: Option<IngestError>,
}

/// Reads a message that arrives at `now`.
///
/// # Errors
/// [`IngestError`] with the part that can't be understood.
pub fn parse(body: &[u8], now: DateTime<Utc>) -> Result<WebhookMessage, IngestError> {
    parse_value(fields::parse_json(body)?, now)
}

/// Reads the JSON of a message that arrives at `now`, as [`parse`] does.
pub(super) fn parse_value(
    message: Value,
    now: DateTime<Utc>,
) -> Result<WebhookMessage, IngestError> {
    let mut members = fields::object(message, "the body")?;
    let alerts = match members.remove("alerts") {
        Some(Value::Array(alerts)) => alerts,
        None => return Err(IngestError::Missing("alerts")),
        Some(other) => return Err(fields::wrong_type(&other, "alerts", "a list")),
    };
    if alerts.len() > MAX_ALERTS {
        return Err(IngestError::TooMany { count: alerts.len(), max: MAX_ALERTS });
    }
    let is_firing = parse_status(&members);
    let (mut read, mut unusable, mut unread) = (Vec::with_capacity(alerts.len()), None, 0_u64);
    for (index, alert) in alerts.into_iter().enumerate() {
        match fields::object(alert, &format!("alerts[{index}]")) {
            Ok(alert) => read.push(parse_alert(&alert, is_firing, now)),
            Err(error) => {
                unusable.get_or_insert(error);
                unread += 1;
            }
        }
    }
    if read.is_empty()
        && let Some(error) = unusable
    {
        return Err(error);
    }
    // One that can't be read may fire.
    let unread = if is_firing == Some(false) { 0 } else { unread };
    let group = AlertGroup {
        source: SOURCE.to_owned(),
        sender: "Alertmanager".to_owned(),
        key: group_key(&members, &read),
        is_firing,
        omitted: fields::count(&members, "truncatedAlerts").saturating_add(unread),
        is_acknowledged: false,
        overrides: Overrides::default(),
        alerts: read,
    };
    Ok(WebhookMessage { group, unusable })
}

/// Returns whether a message or an alert is firing; `None` if it does not contain its status.
fn parse_status(members: &Map<String, Value>) -> Option<bool> {
    let status = fields::text(members, "status")?;
    if status.eq_ignore_ascii_case("resolved") {
        return Some(false);
    }
    status.eq_ignore_ascii_case("firing").then_some(true)
}

fn parse_alert(
    members: &Map<String, Value>,
    group_fires: Option<bool>,
    now: DateTime<Utc>,
) -> AlertReport {
    let labels = fields::texts(members, "labels", MAX_LABEL_CHARS);
    let annotations = fields::texts(members, "annotations", MAX_ANNOTATION_CHARS);
    let ends_at = fields::time(members, "endsAt");
    // The end of an alert that fires may be one that is expected.
    let has_ended = || match (ends_at, group_fires) {
        (Some(ends_at), _) => ends_at <= now,
        (None, group_fires) => group_fires == Some(false),
    };
    let is_firing = parse_status(members).unwrap_or_else(|| !has_ended());
    AlertReport {
        key: alert_key(members),
        is_firing,
        starts_at: fields::time(members, "startsAt"),
        ends_at: ends_at.filter(|_| !is_firing),
        expires_at: None,
        title: AlertReport::title_of(&labels, &annotations, MAX_TITLE_CHARS),
        labels,
        annotations,
        url: fields::url(members, "generatorURL"),
    }
}

/// Returns the identity of an alert within its group.
fn alert_key(members: &Map<String, Value>) -> String {
    if let Some(fingerprint) = fields::text(members, "fingerprint")
        && fingerprint.len() <= MAX_KEY_CHARS
        && fingerprint.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return fingerprint.to_owned();
    }
    let labels = members.get("labels").unwrap_or(&Value::Null);
    digest(&[&canonical(labels)])[..16].to_owned()
}

/// Returns the identity of the group of a message. It is the same for all messages about the group,
/// whichever alerts they contain.
fn group_key(members: &Map<String, Value>, alerts: &[AlertReport]) -> String {
    let receiver = fields::text(members, "receiver").unwrap_or_default();
    let group = match (fields::text(members, "groupKey"), members.get("groupLabels")) {
        (Some(key), _) => key.to_owned(),
        (None, Some(Value::Object(labels))) if !labels.is_empty() => {
            canonical(&Value::Object(labels.clone()))
        }
        _ => {
            let first = alerts.first();
            let label = |name: &str| first.and_then(|alert| alert.label(&[name]));
            let names = ["alertname", "service", "job"];
            names.map(|name| label(name).unwrap_or_default()).join("\n")
        }
    };
    let shown = one_line(receiver, MAX_RECEIVER_CHARS);
    format!("{SOURCE}:{shown}:{}", digest(&[receiver, &group]))
}

#[cfg(test)]
mod tests;
