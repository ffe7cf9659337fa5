//! Senders that are read by a mapping, and the webhook of Alertmanager: the life of an alert, and odd bodies
//! of each. Senders with an API of their own are in [`super::senders`].

use std::collections::BTreeMap;
use std::sync::Arc;

use redphone::ingest::Sender;
use redphone::ingest::mapping::Mapping;
use rstest::rstest;
use serde_json::{Value, json};
use toml::de::DeTable;

use crate::support::api::{TestResponse, TestServer, fetch};

/// The events of a sender's alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Fires,
    Worse,
    Acknowledged,
    Resolved,
}

/// Returns the message of a sender; `None` if it can't say this.
fn message(sender: &str, step: Step) -> Option<Value> {
    let is_firing = step != Step::Resolved;
    let pick = |firing: &'static str, resolved: &'static str| {
        if is_firing { firing } else { resolved }
    };
    let worse = step == Step::Worse;
    if step == Step::Acknowledged && !ACKNOWLEDGING.contains(&sender) {
        return None;
    }
    let kind = match step {
        Step::Fires | Step::Worse => "PROBLEM",
        Step::Acknowledged => "ACKNOWLEDGEMENT",
        Step::Resolved => "RECOVERY",
    };
    Some(match sender {
        "zabbix" => json!({
            "event_id": "71", "event_name": "Disk full", "host_name": "db1",
            "event_value": pick("1", "0"),
            "event_update_status": if step == Step::Acknowledged { "1" } else { "0" },
            "event_ack_status": if step == Step::Acknowledged { "Yes" } else { "No" },
            "event_nseverity": if worse { "5" } else { "2" }, "event_timestamp": "1772000000",
        }),
        "nagios" | "icinga" => json!({
            "type": kind, "host": "db1", "service": "disk", "output": "0 B are free",
            "started": pick("1772000000", "1772000900"), "time": "1772000900",
            "state": if !is_firing { "OK" } else if worse { "CRITICAL" } else { "WARNING" },
        }),
        "checkmk" => json!({
            "notification_type": kind, "host": "db1", "service": "disk", "output": "0 B are free",
            "started": pick("1772000000", "1772000900"),
            "status": if !is_firing { "OK" } else if worse { "CRIT" } else { "WARN" },
        }),
        "oncall" => json!({
            "alert_uid": "08d6891a", "title": "Disk full", "state": pick("alerting", "ok"),
        }),
        "uptime-kuma" => json!({
            "heartbeat": {"status": u8::from(!is_firing), "msg": "timeout"},
            "monitor": {"id": 3, "name": "Shop"},
        }),
        "datadog" => json!({
            "id": "1", "cycle": "c-1", "monitor": "7", "title": "Disk full",
            "transition": pick("Triggered", "Recovered"), "type": pick("error", "success"),
            "priority": if worse { "P1" } else { "P3" },
            "date": if is_firing { 1_772_000_000_000_i64 } else { 1_772_000_900_000 },
        }),
        "gcp" => json!({"version": "1.2", "incident": {
            "incident_id": "0.abc", "summary": "Disk full", "state": pick("open", "closed"),
            "severity": if worse { "CRITICAL" } else { "WARNING" }, "policy_name": "Disks",
            "started_at": 1_772_000_000, "ended_at": (!is_firing).then_some(1_772_000_900),
        }}),
        "azure" => json!({"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {
            "alertId": "/subscriptions/s/alerts/1", "alertRule": "Disk full",
            "severity": if worse { "Sev0" } else { "Sev2" },
            "monitorCondition": pick("Fired", "Resolved"),
            "firedDateTime": "2026-03-01T09:00:00.1234567Z",
        }}}),
        "cloudwatch" => json!({
            "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:1:alarms",
            "Message": json!({
                "AlarmName": "Disk full", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:1:alarm:disk",
                "NewStateValue": pick("ALARM", "OK"), "NewStateReason": "threshold",
                "StateChangeTime": pick("2026-03-01T09:00:00.000+0000", "2026-03-01T09:15:00.000+0000"),
            }).to_string(),
        }),
        "sentry" => json!({
            "action": if !is_firing { "resolved" } else if worse { "critical" } else { "warning" },
            "data": {
                "metric_alert": {
                    "id": "5", "title": "Errors", "date_started": "2026-03-01T09:00:00Z",
                },
                "description_title": "Errors",
            },
        }),
        "grafana" | "alertmanager" => json!({
            "version": if sender == "grafana" { "1" } else { "4" }, "status": pick("firing", "resolved"), "groupKey": "{}/{a=\"b\"}",
            "alerts": [{
                "status": pick("firing", "resolved"), "fingerprint": "0f0e0d0c0b0a0908",
                "labels": {
                    "alertname": "Disk full", "severity": if worse { "critical" } else { "warning" },
                },
                "startsAt": "2026-03-01T09:00:00Z",
            }],
        }),
        "cloudevents" => json!({
            "specversion": "1.0", "id": "1", "source": "/disks", "subject": "db1",
            "type": "com.example.disk",
            "data": {
                "title": "Disk full", "status": pick("firing", "resolved"),
                "starts_at": "2026-03-01T09:00:00Z",
                "severity": if worse { "critical" } else { "warning" },
            },
        }),
        "shop" => json!({
            "check": "disk of db1", "since": "2026-03-01T09:00:00Z",
            "state": if step == Step::Acknowledged { "seen" } else { pick("down", "up") },
            "level": if worse { "critical" } else { "warning" },
        }),
        _ => return None,
    })
}

