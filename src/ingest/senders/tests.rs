//! Messages of each sender lead to the expected groups.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use proptest::prelude::*;
use rstest::rstest;
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::ingest::mapping::{Message, read};
use crate::model::alert::{AlertGroup, AlertReport};

macro_rules! fixtures {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("fixtures/", $name, ".json")))),+]
    };
}

const FIXTURES: &[(&str, &str)] = fixtures![
    "azure",
    "checkmk",
    "cloudevents",
    "cloudwatch",
    "datadog",
    "gcp",
    "grafana",
    "icinga",
    "nagios",
    "oncall",
    "otlp",
    "sentry",
    "uptime-kuma",
    "zabbix",
];

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    content_type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Value,
    expected: Vec<String>,
}

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

/// Returns an alert in one line.
fn line(group: &AlertGroup, alert: &AlertReport) -> String {
    let status = match (alert.is_firing, group.is_acknowledged) {
        (false, _) => "resolved",
        (true, true) => "acknowledged",
        (true, false) => "firing",
    };
    let label = |name: &str| alert.labels.get(name).map_or("", String::as_str);
    let time = |time: Option<DateTime<Utc>>| {
        time.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    };
    format!(
        "{status} {} {} | {} | {} | {} | {} - {}",
        group.key,
        alert.key,
        alert.title,
        label("severity"),
        label("service"),
        time(alert.starts_at),
        time(alert.ends_at)
    )
}

#[test]
fn every_definition_can_be_read() {
    for (name, text) in DEFINITIONS {
        let table = DeTable::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mapping = Mapping::from_toml(table.get_ref());
        let mapping = mapping.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(!mapping.is_blank(), "{name}");
    }
    assert_eq!(MAPPINGS.len(), DEFINITIONS.len());
    let names: Vec<&str> = FIXTURES.iter().map(|(name, _)| *name).collect();
    assert_eq!(super::names().collect::<Vec<_>>(), names);
}

#[test]
fn messages_of_senders_become_the_expected_alerts() {
    for (name, text) in FIXTURES {
        let fixture: Fixture = serde_json::from_str(text).expect("a fixture");
        let (source, mapping) = built_in(name).expect("a mapping");
        for case in fixture.cases {
            let body = case.body.to_string();
            let message = Message {
                content_type: case.content_type.as_deref(),
                headers: case.headers.into_iter().collect(),
                ..Message::new(body.as_bytes())
            };
            let mapped = read(&mapping, source, &message, now())
                .unwrap_or_else(|error| panic!("{name}, {}: {error}", case.name));
            let mut lines: Vec<String> = mapped
                .groups
                .iter()
                .flat_map(|group| group.alerts.iter().map(|alert| line(group, alert)))
                .collect();
            lines.extend(mapped.confirm.map(|url| format!("confirm {url}")));
            assert_eq!(lines, case.expected, "{name}, {}", case.name);
        }
    }
}

#[rstest]
#[case(
    "zabbix",
    "{}",
    "the message has neither a key nor a title where the mapping says that they are: "
)]
#[case(
    "gcp",
    "{\"incident\":{\"state\":\"strange\"}}",
    "status: incident.state is \"strange\", for which the mapping has nothing"
)]
#[case("otlp", "{}", "for_each: there is no resourceLogs in the message")]
#[case("otlp", "{\"resourceLogs\":7}", "resourceLogs is a number, and must be a list")]
fn errors_name_the_field_and_what_was_found(
    #[case] name: &str,
    #[case] body: &str,
    #[case] start: &str,
) {
    let (source, mapping) = built_in(name).expect("a mapping");
    let error =
        read(&mapping, source, &Message::new(body.as_bytes()), now()).expect_err("no alert");
    assert!(error.to_string().starts_with(start), "{error}");
}

#[test]
fn form_of_uptime_kuma_holds_json() {
    let body = "data=%7B%22heartbeat%22%3A%7B%22status%22%3A0%7D%2C%22monitor%22%3A%7B%22id%22%3A3%2C%22name%22%3A%22Shop%22%7D%7D";
    let (source, mapping) = built_in("uptime-kuma").expect("a mapping");
    let content_type = Some("application/x-www-form-urlencoded");
    let message = Message { content_type, ..Message::new(body.as_bytes()) };
    let mapped = read(&mapping, source, &message, now()).expect("alerts");
    assert_eq!(mapped.groups[0].alerts[0].title, "Shop is down");
    assert_eq!(mapped.groups[0].key, "uptime-kuma:3");
}

#[rstest]
#[case::latin1(Some("application/json; charset=iso-8859-1"), "{\"alerts\":[{\"annotations\":{\"summary\":\"Zu spät\"}}]}".chars().map(|ch| u8::try_from(ch).expect("a byte")).collect())]
#[case::form(
    Some("application/x-www-form-urlencoded"),
    b"payload=%7B%22alerts%22%3A%5B%7B%22annotations%22%3A%7B%22summary%22%3A%22Zu%20sp%C3%A4t%22%7D%7D%5D%7D".to_vec()
)]
fn alerts_of_grafana_are_read_in_each_encoding(
    #[case] content_type: Option<&str>,
    #[case] body: Vec<u8>,
) {
    let (source, mapping) = built_in("grafana").expect("a mapping");
    let message = Message { content_type, ..Message::new(&body) };
    let mapped = read(&mapping, source, &message, now()).expect("alerts");
    assert_eq!(mapped.groups[0].alerts[0].title, "Zu spät");
}

/// Creates JSON of any form out of the names that mappings read.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(vec!["firing", "0", "ALARM", "Fired", "open"]).prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "alerts",
        "status",
        "incident",
        "state",
        "data",
        "essentials",
        "resourceLogs",
        "scopeLogs",
        "logRecords",
        "heartbeat",
        "monitor",
        "id",
        "title",
        "tags",
        "Message",
        "event",
        "severityNumber",
        "body",
    ]);
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_message_makes_a_mapping_panic(json in any_json(), bytes in any::<Vec<u8>>()) {
        let text = json.to_string();
        for (name, _) in DEFINITIONS {
            let (source, mapping) = built_in(name).expect("a mapping");
            for body in [text.as_bytes(), bytes.as_slice()] {
                if let Ok(mapped) = read(&mapping, source, &Message::new(body), now()) {
                    for group in mapped.groups {
                        prop_assert!(!group.alerts.is_empty() || mapping.written().any(|(key, _)| key == "form"));
                        prop_assert!(group.key.chars().count() <= 200);
                    }
                }
            }
        }
    }
}
