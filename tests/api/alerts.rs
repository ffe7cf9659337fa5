//! Alertmanager's webhook, and the alerts of incidents over the API.

use chrono::Utc;
use redphone::backend::Backend;
use redphone::model::{Actor, Status};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::alerts::{alert, message};
use crate::support::api::{TestResponse, TestServer, fetch, token};
use crate::support::wait::until;

const PATH: &str = "/v1/ingest/alertmanager";

async fn send(server: &TestServer, token: &str, body: impl Into<reqwest::Body>) -> TestResponse {
    fetch(server.request("POST", PATH).bearer_auth(token).body(body)).await
}

async fn send_message(server: &TestServer, message: &Value) -> Value {
    let response = send(server, &server.ingest, message.to_string()).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

#[tokio::test]
async fn message_declares_an_incident_that_ends_with_it() {
    let server = TestServer::new().await;
    let fires = message("disks", &[alert("db1", "09:00", None), alert("db2", "09:05", None)]);
    let answer = send_message(&server, &fires).await;
    assert_eq!((&answer["effect"], &answer["number"]), (&json!("declared"), &json!(1)));
    assert_eq!((&answer["alerts"]["received"], &answer["alerts"]["new"]), (&json!(2), &json!(2)));
    let again = send_message(&server, &fires).await;
    assert_eq!((&again["effect"], &again["alerts"]["repeated"]), (&json!("unchanged"), &json!(2)));

    let shown = server.get(&server.read, "/v1/incidents/INC-1").await.json();
    assert_eq!(shown["incident"]["title"], "The disk of db1 is full (and 1 more)");
    assert_eq!(shown["alert_rows"].as_array().unwrap().len(), 2);
    let alerts = server.get(&server.read, "/v1/incidents/1/alerts?limit=1").await.json();
    let [alert_row] = &alerts.as_array().unwrap()[..] else { panic!("{alerts}") };
    assert_eq!((&alert_row["state"], &alert_row["count"]), (&json!("firing"), &json!(2)));
    assert_eq!(alert_row["labels"]["alertname"], "DiskFull");
    let timeline = server.get(&server.read, "/v1/incidents/1/timeline").await.json();
    assert_eq!(timeline.as_array().unwrap().len(), 1);
    assert_eq!(timeline[0]["actor"], json!({"integration": "Alertmanager"}));

    let ends = ["db1", "db2"].map(|name| alert(name, "09:00", Some("09:30")));
    assert_eq!(send_message(&server, &message("disks", &ends)).await["effect"], "resolved");
    let shown = server.get(&server.read, "/v1/incidents/INC-1").await.json();
    assert_eq!(shown["incident"]["status"], "resolved");
}

#[rstest]
#[case::nothing("", "no JSON")]
#[case::half("{\"alerts\":[", "no JSON")]
#[case::no_alerts("{\"commands\":[]}", "alerts is missing")]
#[case::a_text("{\"alerts\":[1]}", "alerts[0] is a number, and must be an object")]
#[tokio::test]
async fn message_that_is_not_understood_is_refused(#[case] body: &str, #[case] expected: &str) {
    let server = TestServer::new().await;
    send(&server, &server.ingest, body.to_owned()).await.refused(400, "bad_request", expected);
}

#[tokio::test]
async fn alert_that_is_unreadable_hides_no_others() {
    let server = TestServer::new().await;
    let mut body = message("disks", &[alert("db1", "09:00", None)]);
    body["alerts"].as_array_mut().unwrap().insert(0, json!("db0"));
    for _ in 0..2 {
        let sent = send(&server, &server.ingest, body.to_string()).await;
        sent.refused(400, "bad_request", "alerts[0] is a text");
    }
    let rows = server.get(&server.read, "/v1/incidents/1/alerts").await.json();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    let dead = server.get(&server.respond, "/v1/ingest/dead").await.json();
    assert_eq!((&dead["total"], &dead["letters"][0]["count"]), (&json!(1), &json!(2)));
}

/// One that can't be read may still fire, unless the message says that all are resolved.
#[rstest]
#[case(json!(null), "triggered")]
#[case(json!("firing"), "triggered")]
#[case(json!("resolved"), "resolved")]
#[tokio::test]
async fn unreadable_alert_may_still_fire(#[case] status: Value, #[case] expected: &str) {
    let server = TestServer::new().await;
    send_message(&server, &message("disks", &[alert("db1", "09:00", None)])).await;
    let mut end = message("disks", &[alert("db1", "09:00", Some("09:30"))]);
    end["status"] = status;
    end["alerts"].as_array_mut().unwrap().push(json!(7));
    let sent = send(&server, &server.ingest, end.to_string()).await;
    sent.refused(400, "bad_request", "alerts[1] is a number");
    let shown = server.get(&server.read, "/v1/incidents/1").await.json();
    assert_eq!(shown["incident"]["status"], expected);
}

#[tokio::test]
async fn encoded_or_unknown_requests_are_refused() {
    let server = TestServer::new().await;
    let request = || server.request("POST", PATH).bearer_auth(&server.ingest).body("{}");
    fetch(request().header("content-encoding", "br")).await.refused(415, "media_type", "encoded");
    let with_query = server.request("POST", &format!("{PATH}?team=x"));
    fetch(with_query.bearer_auth(&server.ingest).body("{}")).await.refused(
        400,
        "bad_request",
        "team",
    );
    fetch(server.request("POST", PATH).body("{}")).await.refused(401, "unauthorized", "no token");
    let read = send(&server, &server.read, "{}").await;
    read.refused(403, "not_allowed", "may not report alerts: use one of scope ingest");
}

#[tokio::test]
async fn message_may_be_longer_than_other_bodies() {
    let server = TestServer::with(|o| o.limits.max_body_bytes = 10_000).await;
    let of = |length: usize| {
        let mut one = alert("db1", "09:00", None);
        one["annotations"]["description"] = json!("x".repeat(length));
        message("disks", &[one]).to_string()
    };
    let sent = send(&server, &server.ingest, of(30_000)).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    let long = send(&server, &server.ingest, of(40_000)).await;
    long.refused(413, "too_large", "longer than 40000 bytes");
}

#[tokio::test]
async fn message_of_half_a_mebibyte_is_stored() {
    let server = TestServer::new().await;
    let mut alerts: Vec<Value> =
        (0..1000).map(|n| alert(&format!("db{n}"), "09:00", None)).collect();
    alerts[0]["annotations"]["description"] = json!("ü".repeat(150_000));
    let message = message("disks", &alerts);
    assert!(message.to_string().len() > 512 * 1024, "{}", message.to_string().len());
    assert_eq!(send_message(&server, &message).await["alerts"]["new"], 1000);
    let alerts = server.get(&server.read, "/v1/incidents/1/alerts?limit=1000").await.json();
    assert_eq!(alerts.as_array().unwrap().len(), 1000);
    let shown = server.get(&server.read, "/v1/incidents/1").await.json();
    assert_eq!(shown["alert_rows"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn program_may_report_alerts_at_any_rate() {
    let server = TestServer::with(|o| o.limits.requests_per_minute = 2.try_into().unwrap()).await;
    let message = message("disks", &[alert("db1", "09:00", None)]);
    for _ in 0..10 {
        send_message(&server, &message).await;
    }
    // Other requests of it are limited, and so are those of people.
    for token in [&server.ingest, &server.respond] {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(server.get(token, "/v1/capabilities").await.status);
        }
        assert_eq!(statuses, [200, 200, 429, 429]);
    }
    assert_eq!(send(&server, &server.respond, message.to_string()).await.status, 429);
}

#[tokio::test]
async fn full_queue_and_lost_store_are_to_be_tried_again() {
    let server = TestServer::with(|o| o.limits.max_queued_alerts = 0).await;
    let body = message("disks", &[alert("db1", "09:00", None)]).to_string();
    let full = send(&server, &server.ingest, body.clone()).await;
    full.refused(503, "unreachable", "send the message again");
    assert_eq!(full.header("retry-after"), Some("1"));

    let server = TestServer::new().await;
    std::fs::remove_file(server.path("store.db")).unwrap();
    let lost = send(&server, &server.ingest, body).await;
    lost.refused(503, "unreachable", "");
    assert_eq!(lost.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn server_that_only_reads_stores_no_alerts() {
    let server = TestServer::with(|o| o.read_only = true).await;
    let body = message("disks", &[alert("db1", "09:00", None)]).to_string();
    send(&server, &server.ingest, body).await.refused(403, "not_allowed", "only reads");
}

#[tokio::test]
async fn alerts_are_among_the_metrics() {
    let server = TestServer::new().await;
    let fires = message("disks", &[alert("db1", "09:00", None)]);
    for _ in 0..3 {
        send_message(&server, &fires).await;
    }
    let request = server.request("GET", "/v1/metrics").bearer_auth(&server.read);
    let text = String::from_utf8(fetch(request).await.body).unwrap();
    for (outcome, count) in [("new", 1), ("repeated", 2)] {
        let name = "redphone_alerts_total";
        let line = format!("{name}{{sender=\"alertmanager\",outcome=\"{outcome}\"}} {count}\n");
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}

#[tokio::test]
async fn panes_see_what_alerts_did_at_once() {
    let server = TestServer::new().await;
    let first = server.get(&server.read, "/v1/changes").await.json();
    send_message(&server, &message("disks", &[alert("db1", "09:00", None)])).await;
    let path = format!("/v1/changes?since={}", first["cursor"].as_str().unwrap());
    let delta = server.get(&server.read, &path).await.json();
    assert_eq!(delta["rows"][0]["title"], "The disk of db1 is full");
}

#[tokio::test]
async fn alerts_of_an_incident_have_bounds_and_need_it() {
    let server = TestServer::new().await;
    let id = server.declared("Card payments fail").await;
    let path = format!("/v1/incidents/{id}/alerts");
    assert_eq!(server.get(&server.read, &path).await.json(), json!([]));
    let too_many = server.get(&server.read, &format!("{path}?limit=1001")).await;
    too_many.refused(400, "bad_request", "limit");
    let unknown = server.get(&server.read, "/v1/incidents/INC-900/alerts").await;
    unknown.refused(404, "not_found", "INC-900");
    server.get(&server.ingest, &path).await.refused(403, "not_allowed", "may not read");
}

#[tokio::test]
async fn name_of_the_token_is_who_did_it() {
    let server = TestServer::new().await;
    let other = token(&server.tokens, "mimir", redphone::server::scope::Scope::Ingest);
    let body = message("disks", &[alert("db1", "09:00", None)]).to_string();
    // The server finds a new token within a second.
    let is_stored = async || send(&server, &other, body.clone()).await.status == 200;
    until("the token is accepted", is_stored).await;
    let answer = send(&server, &other, body.clone()).await.json();
    let id = answer["incident"].as_str().unwrap().parse().unwrap();
    let detail = server.store.incident(id).await.unwrap();
    assert_eq!(detail.incident.summary.status, Status::Triggered);
    assert!(detail.incident.summary.reported_at <= Utc::now());
    let events = server.store.timeline(id, redphone::backend::TimelineRange::Last(1)).await;
    assert_eq!(events.unwrap()[0].actor, Actor::Integration("mimir".into()));
}
