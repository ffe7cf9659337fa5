//! Messages of alerts, as Alertmanager sends them.

use std::collections::BTreeMap;

use chrono::Utc;
use redphone::backend::NewDeadLetter;
use redphone::ingest::alertmanager;
use redphone::model::Actor;
use redphone::model::alert::AlertGroup;
use serde_json::{Value, json};

/// Returns an alert by the name of its instance. It fires since `starts` (a time of 2026-03-01, such as
/// `09:00`), or is resolved since `ends`.
pub fn alert(instance: &str, starts: &str, ends: Option<&str>) -> Value {
    let at = |time: &str| format!("2026-03-01T{time}:00.123Z");
    json!({
        "status": if ends.is_some() { "resolved" } else { "firing" },
        "labels": {
            "alertname": "DiskFull", "instance": instance, "service": "checkout", "severity": "warning",
        },
        "annotations": {"summary": format!("The disk of {instance} is full")},
        "startsAt": at(starts),
        "endsAt": ends.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), at),
        "generatorURL": "http://prometheus.example.com/graph",
        "fingerprint": format!("fingerprint-{instance}"),
    })
}

/// Returns the message about a group.
pub fn message(group: &str, alerts: &[Value]) -> Value {
    let fires = alerts.iter().any(|alert| alert["status"] == "firing");
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{group=\"{group}\"}}"),
        "truncatedAlerts": 0,
        "status": if fires { "firing" } else { "resolved" },
        "receiver": "redphone",
        "groupLabels": {"group": group},
        "alerts": alerts,
    })
}

/// Reads a message as the server does.
pub fn group(message: &Value) -> AlertGroup {
    alertmanager::parse(message.to_string().as_bytes(), Utc::now()).unwrap().group
}

/// Returns a message that could not be understood.
pub fn dead_letter(message: &str) -> NewDeadLetter {
    NewDeadLetter {
        source: alertmanager::SOURCE.into(),
        actor: Actor::Integration("Alertmanager".into()),
        token: None,
        content_type: None,
        headers: BTreeMap::new(),
        query: None,
        reason: "alerts is missing".into(),
        message: message.as_bytes().to_vec(),
        at: Utc::now(),
    }
}
