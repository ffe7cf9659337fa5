//! Alerts as Opsgenie's API shows them.
//!
//! | field | is |
//! |---|---|
//! | `id`, `alias` | those by which the alert is named |
//! | `tinyId` | the number of its incident |
//! | `status` | `open` while it fires and its incident is open |
//! | `message`, `priority`, `tags`, `owner`, `responders` | those of its incident, which people may have changed |
//! | `acknowledged`, `snoozed`, `report` | those of its incident |
//! | `count`, `createdAt`, `lastOccurredAt` | those of the alert |

use std::cmp::Ordering;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{ALIAS, SOURCE, id_of_alias};
use crate::model::alert::{Alert, AlertState, cut};
use crate::model::{Incident, Status, Summary};

/// The labels of an alert that are no tags.
const OWN_LABELS: [&str; 4] = ["priority", "entity", "source", "service"];
/// The annotations of an alert that are no details.
const OWN_ANNOTATIONS: [&str; 3] = [ALIAS, "description", "note"];
/// As many characters of a description become the symptoms of an incident.
const MAX_SYMPTOMS: usize = 1000;

/// The fields by which alerts are sorted, with their positions in the JSON of an alert.
const SORTS: [&str; 20] = [
    "createdAt",
    "updatedAt",
    "tinyId",
    "alias",
    "message",
    "status",
    "acknowledged",
    "isSeen",
    "snoozed",
    "snoozedUntil",
    "count",
    "lastOccurredAt",
    "source",
    "owner",
    "integration.name",
    "integration.type",
    "report.ackTime",
    "report.closeTime",
    "report.acknowledgedBy",
    "report.closedBy",
];

/// An alert with what is shown beside it.
#[derive(Clone, Copy, Debug)]
pub struct ListedAlert<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// The row of its incident; `None` if that has ended.
    pub row: Option<&'a Summary>,
    /// The name of the key or token by which it was created, if it is the one of who asks.
    pub integration: Option<&'a str>,
    /// The present time.
    pub now: DateTime<Utc>,
}

/// Returns the id by which an alert is named; `None` if it did not come in this form.
#[must_use]
pub fn id_of(alert: &Alert) -> Option<Uuid> {
    if alert.source == SOURCE { alert.key.parse().ok() } else { None }
}

/// Returns the public id of the key or token by which an alert was created.
#[must_use]
pub fn sender_of(alert: &Alert) -> &str {
    alert.group.split(':').nth(1).unwrap_or_default()
}

impl ListedAlert<'_> {
    /// Returns the alert as it is in a list.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { alert, row, now, .. } = *self;
        let id = id_of(alert).unwrap_or_default();
        let open = row.filter(|row| row.status.is_open());
        let is_open = open.is_some() && alert.state != AlertState::Resolved;
        let is_acknowledged = is_open && open.is_some_and(|row| row.status != Status::Triggered);
        let snoozed_until = open.and_then(|row| row.snoozed_until).filter(|until| *until > now);
        let updated_at = row.map_or(alert.last_at, |row| row.last_event_at.max(alert.last_at));
        let owner = row.and_then(|row| row.assignee.as_ref()).map(|person| person.handle.as_str());
        let mut value = json!({
            "id": id.to_string(),
            "tinyId": row.and_then(|row| row.number).map(|n| n.0.to_string()).unwrap_or_default(),
            "alias": self.alias(id),
            "message": self.message(),
            "status": if is_open { "open" } else { "closed" },
            "acknowledged": is_acknowledged,
            "isSeen": row.and_then(Summary::acknowledged_by_somebody_at).is_some(),
            "seen": row.and_then(Summary::acknowledged_by_somebody_at).is_some(),
            "tags": self.tags(),
            "snoozed": snoozed_until.is_some(),
            "count": alert.count,
            "lastOccurredAt": time(alert.last_at),
            "createdAt": time(alert.first_at),
            "updatedAt": time(updated_at),
            "source": alert.labels.get("source").map(String::as_str).unwrap_or_default(),
            "owner": owner.unwrap_or_default(),
            "priority": self.priority(),
            "teams": [],
            "responders": [],
            "integration": {
                "id": sender_of(alert), "type": "API",
                "name": self.integration.unwrap_or_else(|| sender_of(alert)),
            },
        });
        if let Some(until) = snoozed_until {
            value["snoozedUntil"] = Value::from(time(until));
        }
        if let Some(team) = row.and_then(|row| row.team.as_ref()) {
            value["teams"] = json!([{"id": team}]);
            value["responders"] = json!([{"type": "team", "id": team, "name": team}]);
        }
        if let Some(report) = row.and_then(|row| report(row, is_open)) {
            value["report"] = report;
        }
        value
    }

    /// Returns the alert as it is alone, with all that is stored of it.
    #[must_use]
    pub fn to_full_json(&self, incident: Option<&Incident>) -> Value {
        let mut value = self.to_json();
        let annotation = |name: &str| self.alert.annotations.get(name).map(String::as_str);
        let mut description = annotation("description").unwrap_or_default();
        if let Some(incident) = incident.filter(|_| self.is_alone()) {
            let declared = cut(description.trim(), MAX_SYMPTOMS);
            // People, or the sender, have described it in other words.
            if description.is_empty() || !incident.symptoms.ends_with(declared.as_str()) {
                description = &incident.symptoms;
            }
        }
        let details = self.alert.annotations.iter();
        let details = details.filter(|(name, _)| !OWN_ANNOTATIONS.contains(&name.as_str()));
        let mut details: Map<String, Value> =
            details.map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect();
        if let Some(service) = self.alert.labels.get("service") {
            details.entry("service").or_insert_with(|| Value::from(service.as_str()));
        }
        let entity = self.alert.labels.get("entity").map(String::as_str);
        value["entity"] = Value::from(entity.unwrap_or_default());
        value["description"] = Value::from(description);
        value["details"] = Value::Object(details);
        value["actions"] = json!([]);
        value
    }

    /// Returns whether its incident is about nothing else, so that what is said of that is said of it.
    fn is_alone(&self) -> bool {
        self.row.is_some_and(|row| row.alerts <= 1)
    }

    /// Returns the alias; the id, if it has none, or is stored without it.
    fn alias(&self, id: Uuid) -> String {
        let alias = self.alert.annotations.get(ALIAS).filter(|alias| id_of_alias(alias) == id);
        alias.cloned().unwrap_or_else(|| id.to_string())
    }

    fn message(&self) -> &str {
        let own = self.alert.title.as_str();
        match self.row.filter(|_| self.is_alone()) {
            Some(row) => {
                let is_cut =
                    row.title.strip_suffix('…').is_some_and(|start| own.starts_with(start));
                if is_cut { own } else { &row.title }
            }
            None => own,
        }
    }

    fn priority(&self) -> &str {
        let own = self.alert.labels.get("priority").map_or("P3", String::as_str);
        let Some(row) = self.row else { return own };
        let shown = row.priority.as_str();
        // There are only four here.
        if own == "P5" && shown == "P4" { own } else { shown }
    }

    /// Returns the labels of the incident, which the sender can change, but for those that are fields.
    fn tags(&self) -> Vec<String> {
        let labels: Vec<String> = match self.row.filter(|_| self.is_alone()) {
            Some(row) => row.attributes.labels.clone(),
            None => self.alert.labels.iter().map(|(name, text)| format!("{name}={text}")).collect(),
        };
        let labels = labels.into_iter().filter(|label| {
            let name = label.split_once('=').map_or(label.as_str(), |(name, _)| name);
            !OWN_LABELS.contains(&name)
        });
        labels.map(|label| as_tag(&label).to_owned()).collect()
    }
}

