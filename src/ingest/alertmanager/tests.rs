use chrono::TimeDelta;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-03-01T10:00:00Z")
}

fn read(message: &Value) -> AlertGroup {
    let read = parse(message.to_string().as_bytes(), now()).unwrap();
    assert_eq!(read.unusable, None);
    read.group
}

/// A message as Alertmanager 0.25 sends it.
fn message() -> Value {
    json!({
        "version": "4",
        "groupKey": "{}/{team=\"db\"}:{alertname=\"DiskFull\"}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "redphone",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com:9093",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "DiskFull", "instance": "db1", "severity": "critical"},
                "annotations": {"summary": "The disk of db1 is full", "description": "5 % are free"},
                "startsAt": "2026-03-01T09:58:00.123456789Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus.example.com/graph?g0.expr=1",
                "fingerprint": "0f0e0d0c0b0a0908"
            },
            {
                "status": "resolved",
                "labels": {"alertname": "DiskFull", "instance": "db2"},
                "annotations": {},
                "startsAt": "2026-03-01T09:00:00Z",
                "endsAt": "2026-03-01T09:59:00+00:00",
                "generatorURL": "",
                "fingerprint": "1f0e0d0c0b0a0908"
            }
        ]
    })
}

#[test]
fn message_of_alertmanager_is_read() {
    let group = read(&message());
    assert_eq!((group.source.as_str(), group.is_firing, group.omitted), (SOURCE, Some(true), 0));
    assert!(group.key.starts_with("alertmanager:redphone:"), "{}", group.key);
    let [first, second] = &group.alerts[..] else { panic!("{group:?}") };
    assert_eq!((first.key.as_str(), first.is_firing), ("0f0e0d0c0b0a0908", true));
    assert_eq!(first.starts_at, Some(at("2026-03-01T09:58:00.123456789Z")));
    assert_eq!((first.ends_at, first.title.as_str()), (None, "The disk of db1 is full"));
    assert_eq!(first.url.as_deref(), Some("http://prometheus.example.com/graph?g0.expr=1"));
    assert_eq!(first.annotations["description"], "5 % are free");
    assert!(!second.is_firing);
    assert_eq!(second.ends_at, Some(at("2026-03-01T09:59:00Z")));
    assert_eq!((second.title.as_str(), &second.url), ("DiskFull (instance=db2)", &None));
}

#[test]
fn group_is_the_same_whichever_alerts_it_has() {
    let first_key = read(&message()).key;
    let mut other = message();
    other["alerts"].as_array_mut().unwrap().remove(0);
    other["status"] = json!("resolved");
    assert_eq!(read(&other).key, first_key);
    for (field, value) in [("receiver", json!("pager")), ("groupKey", json!("{}:{a=\"b\"}"))] {
        let mut other = message();
        other[field] = value;
        assert_ne!(read(&other).key, first_key, "{field}");
    }
}

#[test]
fn group_without_a_key_has_that_of_its_labels() {
    let mut first = message();
    first.as_object_mut().unwrap().remove("groupKey");
    let mut second = first.clone();
    second["alerts"].as_array_mut().unwrap().remove(0);
    assert_eq!(read(&first).key, read(&second).key);
    for message in [&mut first, &mut second] {
        message.as_object_mut().unwrap().remove("groupLabels");
    }
    assert_eq!(read(&first).key, read(&second).key);
    second["alerts"][0]["labels"]["alertname"] = json!("DiskSlow");
    assert_ne!(read(&first).key, read(&second).key);
}

#[rstest]
#[case::nothing(json!({"alerts": []}), 0)]
#[case::no_other_field(json!({"alerts": [{}]}), 1)]
#[case::unknown_fields(json!({"alerts": [{"later": {"a": [1]}}], "notification_reason": "x"}), 1)]
#[case::nulls(json!({"alerts": [{"labels": null, "annotations": null, "status": null,
    "startsAt": null, "endsAt": null, "fingerprint": null, "generatorURL": null}],
    "status": null, "groupKey": null, "receiver": null, "groupLabels": null,
    "truncatedAlerts": null}), 1)]
#[case::wrong_types(json!({"alerts": [{"labels": [1], "annotations": "x", "status": 1,
    "startsAt": 5, "endsAt": {}, "fingerprint": 7, "generatorURL": false}],
    "status": [], "groupKey": 1, "receiver": {}, "groupLabels": "x", "truncatedAlerts": "many"}), 1)]
#[case::times_out_of_range(json!({"alerts": [{"startsAt": "0001-01-01T00:00:00Z",
    "endsAt": "9999-12-31T23:59:59Z"}]}), 1)]
fn odd_message_is_understood(#[case] message: Value, #[case] count: usize) {
    let group = read(&message);
    assert_eq!((group.alerts.len(), group.omitted, group.is_firing), (count, 0, None));
    for alert in group.alerts {
        assert!(alert.is_firing && alert.starts_at.is_none() && alert.ends_at.is_none());
        assert_eq!((alert.title.as_str(), alert.key.len()), ("Alert", 16));
    }
}

