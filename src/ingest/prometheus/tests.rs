use rstest::rstest;
use serde_json::json;

use super::*;

fn now() -> DateTime<Utc> {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-03-01T{time}Z").parse().unwrap()
}

fn parsed(value: &Value) -> PostedAlerts {
    parse(value.to_string().as_bytes(), now()).unwrap()
}

/// Reads the only alert of a list.
fn one(value: &Value) -> AlertReport {
    let mut posted = parsed(&json!([value]));
    assert_eq!((posted.groups.len(), posted.unusable), (1, None));
    posted.groups.remove(0).alerts.remove(0)
}

#[test]
fn alert_fires_until_its_end() {
    let alert = one(&json!({
        "labels": {"alertname": "DiskFull", "instance": "db1", "severity": "critical", "empty": ""},
        "annotations": {"summary": "The disk of db1 is full"},
        "startsAt": "2026-03-01T09:00:00.123Z",
        "endsAt": "2026-03-01T10:04:00Z",
        "generatorURL": "http://prometheus.example.com/graph",
    }));
    assert!(alert.is_firing && alert.ends_at.is_none());
    assert_eq!(
        (alert.starts_at, alert.expires_at),
        (Some(at("09:00:00.123")), Some(at("10:04:00")))
    );
    assert_eq!(alert.title, "The disk of db1 is full");
    assert_eq!(alert.url.as_deref(), Some("http://prometheus.example.com/graph"));
    assert!(!alert.labels.contains_key("empty"));
}

#[rstest]
#[case::absent(json!(null), true, Some(at("10:05:00")))]
#[case::zero(json!("0001-01-01T00:00:00.000Z"), true, Some(at("10:05:00")))]
#[case::ahead(json!("2026-03-01T11:00:00+00:30"), true, Some(at("10:30:00")))]
#[case::now(json!("2026-03-01T10:00:00Z"), false, None)]
#[case::past(json!("2026-03-01T09:59:59Z"), false, None)]
#[case::number(json!(17), true, Some(at("10:05:00")))]
fn end_decides_whether_it_fires(
    #[case] ends_at: Value,
    #[case] is_firing: bool,
    #[case] expires_at: Option<DateTime<Utc>>,
) {
    let mut sent = json!({"labels": {"alertname": "A"}, "endsAt": ends_at});
    // An end alone can't be compared with when it was first reported here.
    assert_eq!((one(&sent).is_firing, one(&sent).ends_at), (is_firing, None));
    sent["startsAt"] = json!("2026-03-01T09:00:00Z");
    let alert = one(&sent);
    assert_eq!((alert.is_firing, alert.expires_at), (is_firing, expires_at));
    assert_eq!(alert.ends_at.is_some(), !is_firing);
}

#[rstest]
#[case(json!({"service": "checkout", "job": "x"}), json!({"service": "checkout", "job": "y"}), true)]
#[case(json!({"job": "api"}), json!({"job": "db"}), false)]
#[case(json!({"namespace": "a"}), json!({"namespace": "b"}), false)]
#[case(json!({"namespace": "a", "cluster": "x"}), json!({"namespace": "a", "cluster": "y"}), true)]
#[case(json!({"instance": "a"}), json!({"instance": "b"}), true)]
fn name_service_and_namespace_are_the_group(
    #[case] a: Value,
    #[case] b: Value,
    #[case] is_same: bool,
) {
    let (mut a, mut b) = (a, b);
    a["alertname"] = json!("DiskFull");
    b["alertname"] = json!("DiskFull");
    let posted = parsed(&json!([{"labels": a}, {"labels": b}]));
    assert_eq!(posted.groups.len() == 1, is_same, "{posted:?}");
    assert!(posted.groups.iter().all(|group| group.key.starts_with("prometheus:")));
}

#[test]
fn all_labels_distinguish_alerts() {
    let long = "x".repeat(MAX_LABEL_CHARS);
    let labels = |text: String| json!({"labels": {"alertname": "A", "instance": text}});
    let posted = parsed(&json!([labels(format!("{long}1")), labels(format!("{long}2"))]));
    let [group] = &posted.groups[..] else { panic!("{posted:?}") };
    assert_ne!(group.alerts[0].key, group.alerts[1].key);
    assert_eq!(group.alerts[0].labels["instance"].chars().count(), MAX_LABEL_CHARS);
}

#[rstest]
#[case(json!({}))]
#[case(json!({"labels": {}}))]
#[case(json!({"labels": {"alertname": ""}}))]
#[case(json!({"labels": ["a"]}))]
#[case(json!({"labels": {"a": null}}))]
fn alert_without_labels_is_not_stored(#[case] alert: Value) {
    let posted = parsed(&json!([alert, {"labels": {"alertname": "A"}}]));
    assert_eq!(posted.groups.len(), 1);
    assert_eq!(posted.unusable, Some(IngestError::Missing("labels of an alert")));
}

#[test]
fn what_is_no_alert_hides_no_others() {
    let posted = parsed(&json!([null, {"labels": {"alertname": "A"}}, 1]));
    assert_eq!(posted.groups.len(), 1);
    let error = posted.unusable.map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("[0] is null, and must be an object"));
}

#[rstest]
#[case("", "the body is no JSON")]
#[case("{}", "the body is an object, and must be a list")]
fn body_that_is_no_list_of_alerts_is_refused(#[case] body: &str, #[case] expected: &str) {
    let error = parse(body.as_bytes(), now()).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn empty_list_has_no_groups() {
    assert_eq!(parsed(&json!([])), PostedAlerts::default());
    let many = Value::from(vec![json!({}); MAX_ALERTS + 1]);
    let error = parse(many.to_string().as_bytes(), now()).unwrap_err();
    assert_eq!(error, IngestError::TooMany { count: MAX_ALERTS + 1, max: MAX_ALERTS });
}