/// Returns the tag that has become a label such as `tag3=urgent`.
fn as_tag(label: &str) -> &str {
    let numbered = label.strip_prefix("tag").and_then(|rest| rest.split_once('='));
    match numbered {
        Some((number, tag)) if number.parse::<u32>().is_ok() => tag,
        _ => label,
    }
}

/// Returns how long it took until somebody acknowledged it, and until it ended, in milliseconds.
fn report(row: &Summary, is_open: bool) -> Option<Value> {
    let passed = |at: DateTime<Utc>| (at - row.reported_at).num_milliseconds().max(0);
    let mut report = Map::new();
    if let Some(at) = row.acknowledged_by_somebody_at() {
        report.insert("ackTime".into(), Value::from(passed(at)));
    }
    let ended_at = row.resolved_at.or(row.closed_at).filter(|_| !is_open);
    if let Some(at) = ended_at {
        report.insert("closeTime".into(), Value::from(passed(at)));
    }
    (!report.is_empty()).then_some(Value::Object(report))
}

/// Returns the order of alerts by a field, from the least to the greatest; `None` if alerts can't be sorted by
/// it.
#[must_use]
pub fn order_by(field: &str) -> Option<impl Fn(&Value, &Value) -> Ordering> {
    let field = SORTS.iter().find(|one| **one == field)?;
    let pointer = format!("/{}", field.replace('.', "/"));
    Some(move |a: &Value, b: &Value| compare(a.pointer(&pointer), b.pointer(&pointer)))
}

/// Compares two values; numbers by their size, also if they are texts. What is missing is the least.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let number = |value: Option<&Value>| match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        Value::Bool(flag) => Some(i64::from(*flag)),
        _ => None,
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_lowercase);
    match (number(a), number(b)) {
        (None, None) => text(a).cmp(&text(b)),
        (a, b) => a.cmp(&b),
    }
}

/// Returns a time as the API has it.
#[must_use]
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("tag3=urgent", "urgent")]
    #[case("tag=urgent", "tag=urgent")]
    #[case("tags=1", "tags=1")]
    #[case("env=prod", "env=prod")]
    #[case("urgent", "urgent")]
    fn numbered_labels_are_tags(#[case] label: &str, #[case] expected: &str) {
        assert_eq!(as_tag(label), expected);
    }

    #[rstest]
    #[case(json!("9"), json!("10"), Ordering::Less)]
    #[case(json!(3), json!(2), Ordering::Greater)]
    #[case(json!("b"), json!("A"), Ordering::Greater)]
    #[case(json!(false), json!(true), Ordering::Less)]
    #[case(json!(null), json!("a"), Ordering::Less)]
    #[case(json!(null), json!(7), Ordering::Less)]
    fn values_are_compared(#[case] a: Value, #[case] b: Value, #[case] expected: Ordering) {
        assert_eq!(compare(Some(&a), Some(&b)), expected);
        assert_eq!(compare(Some(&b), Some(&a)), expected.reverse());
    }

    #[test]
    fn order_is_by_fields_of_alerts() {
        let order = order_by("report.ackTime").unwrap();
        let (early, late) = (json!({"report": {"ackTime": 5}}), json!({"report": {"ackTime": 40}}));
        assert_eq!(order(&early, &late), Ordering::Less);
        assert_eq!(order(&json!({}), &early), Ordering::Less);
        assert!(order_by("colour").is_none());
    }
}
