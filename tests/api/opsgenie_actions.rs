//! Actions on an alert in the format of Opsgenie are carried out on its incident.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch};

const ALERT: &str = "/v2/alerts/db1%2Fdisk";

async fn act(server: &TestServer, method: &str, action: &str, body: &Value) -> TestResponse {
    let separator = if action.contains('?') { "&" } else { "?" };
    let path = format!("{ALERT}/{action}{separator}identifierType=alias");
    let request = server.request(method, &path);
    let key = format!("GenieKey {}", server.ingest);
    fetch(request.header("authorization", key).body(body.to_string())).await
}

async fn create(server: &TestServer) {
    let body = json!({"message": "Disk full", "alias": "db1/disk", "tags": ["env=prod"]});
    let request = server.request("POST", "/v2/alerts").json(&body);
    let key = format!("GenieKey {}", server.ingest);
    assert_eq!(fetch(request.header("authorization", key)).await.status, 202);
}

async fn incident(server: &TestServer) -> Value {
    server.get(&server.read, "/v1/incidents/1").await.json()["incident"].clone()
}

/// Returns the texts of the notes on the timeline.
async fn notes(server: &TestServer) -> Vec<String> {
    let timeline = server.get(&server.read, "/v1/incidents/1/timeline").await.json();
    let events = timeline.as_array().unwrap().clone();
    let texts = events
        .iter()
        .filter_map(|event| event["text"].as_str().filter(|_| event["kind"] == "note_added"));
    texts.map(ToOwned::to_owned).collect()
}

#[rstest]
#[case("PUT", "message", json!({"message": "Disk of db1 full"}), "title", json!("Disk of db1 full"))]
#[case("PUT", "description", json!({"description": "0 B"}), "symptoms", json!("0 B"))]
#[case("PUT", "priority", json!({"priority": "P1"}), "priority", json!("P1"))]
#[case("POST", "tags", json!({"tags": ["eu", "env=prod"]}), "labels", json!(["env=prod", "eu"]))]
#[case("DELETE", "tags?tags=env", json!(null), "labels", json!([]))]
#[case("POST", "details", json!({"details": {"host": "db1"}}), "labels", json!(["env=prod", "host=db1"]))]
#[tokio::test]
async fn request_changes_the_incident(
    #[case] method: &str,
    #[case] action: &str,
    #[case] body: Value,
    #[case] field: &str,
    #[case] expected: Value,
) {
    let server = TestServer::new().await;
    create(&server).await;
    for _ in 0..2 {
        // The same again changes nothing more.
        let answer = act(&server, method, action, &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(incident(&server).await[field], expected);
    }
    assert_eq!(notes(&server).await, [""; 0]);
}

#[tokio::test]
async fn snooze_and_notes_are_done() {
    let server = TestServer::new().await;
    create(&server).await;
    let until = chrono::Utc::now() + chrono::TimeDelta::hours(2);
    let until = until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let snooze = json!({"endTime": until, "note": "known", "user": "ines"});
    assert_eq!(act(&server, "POST", "snooze", &snooze).await.status, 202);
    assert!(incident(&server).await["snoozed_until"].is_string());
    let note = json!({"note": "restarted", "user": "ines", "source": "script"});
    assert_eq!(act(&server, "POST", "notes", &note).await.status, 202);
    assert_eq!(notes(&server).await, ["known (ines)", "restarted (ines, script)"]);
}

#[rstest]
#[case("assign", json!({"owner": {"username": "stranger@example.com"}}), "assigned (stranger@example.com)")]
#[case("escalate", json!({"escalation": {"name": "night"}}), "escalated (night)")]
#[case("actions/restart", json!({"user": "ines"}), "action restart (ines)")]
#[case("attachments", json!({}), "action attachments")]
#[case("snooze", json!({"endTime": "yesterday"}), "snoozed (yesterday)")]
#[tokio::test]
async fn what_can_not_be_done_is_noted(
    #[case] action: &str,
    #[case] body: Value,
    #[case] expected: &str,
) {
    let server = TestServer::new().await;
    create(&server).await;
    assert_eq!(act(&server, "POST", action, &body).await.status, 202);
    assert_eq!(notes(&server).await, [expected]);
}

#[tokio::test]
async fn acknowledgement_is_withdrawn() {
    let server = TestServer::new().await;
    create(&server).await;
    assert_eq!(act(&server, "POST", "acknowledge", &json!({})).await.status, 202);
    assert_eq!(incident(&server).await["status"], "acknowledged");
    assert_eq!(act(&server, "POST", "unacknowledge", &json!({})).await.status, 202);
    let (status, notes) = (incident(&server).await["status"].clone(), notes(&server).await);
    assert!(status == "triggered" || notes == ["unacknowledged"], "{status} {notes:?}");
}

#[rstest]
#[case("notes", "{\"note\":\"x\"}")]
#[case("tags", "[")]
#[case("close", "")]
#[tokio::test]
async fn alert_that_never_was_is_accepted(#[case] action: &str, #[case] body: &'static str) {
    let server = TestServer::new().await;
    let path = format!("{ALERT}/{action}?identifierType=alias");
    let request = server.request("POST", &path).bearer_auth(&server.ingest).body(body);
    let answer = fetch(request).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json()["result"], "Request will be processed");
    let page = server.get(&server.read, "/v1/incidents?filter=is:any").await.json();
    assert_eq!(page["rows"], json!([]));
}
