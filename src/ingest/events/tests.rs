use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::json;

use super::EventVersion::{V1, V2};
use super::*;
use crate::model::Actor;
use crate::model::change::ChangeState;

fn read(version: EventVersion, body: &Value) -> Result<SentEvent, Vec<String>> {
    let body = EventBody::parse(body.to_string().as_bytes()).unwrap();
    let texts = |errors: Vec<IngestError>| errors.iter().map(ToString::to_string).collect();
    body.event(version, "0a1b2c", Uuid::nil()).map_err(texts)
}

fn trigger() -> Value {
    json!({
        "routing_key": "secret", "event_action": "trigger", "dedup_key": "db1/disk",
        "payload": {
            "summary": "The disk of db1 is full\nnow", "source": "db1", "severity": "critical",
            "timestamp": "2026-03-01T09:00:00.315+0000", "component": "disk", "group": "prod",
            "class": "capacity",
            "custom_details": {"service": "checkout", "free": 0, "mounts": ["/", "/var"], "x": null},
        },
        "client": "Disk watcher", "client_url": "https://watcher.example.com/1",
        "links": [{"href": "https://wiki.example.com/disks", "text": "Runbook"}],
    })
}

#[rstest]
#[case("Trigger", true, false)]
#[case("RESOLVE", false, false)]
#[case("Acknowledge", false, true)]
fn action_may_have_capitals(
    #[case] action: &str,
    #[case] is_firing: bool,
    #[case] is_acknowledged: bool,
) {
    let mut body = trigger();
    body["event_action"] = json!(action);
    let group = read(V2, &body).unwrap().group;
    let fires = group.alerts.iter().any(|alert| alert.is_firing);
    assert_eq!((fires, group.is_acknowledged), (is_firing, is_acknowledged));
}

