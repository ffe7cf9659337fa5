use rstest::rstest;

use super::*;
use crate::model::check;
use crate::model::directory::Service;
use crate::model::priority::{Impact, Level, Urgency};

fn now() -> DateTime<Utc> {
    "2026-03-01T10:00:00.5Z".parse().unwrap()
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn alert(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> AlertReport {
    let (labels, annotations) = (texts(labels), texts(annotations));
    AlertReport {
        key: "k".into(),
        is_firing: true,
        starts_at: Some("2026-03-01T09:58:00.7Z".parse().unwrap()),
        ends_at: None,
        expires_at: None,
        title: AlertReport::title_of(&labels, &annotations, 500),
        labels,
        annotations,
        url: None,
    }
}

fn group(alerts: Vec<AlertReport>) -> AlertGroup {
    AlertGroup::new("alertmanager", "Alertmanager", "alertmanager:r:1", alerts)
}

fn declared(alerts: Vec<AlertReport>, directory: &Directory) -> Declaration {
    let positions: Vec<usize> = (0..alerts.len()).collect();
    let declared = declaration(&group(alerts), &positions, directory, now());
    check::declaration(&declared).unwrap();
    declared
}

fn directory() -> Directory {
    let service = Service {
        name: "checkout".into(),
        team: "payments".into(),
        depends_on: Vec::new(),
        runbook: None,
        objective: None,
        public_name: None,
    };
    Directory { services: vec![service], ..Directory::default() }
}

#[test]
fn incident_has_what_the_alert_says() {
    let labels = [
        ("alertname", "HighLatency"),
        ("service", "checkout"),
        ("severity", "critical"),
        ("env", "prod"),
    ];
    let annotations = [
        ("summary", "Checkout\nis slow"),
        ("description", "p99 is 2 s"),
        ("runbook_url", "https://r.example.com/1"),
    ];
    let declared = declared(vec![alert(&labels, &annotations)], &directory());
    assert_eq!(declared.title, "Checkout is slow");
    assert_eq!(declared.services, ["checkout"]);
    assert_eq!(declared.team.as_deref(), Some("payments"));
    assert_eq!((declared.impact, declared.urgency), (Level::High, Level::High));
    assert_eq!(declared.source, Source::Monitoring);
    assert_eq!(declared.symptoms, "p99 is 2 s");
    assert_eq!(declared.labels, ["alertname=HighLatency", "env=prod"]);
    assert_eq!(declared.runbook.as_deref(), Some("https://r.example.com/1"));
    assert_eq!(declared.dedup_key.as_deref(), Some("alertmanager:r:1"));
    assert_eq!(declared.detected_at.to_rfc3339(), "2026-03-01T09:58:00+00:00");
    assert_eq!(declared.reported_at.to_rfc3339(), "2026-03-01T10:00:00+00:00");
}

#[rstest]
#[case("critical", Level::High, Level::High)]
#[case("Page", Level::High, Level::High)]
#[case("error", Level::High, Level::Medium)]
#[case("warning", Level::Medium, Level::Medium)]
#[case("info", Level::Low, Level::Low)]
#[case("strange", Level::Medium, Level::Medium)]
#[case("", Level::Medium, Level::Medium)]
fn severity_gives_impact_and_urgency(
    #[case] severity: &str,
    #[case] impact: Impact,
    #[case] urgency: Urgency,
) {
    for label in SEVERITY_LABELS {
        let declared = declared(vec![alert(&[(label, severity)], &[])], &Directory::default());
        assert_eq!((declared.impact, declared.urgency), (impact, urgency), "{label}={severity}");
    }
}

#[rstest]
#[case(&[("service", "checkout"), ("job", "api")], Some("checkout"))]
#[case(&[("service", "api"), ("job", "checkout")], Some("checkout"))]
#[case(&[("job", "api")], Some("api"))]
#[case(&[("service", " "), ("job", "api")], Some("api"))]
#[case(&[], None)]
fn service_is_one_of_the_directory_or_the_first(
    #[case] labels: &[(&str, &str)],
    #[case] expected: Option<&str>,
) {
    let declared = declared(vec![alert(labels, &[])], &directory());
    assert_eq!(declared.services.first().map(String::as_str), expected);
}

#[test]
fn several_alerts_are_one_incident_of_the_worst() {
    let alerts = vec![
        alert(&[("alertname", "A"), ("env", "prod"), ("severity", "info")], &[]),
        alert(&[("alertname", "B"), ("env", "prod"), ("severity", "critical")], &[]),
        alert(&[("alertname", "C"), ("env", "prod")], &[]),
    ];
    let declared = declared(alerts, &Directory::default());
    assert_eq!(declared.title, "B (env=prod) (and 2 more)");
    assert_eq!(declared.symptoms, "A (env=prod)\nB (env=prod)\nC (env=prod)");
    assert_eq!(declared.labels, ["env=prod"]);
    assert_eq!(declared.impact, Level::High);
}

#[test]
fn hostile_texts_make_a_valid_incident() {
    let long = "ä".repeat(100_000);
    let labels = [
        ("service", long.as_str()),
        ("alertname", "\u{1b}[31m\n"),
        ("a\nb", "c\u{2028}d"),
        ("e", &long),
    ];
    let annotations = [("summary", long.as_str()), ("runbook", &long), ("description", &long)];
    let mut alert = alert(&labels, &annotations);
    alert.starts_at = Some("2099-01-01T00:00:00Z".parse().unwrap());
    let declared = declared(vec![alert.clone(), alert], &Directory::default());
    assert_eq!(declared.title.chars().count(), MAX_TITLE_CHARS);
    assert_eq!((declared.services.len(), declared.runbook), (0, None));
    assert_eq!(declared.detected_at, declared.reported_at);
    assert!(declared.symptoms.len() <= MAX_TEXT_BYTES);
}