/// The mapping of a sender in the settings.
const SHOP: &str = "\
status = { from = \"state\", is = { down = \"firing\", seen = \"acknowledged\", up = \"resolved\" } }
key = \"check\"
title = \"{check} is {state}\"
severity = \"level\"
starts_at = \"since\"
";

/// Starts a server whose settings have a mapping.
async fn server() -> TestServer {
    let mapping = Mapping::from_toml(DeTable::parse(SHOP).unwrap().get_ref()).unwrap();
    let shop = Arc::new(Sender { mapping: Arc::new(mapping), ..Sender::default() });
    TestServer::with(|options| {
        options.settings.ingest.senders = BTreeMap::from([("shop".to_owned(), shop)]);
    })
    .await
}

/// Those that say that somebody has acknowledged an alert there.
const ACKNOWLEDGING: [&str; 5] = ["zabbix", "nagios", "icinga", "checkmk", "shop"];
/// Those that do not say when an alert began: one that comes late is one that fires again.
const TIMELESS: [&str; 2] = ["oncall", "uptime-kuma"];
/// Those that do not say how severe an alert is.
const LEVELLESS: [&str; 3] = ["oncall", "uptime-kuma", "cloudwatch"];

const SENDERS: [&str; 15] = [
    "alertmanager",
    "shop",
    "zabbix",
    "nagios",
    "icinga",
    "checkmk",
    "oncall",
    "uptime-kuma",
    "datadog",
    "gcp",
    "azure",
    "cloudwatch",
    "sentry",
    "grafana",
    "cloudevents",
];

async fn send(server: &TestServer, name: &str, body: impl Into<reqwest::Body>) -> TestResponse {
    let request = server.request("POST", &format!("/v1/ingest/{name}"));
    fetch(request.bearer_auth(&server.ingest).body(body)).await
}

/// Returns the number of incidents, of open ones, and of alerts.
async fn counts(server: &TestServer) -> (usize, usize, usize) {
    let page = server.get(&server.read, "/v1/incidents?filter=is:any").await.json();
    let rows = page["rows"].as_array().unwrap().clone();
    let is_open = |row: &&Value| {
        let status = row["status"].as_str().unwrap();
        !["resolved", "closed"].contains(&status)
    };
    let open = rows.iter().filter(is_open).count();
    let mut alerts = 0;
    for row in &rows {
        let path = format!("/v1/incidents/{}/alerts", row["id"].as_str().unwrap());
        alerts += server.get(&server.read, &path).await.json().as_array().unwrap().len();
    }
    (rows.len(), open, alerts)
}

