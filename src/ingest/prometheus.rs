//! Alerts in the format in which Prometheus sends them to an Alertmanager: `POST /api/v2/alerts`.
//! Rulers of Loki, Mimir and vmalert use the same, and so does `amtool alert add`.
//!
//! A message is a list of alerts, which need not belong together. Alerts are grouped by name,
//! service (otherwise job) and namespace (otherwise cluster). All labels together are the identity
//! of an alert.
//!
//! Such a sender repeats an alert while it fires, with the time at which it ends unless it is
//! repeated again. A resolved one is repeated for a quarter of an hour.
//!
//! | field | substitute |
//! |---|---|
//! | `labels` | none: an alert without labels is not stored |
//! | `startsAt` | when the message arrives, which is also the end of one that has ended |
//! | `endsAt` | five minutes later, as an Alertmanager has it |

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::error::IngestError;
use super::fields;
use super::identity::{digest, fingerprint};
use crate::model::alert::{
    AlertGroup, AlertReport, MAX_ANNOTATION_CHARS, MAX_LABEL_CHARS, MAX_NAME_CHARS, one_line,
};

/// The kind of sender, with which the keys of its groups begin.
pub const SOURCE: &str = "prometheus";
/// The most alerts that are read of a message.
pub const MAX_ALERTS: usize = 10_000;

/// After which time an alert without an end is resolved if it is not repeated.
const RESOLVE_TIMEOUT: TimeDelta = TimeDelta::minutes(5);
/// The longest title of an alert, in characters.
const MAX_TITLE_CHARS: usize = 500;

/// The alerts of a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PostedAlerts {
    /// The alerts that can be stored, in their groups.
    pub groups: Vec<AlertGroup>,
    /// The reason why an alert can't be stored; the first of them.
    pub unusable: Option<IngestError>,
}

/// Reads a message that arrives at `now`.
///
/// # Errors
/// [`IngestError`] with the part that can't be understood.
pub fn parse(body: &[u8], now: DateTime<Utc>) -> Result<PostedAlerts, IngestError> {
    let alerts = match fields::parse_json(body)? {
        Value::Array(alerts) => alerts,
        other => return Err(fields::wrong_type(&other, "the body", "a list")),
    };
    if alerts.len() > MAX_ALERTS {
        return Err(IngestError::TooMany { count: alerts.len(), max: MAX_ALERTS });
    }
    let mut posted = PostedAlerts::default();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for (index, alert) in alerts.into_iter().enumerate() {
        let read = fields::object(alert, &format!("[{index}]")).and_then(|alert| {
            parse_alert(&alert, now).ok_or(IngestError::Missing("labels of an alert"))
        });
        let report = match read {
            Ok(report) => report,
            Err(error) => {
                posted.unusable.get_or_insert(error);
                continue;
            }
        };
        let key = group_key(&report);
        let position = *positions.entry(key).or_insert_with_key(|key| {
            posted.groups.push(AlertGroup::new(SOURCE, "Prometheus", key.as_str(), Vec::new()));
            posted.groups.len() - 1
        });
        if let Some(group) = posted.groups.get_mut(position) {
            group.alerts.push(report);
        }
    }
    Ok(posted)
}

/// Reads an alert; `None` if it has no labels, and so no identity.
fn parse_alert(members: &Map<String, Value>, now: DateTime<Utc>) -> Option<AlertReport> {
    let key = fingerprint(&all_labels(members)?);
    let mut labels = fields::texts(members, "labels", MAX_LABEL_CHARS);
    labels.retain(|_, value| !value.is_empty());
    let annotations = fields::texts(members, "annotations", MAX_ANNOTATION_CHARS);
    let ends_at = fields::time(members, "endsAt");
    let is_firing = ends_at.is_none_or(|at| at > now);
    let expires_at = is_firing.then(|| ends_at.unwrap_or(now + RESOLVE_TIMEOUT));
    let starts_at = fields::time(members, "startsAt");
    Some(AlertReport {
        key,
        is_firing,
        starts_at,
        // Without a start it ends whatever fires, whenever that has begun by the clock here.
        ends_at: ends_at.filter(|_| !is_firing && starts_at.is_some()),
        expires_at,
        title: AlertReport::title_of(&labels, &annotations, MAX_TITLE_CHARS),
        labels,
        annotations,
        url: fields::url(members, "generatorURL"),
    })
}

/// Returns all labels as they were sent; `None` without any. A blank label is as good as absent.
fn all_labels(members: &Map<String, Value>) -> Option<BTreeMap<String, String>> {
    let labels = members.get("labels")?.as_object()?;
    let read = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let is_named = !one_line(name, MAX_NAME_CHARS).is_empty();
        (is_named && !text.is_empty()).then(|| (name.clone(), text))
    };
    let labels: BTreeMap<String, String> = labels.iter().filter_map(read).collect();
    (!labels.is_empty()).then_some(labels)
}

/// Returns the identity of the group of an alert.
fn group_key(alert: &AlertReport) -> String {
    let names: [&[&str]; 3] = [&["alertname"], &["service", "job"], &["namespace", "cluster"]];
    let texts = names.map(|names| alert.label(names).unwrap_or_default());
    format!("{SOURCE}:{}", digest(&texts))
}

#[cfg(test)]
mod tests;