#[rstest]
#[case(json!({}), None, true)]
#[case(json!({"status": "resolved"}), Some("firing"), false)]
#[case(json!({"status": "RESOLVED"}), None, false)]
#[case(json!({"status": "firing", "endsAt": "2026-03-01T09:00:00Z"}), Some("resolved"), true)]
#[case(json!({"endsAt": "2026-03-01T09:00:00Z"}), None, false)]
#[case(json!({"endsAt": "2026-03-01T10:05:00Z"}), None, true)]
#[case(json!({"status": "suppressed"}), None, true)]
#[case(json!({}), Some("resolved"), false)]
fn state_of_an_alert_has_substitutes(
    #[case] alert: Value,
    #[case] status: Option<&str>,
    #[case] is_firing: bool,
) {
    let group = read(&json!({"alerts": [alert], "status": status}));
    assert_eq!(group.alerts[0].is_firing, is_firing);
}

#[rstest]
#[case(json!(3), 3)]
#[case(json!("12"), 12)]
#[case(json!(-1), 0)]
#[case(json!(2.5), 0)]
fn omitted_alerts_are_counted(#[case] omitted: Value, #[case] expected: u64) {
    let mut message = message();
    message["truncatedAlerts"] = omitted;
    assert_eq!(read(&message).omitted, expected);
}

#[test]
fn long_texts_are_bounded_and_keys_are_not_cut() {
    let long = "x".repeat(500_000);
    let alert = |tail: &str| {
        json!({"labels": {"alertname": long, "tail": tail, (long.clone()): "y"},
            "annotations": {"summary": format!("{long}\nsecond line")}, "fingerprint": long,
            "generatorURL": format!("http://{long}")})
    };
    let group = read(&json!({"alerts": [alert("a"), alert("b")], "receiver": long,
        "groupKey": long}));
    assert!(group.key.len() < 200, "{}", group.key.len());
    let [first, second] = &group.alerts[..] else { panic!() };
    assert_ne!(first.key, second.key);
    assert_eq!((first.title.chars().count(), &first.url), (MAX_TITLE_CHARS, &None));
    assert!(first.labels.values().all(|text| text.chars().count() <= MAX_LABEL_CHARS));
    assert!(first.annotations["summary"].chars().count() <= MAX_ANNOTATION_CHARS);
    let many: Map<String, Value> = (0..500).map(|n| (format!("l{n}"), json!("x"))).collect();
    let group = read(&json!({"alerts": [{"labels": many}]}));
    assert_eq!(group.alerts[0].labels.len(), crate::model::alert::MAX_ENTRIES);
}

#[rstest]
#[case::empty(b"", "the body is no JSON")]
#[case::half(b"{\"alerts\":[", "the body is no JSON")]
#[case::two(b"{\"alerts\":[]} {}", "the body is no JSON")]
#[case::a_list(b"[]", "the body is a list, and must be an object")]
#[case::a_text(b"\"x\"", "the body is a text")]
#[case::no_alerts(b"{}", "alerts is missing")]
#[case::alerts_null(b"{\"alerts\":null}", "alerts is null, and must be a list")]
#[case::alerts_text(b"{\"alerts\":\"all\"}", "alerts is a text")]
#[case::alert_texts(b"{\"alerts\":[\"x\",7]}", "alerts[0] is a text, and must be an object")]
#[case::utf_16(b"{\x00\"\x00\xff\xfe", "the body is no JSON")]
#[case::no_utf_8(b"{\"\xff\xfe", "the body is not UTF-8 from byte 2 on")]
fn body_that_is_no_message_is_refused_with_its_part(#[case] body: &[u8], #[case] expected: &str) {
    let error = parse(body, now()).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn too_many_alerts_and_deep_bodies_are_refused() {
    let many = json!({"alerts": vec![json!({}); MAX_ALERTS + 1]}).to_string();
    let error = parse(many.as_bytes(), now()).unwrap_err();
    assert_eq!(error, IngestError::TooMany { count: MAX_ALERTS + 1, max: MAX_ALERTS });
    let deep = format!("{{\"alerts\":{}", "[".repeat(200_000));
    assert!(matches!(parse(deep.as_bytes(), now()), Err(IngestError::NotJson { .. })));
}

#[test]
fn byte_order_mark_is_ignored() {
    let body = format!("\u{feff}{}", message());
    assert_eq!(parse(body.as_bytes(), now()).unwrap().group, read(&message()));
}

#[test]
fn labels_in_another_order_have_the_same_key() {
    let key = |labels: &str| {
        let body = format!("{{\"alerts\":[{{\"labels\":{labels}}}]}}");
        parse(body.as_bytes(), now()).unwrap().group.alerts[0].key.clone()
    };
    assert_eq!(key(r#"{"a":"1","b":"2"}"#), key(r#"{"b":"2","a":"1"}"#));
    assert_ne!(key(r#"{"a":"1","b":"2"}"#), key(r#"{"a":"1","b":"3"}"#));
}

/// Any JSON, with names that a message has among its own.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("alerts".to_owned()),
        Just("labels".to_owned()),
        Just("status".to_owned()),
        Just("startsAt".to_owned()),
        Just("fingerprint".to_owned()),
        ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!("2026-03-01T09:00:00Z")),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        parse(&body, now()).ok();
    }

    #[test]
    fn no_alerts_make_the_reader_panic(alerts in any_json(), others in any_json()) {
        let mut message = json!({"alerts": alerts});
        if let Value::Object(members) = others {
            message.as_object_mut().unwrap().extend(members);
        }
        let read = parse(message.to_string().as_bytes(), now() + TimeDelta::days(1));
        if let Ok(WebhookMessage { group, .. }) = read {
            prop_assert!(group.key.len() <= 500 && !group.key.contains('\n'));
            for alert in group.alerts {
                prop_assert!(!alert.key.is_empty() && !alert.title.is_empty());
            }
        }
    }
}