#[tokio::test]
async fn alert_of_each_sender_is_one_incident() {
    for sender in SENDERS {
        let server = server().await;
        for (step, expected) in [
            (Step::Fires, (1, 1, 1)),
            (Step::Fires, (1, 1, 1)),
            (Step::Worse, (1, 1, 1)),
            (Step::Acknowledged, (1, 1, 1)),
            (Step::Resolved, (1, 0, 1)),
            (Step::Resolved, (1, 0, 1)),
        ] {
            // Most of them acknowledge nothing.
            let Some(body) = message(sender, step) else { continue };
            // People must end an incident that they have acknowledged: then it is only monitored.
            let is_watched = ACKNOWLEDGING.contains(&sender) && step == Step::Resolved;
            let expected = if is_watched { (1, 1, 1) } else { expected };
            let answer = send(&server, sender, body.to_string()).await;
            assert_eq!(answer.status, 200, "{sender} {step:?}: {answer:?}");
            assert_eq!(counts(&server).await, expected, "{sender} {step:?}");
            let firing = usize::from(step != Step::Resolved);
            assert_eq!(firing_alerts(&server).await, firing, "{sender} {step:?}");
            if step == Step::Worse && !LEVELLESS.contains(&sender) {
                let shown = server.get(&server.read, "/v1/incidents/1").await.json();
                let priority = shown["incident"]["priority"].as_str().unwrap().to_owned();
                assert!(["P1", "P2"].contains(&priority.as_str()), "{sender}: {priority}");
            }
        }
    }
}

/// Returns how many alerts fire in open incidents.
async fn firing_alerts(server: &TestServer) -> usize {
    let alerts = server.get(&server.read, "/api/v2/alerts").await.json();
    alerts.as_array().unwrap().len()
}

#[tokio::test]
async fn report_that_comes_late_opens_nothing() {
    for sender in SENDERS.into_iter().filter(|sender| !TIMELESS.contains(sender)) {
        let server = server().await;
        for step in [Step::Fires, Step::Resolved, Step::Fires, Step::Worse] {
            let body = message(sender, step).expect("a message");
            let answer = send(&server, sender, body.to_string()).await;
            assert_eq!(answer.status, 200, "{sender}: {answer:?}");
        }
        assert_eq!(counts(&server).await, (1, 0, 1), "{sender}");
        assert_eq!(firing_alerts(&server).await, 0, "{sender}");
    }
}

#[tokio::test]
async fn alert_that_fires_again_is_a_new_incident() {
    for sender in SENDERS {
        let server = server().await;
        for step in [Step::Fires, Step::Resolved] {
            let body = message(sender, step).expect("a message");
            send(&server, sender, body.to_string()).await;
        }
        let mut again = message(sender, Step::Fires).expect("a message").to_string();
        // Those who say when it began say that it began later.
        for (before, after) in [("1772000000", "1772009000"), ("T09:00:00", "T10:00:00")] {
            again = again.replace(before, after);
        }
        let answer = send(&server, sender, again).await;
        assert_eq!(answer.status, 200, "{sender}: {answer:?}");
        assert_eq!(counts(&server).await, (2, 1, 2), "{sender}");
    }
}

#[tokio::test]
async fn issue_of_sentry_that_comes_back_is_a_new_incident() {
    let server = server().await;
    for (action, expected) in [
        ("created", (1, 1, 1)),
        ("resolved", (1, 0, 1)),
        ("unresolved", (2, 1, 2)),
        ("archived", (2, 0, 2)),
    ] {
        let issue = json!({"id": "77", "title": "TypeError", "firstSeen": "2026-03-01T09:00:00Z"});
        let body = json!({"action": action, "data": {"issue": issue}}).to_string();
        let request = server.request("POST", "/v1/ingest/sentry").bearer_auth(&server.ingest);
        let request = request.header("Sentry-Hook-Resource", "issue").body(body);
        assert_eq!(fetch(request).await.status, 200, "{action}");
        assert_eq!(counts(&server).await, expected, "{action}");
    }
}

#[tokio::test]
async fn event_that_is_delivered_again_opens_nothing() {
    let server = server().await;
    let event = |kind: &str, time: &str| {
        let event = json!({
            "specversion": "1.0", "id": kind, "source": "/disks", "subject": "db1",
            "type": format!("com.example.disk.{kind}"), "time": format!("2026-03-01T{time}Z"),
            "data": {"title": "Disk full"},
        });
        event.to_string()
    };
    for (body, expected) in [
        (event("opened", "09:00:00"), (1, 1, 1)),
        (event("resolved", "09:10:00"), (1, 0, 1)),
        (event("opened", "09:00:00"), (1, 0, 1)),
        (event("opened", "09:20:00"), (2, 1, 2)),
        (event("resolved", "09:10:00"), (2, 1, 2)),
        (event("resolved", "09:30:00"), (2, 0, 2)),
    ] {
        assert_eq!(send(&server, "cloudevents", body.clone()).await.status, 200);
        assert_eq!(counts(&server).await, expected, "{body}");
    }
}