#[test]
fn trigger_becomes_an_alert() {
    let event = read(V2, &trigger()).unwrap();
    assert_eq!(event.dedup_key, "db1/disk");
    let group = event.group;
    assert!(group.key.starts_with("events:0a1b2c:") && !group.is_acknowledged);
    let [alert] = &group.alerts[..] else { panic!("{group:?}") };
    assert!(alert.is_firing && alert.expires_at.is_none());
    assert_eq!(alert.title, "The disk of db1 is full now");
    assert_eq!(alert.starts_at.unwrap().to_rfc3339(), "2026-03-01T09:00:00.315+00:00");
    let labels: Vec<_> = alert.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let expected = "class=capacity component=disk group=prod service=checkout severity=critical \
                    source=db1";
    assert_eq!(labels.join(" "), expected);
    assert_eq!(alert.annotations["mounts"], r#"["/","/var"]"#);
    assert_eq!((&*alert.annotations["free"], &*alert.annotations["client"]), ("0", "Disk watcher"));
    assert!(!alert.annotations.contains_key("x"));
    assert_eq!(alert.url.as_deref(), Some("https://watcher.example.com/1"));
}

#[test]
fn first_version_becomes_the_same() {
    let event = read(
        V1,
        &json!({
            "service_key": "secret", "event_type": "trigger", "incident_key": "db1/disk",
            "description": "The disk of db1 is full", "details": {"free": "0 B"},
            "contexts": [{"type": "image", "src": "https://x.example.com"},
                         {"type": "link", "href": "https://wiki.example.com/disks"}],
        }),
    );
    let SentEvent { group, .. } = event.unwrap();
    assert_eq!(group.key, read(V2, &trigger()).unwrap().group.key);
    let [alert] = &group.alerts[..] else { panic!("{group:?}") };
    assert_eq!((&*alert.title, &*alert.annotations["free"]), ("The disk of db1 is full", "0 B"));
    assert_eq!(alert.url.as_deref(), Some("https://wiki.example.com/disks"));
}

#[rstest]
#[case(V2, json!({"event_action": "acknowledge", "dedup_key": "a"}), true, 0)]
#[case(V2, json!({"event_action": "resolve", "dedup_key": "a", "payload": null}), false, 1)]
#[case(V1, json!({"event_type": "acknowledge", "incident_key": "a"}), true, 0)]
#[case(V1, json!({"event_type": "resolve", "incident_key": "a"}), false, 1)]
fn later_events_need_only_the_key(
    #[case] version: EventVersion,
    #[case] body: Value,
    #[case] is_acknowledged: bool,
    #[case] alerts: usize,
) {
    let group = read(version, &body).unwrap().group;
    assert_eq!((group.is_acknowledged, group.alerts.len()), (is_acknowledged, alerts));
    assert!(group.alerts.iter().all(|alert| !alert.is_firing));
}

#[rstest]
#[case(json!({}), &["event_action is missing"])]
#[case(json!({"event_action": "fire"}), &["event_action is neither trigger, acknowledge nor resolve"])]
#[case(json!({"event_action": "trigger"}), &["payload.summary is missing"])]
#[case(json!({"event_action": "trigger", "payload": []}), &["payload.summary is missing"])]
#[case(json!({"event_action": "trigger", "payload": {"summary": " "}}), &["payload.summary is missing"])]
#[case(json!({"event_action": "resolve"}), &["dedup_key is missing"])]
#[case(json!({"event_action": "resolve", "dedup_key": [7]}), &["dedup_key is missing"])]
fn wrong_event_is_refused(#[case] body: Value, #[case] expected: &[&str]) {
    assert_eq!(read(V2, &body).unwrap_err(), expected);
}

#[test]
fn number_is_a_key_like_its_text() {
    let resolve = |key: Value| read(V2, &json!({"event_action": "resolve", "dedup_key": key}));
    let (number, text) = (resolve(json!(17)).unwrap(), resolve(json!("17")).unwrap());
    assert_eq!((number.dedup_key.as_str(), number.group.key), ("17", text.group.key));
}

#[test]
fn trigger_without_a_key_gets_one() {
    let body =
        json!({"event_action": "trigger", "payload": {"summary": "x", "custom_details": "why"}});
    let event = read(V2, &body).unwrap();
    assert_eq!(event.dedup_key, "00000000000000000000000000000000");
    assert_eq!(event.group.alerts[0].annotations["description"], "why");
}

#[test]
fn long_texts_are_bounded_and_long_keys_are_not_cut() {
    let mut one = trigger();
    one["payload"]["summary"] = json!("ü".repeat(600_000));
    one["payload"]["custom_details"] = json!({"a": "y".repeat(100_000)});
    one["dedup_key"] = json!(format!("{}1", "k".repeat(5000)));
    let mut two = one.clone();
    two["dedup_key"] = json!(format!("{}2", "k".repeat(5000)));
    let (one, two) = (read(V2, &one).unwrap(), read(V2, &two).unwrap());
    assert_ne!(one.group.key, two.group.key);
    assert!(one.group.key.len() < 100);
    let alert = &one.group.alerts[0];
    assert_eq!(alert.title.chars().count(), MAX_TITLE_CHARS);
    assert_eq!(alert.annotations["a"].chars().count(), MAX_ANNOTATION_CHARS);
}

#[test]
fn key_of_the_sender_depends_on_the_version() {
    let body = json!({"routing_key": " two ", "service_key": "one"}).to_string();
    let body = EventBody::parse(body.as_bytes()).unwrap();
    assert_eq!((body.key(V1), body.key(V2)), (Some("one"), Some("two")));
    assert_eq!(
        EventBody::parse(b"[]").unwrap_err().to_string(),
        "the body is a list, and must be an object"
    );
}

#[test]
fn change_event_is_a_change_that_has_ended() {
    let now: DateTime<Utc> = "2026-03-01T10:00:00.5Z".parse().unwrap();
    let read = |body: Value, new: u128| {
        let body = EventBody::parse(body.to_string().as_bytes()).unwrap();
        let by = Actor::Integration("builds".into());
        Ok::<_, Vec<IngestError>>(body.change_event("0a", by, Uuid::from_u128(new), now)?.change)
    };
    let body = json!({"payload": {
        "summary": "checkout v812", "timestamp": "2026-03-01T09:00:00.000+0000", "source": "ci",
        "custom_details": {"service": "checkout", "services": ["cart", "checkout", 1]},
    }});
    let change = read(body.clone(), 1).unwrap();
    assert_eq!((&*change.title, change.state), ("checkout v812", ChangeState::Done));
    assert_eq!(change.services, ["checkout", "cart"]);
    assert_eq!(change.ends_at, Some(change.starts_at));
    assert_eq!(read(body, 2).unwrap().id, change.id, "it was sent again");
    let ahead = json!({"payload": {"summary": "x", "timestamp": "2026-03-01T10:00:40Z"}});
    assert_eq!(read(ahead, 5).unwrap().starts_at.to_rfc3339(), "2026-03-01T10:00:00+00:00");
    let bare = read(json!({"payload": {"summary": "x"}}), 3).unwrap();
    assert_eq!(
        (bare.id.0, bare.starts_at.to_rfc3339()),
        (Uuid::from_u128(3), "2026-03-01T10:00:00+00:00".into())
    );
    assert_eq!(
        read(json!({"payload": {}}), 4).unwrap_err(),
        [IngestError::Missing("payload.summary")]
    );
}
