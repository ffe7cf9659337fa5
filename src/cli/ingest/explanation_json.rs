//! How a message of alerts is read, as `ingest test --json` prints it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::ingest::mapping::{FieldReading, Reading};
use crate::ingest::{ExplainedGroup, Explanation};
use crate::model::alert::AlertReport;
use crate::model::change::Change;
use crate::model::command::Declaration;

/// The explanation of a message.
#[derive(Serialize)]
pub(super) struct ExplanationJson<'a> {
    receiver: &'a str,
    mapping: Option<&'static str>,
    confirm: Option<&'a str>,
    readings: Vec<ReadingJson<'a>>,
    groups: Vec<GroupJson<'a>>,
    #[serde(skip_serializing_if = "<[Change]>::is_empty")]
    changes: &'a [Change],
}

/// An alert that a mapping has found, with where each field is.
#[derive(Serialize)]
struct ReadingJson<'a> {
    group: &'a str,
    fields: Vec<FieldJson<'a>>,
}

#[derive(Serialize)]
struct FieldJson<'a> {
    field: &'a str,
    value: &'a str,
    from: &'a str,
}

/// A group of alerts, and the incident that is declared for it.
#[derive(Serialize)]
struct GroupJson<'a> {
    source: &'a str,
    key: &'a str,
    is_acknowledged: bool,
    omitted: u64,
    rule: Option<&'a str>,
    dropped: Vec<DroppedJson<'a>>,
    changes: Vec<ChangeJson<'a>>,
    alerts: Vec<AlertJson<'a>>,
    declaration: Option<&'a Declaration>,
}

#[derive(Serialize)]
struct DroppedJson<'a> {
    title: &'a str,
    rule: &'a str,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    field: &'static str,
    before: &'a str,
    after: &'a str,
}

#[derive(Serialize)]
struct AlertJson<'a> {
    key: &'a str,
    state: &'static str,
    title: &'a str,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    labels: &'a BTreeMap<String, String>,
    annotations: &'a BTreeMap<String, String>,
    url: Option<&'a str>,
}

impl<'a> From<&'a Explanation> for ExplanationJson<'a> {
    fn from(explanation: &'a Explanation) -> Self {
        Self {
            receiver: &explanation.name,
            mapping: explanation.mapping,
            confirm: explanation.confirm.as_deref(),
            readings: explanation.readings.iter().map(ReadingJson::from).collect(),
            groups: explanation.groups.iter().map(GroupJson::from).collect(),
            changes: &explanation.changes,
        }
    }
}

impl<'a> From<&'a Reading> for ReadingJson<'a> {
    fn from(reading: &'a Reading) -> Self {
        let field = |one: &'a FieldReading| FieldJson {
            field: &one.field,
            value: &one.value,
            from: &one.from,
        };
        Self { group: &reading.group, fields: reading.fields.iter().map(field).collect() }
    }
}

impl<'a> From<&'a ExplainedGroup> for GroupJson<'a> {
    fn from(explained: &'a ExplainedGroup) -> Self {
        let ExplainedGroup { group, rule, dropped, changes, declaration } = explained;
        let dropped = dropped.iter().map(|(title, rule)| DroppedJson { title, rule });
        let changes = changes.iter().map(|change| ChangeJson {
            field: change.field,
            before: &change.before,
            after: &change.after,
        });
        Self {
            source: &group.source,
            key: &group.key,
            is_acknowledged: group.is_acknowledged,
            omitted: group.omitted,
            rule: rule.as_deref(),
            dropped: dropped.collect(),
            changes: changes.collect(),
            alerts: group.alerts.iter().map(AlertJson::from).collect(),
            declaration: declaration.as_ref(),
        }
    }
}

impl<'a> From<&'a AlertReport> for AlertJson<'a> {
    fn from(alert: &'a AlertReport) -> Self {
        Self {
            key: &alert.key,
            state: if alert.is_firing { "firing" } else { "resolved" },
            title: &alert.title,
            starts_at: alert.starts_at,
            ends_at: alert.ends_at,
            expires_at: alert.expires_at,
            labels: &alert.labels,
            annotations: &alert.annotations,
            url: alert.url.as_deref(),
        }
    }
}
