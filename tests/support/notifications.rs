//! Notifications of an incident, as lines of an export.

use redphone::backend::file::FileStore;
use redphone::backend::lists::{IncidentBrief, NotificationEntry};
use redphone::backend::record::Record;
use redphone::model::{IncidentId, Summary};
use serde_json::{Value, json};

/// Returns the id of the notification with an index.
pub fn id(index: u32) -> String {
    format!("0198c0de-0000-7000-8000-{index:012}")
}

/// Returns a notification of Ines Moreau that was sent immediately, with these fields changed. Each
/// one is planned a minute after the one with the index before.
#[allow(clippy::needless_pass_by_value, reason = "whoever calls it writes the JSON in place")]
pub fn notification(incident: &str, index: u32, changed: Value) -> Value {
    let (planned, sent) = (format!("{:02}:00", 30 + index), format!("{:02}:04", 30 + index));
    let mut fields = json!({
        "id": id(index),
        "incident": incident,
        "event": format!("0198c0de-0000-7000-9000-{index:012}"),
        "kind": "page",
        "level": 1,
        "round": 1,
        "person": {"handle": "ines", "name": "Ines Moreau"},
        "contact": "phone",
        "channel": "ntfy",
        "planned_at": format!("2026-03-01T22:{planned}Z"),
        "due": format!("2026-03-01T22:{planned}Z"),
        "state": "sent",
        "attempts": 1,
        "updated_at": format!("2026-03-01T22:{sent}Z"),
    });
    for (name, value) in changed.as_object().cloned().unwrap_or_default() {
        fields[name] = value;
    }
    json!({"notification": fields})
}

/// Returns a notification of an incident with these fields changed, as a list has it.
pub fn entry(row: &Summary, index: u32, changed: Value) -> NotificationEntry {
    let mut line = notification(&row.id.to_string(), index, changed);
    NotificationEntry {
        incident: IncidentBrief::from(row),
        notification: serde_json::from_value(line["notification"].take()).unwrap(),
        attempts: Vec::new(),
    }
}

/// Returns an attempt to send the notification with an index.
pub fn attempt(index: u32, number: u32, outcome: &str, answer: &str) -> Value {
    let at = |second: u32| format!("2026-03-01T22:{:02}:{second:02}Z", 30 + index);
    json!({"attempt": {
        "notification": id(index),
        "number": number,
        "began_at": at(number),
        "ended_at": at(number + 1),
        "outcome": outcome,
        "answer": answer,
    }})
}

/// Returns the notifications of a night: one that was sent immediately, one in the second attempt,
/// one that failed, and a person without a contact.
pub fn of_a_night(incident: IncidentId) -> Vec<Value> {
    let incident = &incident.to_string();
    let tom = json!({"handle": "tom", "name": "Tom Varga"});
    vec![
        notification(incident, 1, json!({})),
        notification(
            incident,
            2,
            json!({
                "channel": "sms", "contact": "sms", "state": "failed", "attempts": 3,
                "reason": "the number is not in service",
            }),
        ),
        notification(incident, 3, json!({"person": tom, "attempts": 2, "perhaps_twice": true})),
        notification(
            incident,
            4,
            json!({
                "person": {"handle": "mei", "name": "Mei Castellan"}, "channel": "", "contact": "",
                "state": "unreachable", "attempts": 0, "reason": "no contact in the settings",
            }),
        ),
        attempt(1, 1, "accepted", ""),
        attempt(2, 1, "temporary", "busy"),
        attempt(2, 2, "temporary", "busy"),
        attempt(2, 3, "permanent", "the number is not in service"),
        attempt(3, 1, "interrupted", ""),
        attempt(3, 2, "accepted", ""),
    ]
}

/// Returns the lines as an export, for `redphone import`.
pub fn export(lines: &[Value]) -> String {
    let header = json!({"header": {"format": "redphone", "version": 1}});
    let lines: Vec<String> =
        std::iter::once(&header).chain(lines).map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

/// Imports the lines into a store.
pub async fn import(store: &FileStore, lines: &[Value]) {
    let mut importer = store.importer().await.unwrap();
    for line in lines {
        let record: Record = serde_json::from_value(line.clone()).unwrap();
        importer.add(record).await.unwrap();
    }
    importer.commit().await.unwrap();
}