/// Returns malformed bodies, each with its name: the worst that a sender may send.
fn odd_bodies(sender: &str) -> Vec<(&'static str, Vec<u8>)> {
    odd_bodies_of(&message(sender, Step::Fires).unwrap_or_else(|| json!({"a": 1})).to_string())
}

/// Returns odd bodies that are made of a usual one, and some that are not.
fn odd_bodies_of(usual: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16: Vec<u8> = usual.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1: Vec<u8> = b"{\"title\":\"\xfcber\"}".to_vec();
    let bom = [b"\xef\xbb\xbf".as_slice(), usual.as_bytes()].concat();
    let long = format!("{{\"title\":\"{}\"}}", "x".repeat(512 * 1024));
    let nulls = usual.replace("\"Disk full\"", "null");
    let numbers = usual.replace('"', "").into_bytes();
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    vec![
        ("empty", Vec::new()),
        ("null", b"null".to_vec()),
        ("list", b"[null, 7, \"x\", {}]".to_vec()),
        ("no members", b"{}".to_vec()),
        ("utf-16", utf16),
        ("latin-1", latin1),
        ("mark", bom),
        ("long", long.into_bytes()),
        ("nulls", nulls.into_bytes()),
        ("unquoted", numbers),
        ("deep", deep.into_bytes()),
        ("binary", (0..=255).collect()),
        ("twice", format!("{usual}{usual}").into_bytes()),
    ]
}

#[tokio::test]
async fn odd_bodies_are_answered_and_never_lost() {
    let server = server().await;
    let names = ["otlp", "github", "gitlab", "cdevents", "mail"];
    let names = [&SENDERS[..], &names[..]].concat();
    for name in names {
        for (what, body) in odd_bodies(name) {
            let before = server.get(&server.respond, "/v1/ingest/dead").await.json();
            let answer = send(&server, name, body.clone()).await;
            assert!([200, 400].contains(&answer.status), "{name}, {what}: {answer:?}");
            if answer.status == 400 {
                let after = server.get(&server.respond, "/v1/ingest/dead").await.json();
                assert_ne!(before, after, "{name}, {what}");
                let letter = &after["letters"][0];
                assert_eq!(letter["source"], name, "{what}");
                assert_eq!(letter["bytes"], body.len(), "{name}, {what}");
            }
        }
    }
    assert_eq!(server.get(&server.read, "/v1/incidents").await.status, 200);
}

/// The paths of senders with an API of their own, each with a usual body.
fn own_apis() -> [(&'static str, Value); 6] {
    [
        (
            "/v2/enqueue",
            json!({"event_action": "trigger", "dedup_key": "a",
                   "payload": {"summary": "Disk full", "source": "db1", "severity": "error"}}),
        ),
        (
            "/v2/change/enqueue",
            json!({"payload": {"summary": "Disk full", "timestamp": "2026-03-01T09:00:00Z"}}),
        ),
        (
            "/generic/2010-04-15/create_event.json",
            json!({"event_type": "trigger", "incident_key": "b", "description": "Disk full"}),
        ),
        ("/v2/alerts", json!({"message": "Disk full", "alias": "c", "priority": "P2"})),
        ("/api/v2/generic/incoming", json!({"summary": "Disk full", "dedup": "d"})),
        ("/api/v2/alerts", json!([{"labels": {"alertname": "Disk full"}}])),
    ]
}

#[tokio::test]
async fn odd_bodies_to_other_apis_are_answered() {
    let server = TestServer::new().await;
    for (path, usual) in own_apis() {
        for (what, body) in odd_bodies_of(&usual.to_string()) {
            let request = server.request("POST", path).header("x-routing-key", &server.ingest);
            let answer = fetch(request.bearer_auth(&server.ingest).body(body)).await;
            let is_right = [200, 202, 204, 400, 401].contains(&answer.status);
            assert!(is_right, "{path}, {what}: {answer:?}");
        }
    }
    assert_eq!(server.get(&server.read, "/v1/incidents").await.status, 200);
}

#[tokio::test]
async fn mails_of_a_thread_are_one_incident() {
    let server = TestServer::new().await;
    let mail = |id: &str, more: &str| {
        format!(
            "From: ines@example.com\r\nSubject: Cards fail\r\nMessage-ID: <{id}@a.net>\r\n{more}\r\na\r\n"
        )
    };
    let answer = "References: <1@a.net>\r\n";
    for (id, more, expected) in [
        ("1", "", (1, 1, 1)),
        ("1", "", (1, 1, 1)),
        ("2", answer, (1, 1, 2)),
        ("2", answer, (1, 1, 2)),
        ("3", "", (2, 2, 3)),
    ] {
        let sent = send(&server, "mail", mail(id, more)).await;
        assert_eq!(sent.status, 200, "{id}: {sent:?}");
        assert_eq!(counts(&server).await, expected, "{id}");
    }
}

#[tokio::test]
async fn records_of_a_log_are_one_alert_as_long_as_they_say_the_same() {
    let server = TestServer::new().await;
    let record = |severity: u8, text: &str| {
        let service = json!([{"key": "service.name", "value": {"stringValue": "checkout"}}]);
        json!({"resourceLogs": [{"resource": {"attributes": service}, "scopeLogs": [{"logRecords": [
            {"severityNumber": severity, "body": {"stringValue": text}}
        ]}]}]})
    };
    for (severity, text, expected) in [
        (9, "no room", (0, 0, 0)),
        (17, "no room", (1, 1, 1)),
        (17, "no room", (1, 1, 1)),
        (21, "no room", (1, 1, 1)),
        (9, "no room", (1, 1, 1)),
        (17, "no table", (2, 2, 2)),
    ] {
        let answer = send(&server, "otlp", record(severity, text).to_string()).await;
        assert_eq!(answer.status, 200, "{severity} {text}: {answer:?}");
        assert_eq!(counts(&server).await, expected, "{severity} {text}");
    }
    let shown = server.get(&server.read, "/v1/incidents/1").await.json();
    assert_eq!(shown["incident"]["priority"], "P1");
}

#[tokio::test]
async fn message_after_a_byte_order_mark_is_read() {
    let server = TestServer::new().await;
    let body = format!("\u{feff}{}", message("zabbix", Step::Fires).expect("a message"));
    assert_eq!(send(&server, "zabbix", body).await.status, 200);
    assert_eq!(counts(&server).await, (1, 1, 1));
}

#[tokio::test]
async fn header_of_sentry_is_stored_to_read_it_again() {
    let server = TestServer::new().await;
    let body = json!({"action": "created", "data": {"other": {}}}).to_string();
    let mut request = server.request("POST", "/v1/ingest/sentry").bearer_auth(&server.ingest);
    for (name, text) in [("Sentry-Hook-Resource", "issue"), ("Sentry-Hook-Signature", "00")] {
        request = request.header(name, text);
    }
    let answer = fetch(request.body(body)).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let stored = server.get(&server.respond, "/v1/ingest/dead/1").await.json();
    let headers = &stored["letter"]["headers"];
    assert_eq!(headers["sentry-hook-resource"], "issue", "{stored}");
    assert_eq!(headers.get("sentry-hook-signature"), None);
}

#[tokio::test]
async fn query_is_stored_without_the_key() {
    let server = TestServer::new().await;
    let path = format!("/v1/ingest/zabbix?host=db1&key={}", server.ingest);
    let answer = fetch(server.request("POST", &path).body("{}")).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let list = server.get(&server.respond, "/v1/ingest/dead").await.json();
    assert_eq!(list["letters"][0]["query"], "host=db1");
}

#[rstest]
#[case("application/x-protobuf")]
#[case("application/json")]
#[tokio::test]
async fn logs_may_come_as_protobuf_or_json(#[case] content_type: &str) {
    let server = TestServer::new().await;
    // resourceLogs { scopeLogs { logRecords { severityNumber: 17 body { stringValue: "boom" } } } }
    let body: Vec<u8> = if content_type == "application/json" {
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
            {"severityNumber": 17, "body": {"stringValue": "boom"}}
        ]}]}]})
        .to_string()
        .into_bytes()
    } else {
        let record = [&[0x10, 17, 0x2a, 6, 0x0a, 4][..], b"boom"].concat();
        [&[0x0a, 14, 0x12, 12, 0x12, 10][..], &record].concat()
    };
    let request = server.request("POST", "/v1/ingest/otlp").header("content-type", content_type);
    let answer = fetch(request.bearer_auth(&server.ingest).body(body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some(content_type));
    let shown = server.get(&server.read, "/v1/incidents/1").await.json();
    assert_eq!(shown["incident"]["title"], "boom");
}
