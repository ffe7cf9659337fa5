//! Heartbeats over the API.

use chrono::{TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::model::Priority;
use redphone::model::signals::HeartbeatRule;
use serde_json::json;

use crate::support::api::{TestResponse, TestServer, fetch};

fn rule(name: &str) -> HeartbeatRule {
    HeartbeatRule {
        name: name.into(),
        interval_s: 300,
        grace_s: 60,
        priority: Priority::P2,
        title: None,
        service: Some("billing".into()),
        team: None,
        runbook: None,
    }
}

/// A server whose settings have the heartbeats `backup` and `report`.
async fn server() -> TestServer {
    TestServer::with(|options| {
        options.settings.signals.heartbeats = vec![rule("report"), rule("backup")];
    })
    .await
}

async fn beat(server: &TestServer, token: &str, name: &str) -> TestResponse {
    let path = format!("/v1/heartbeats/{name}");
    fetch(server.request("POST", &path).bearer_auth(token)).await
}

#[tokio::test]
async fn sign_of_life_is_listed() {
    let server = server().await;
    let response = beat(&server, &server.ingest, "backup").await;
    assert_eq!(response.status, 200, "{response:?}");
    let answer = response.json();
    assert_eq!((&answer["effect"], &answer["incident"]), (&json!("unchanged"), &json!(null)));
    let listed = server.get(&server.read, "/v1/heartbeats").await.json();
    assert_eq!((&listed[0]["name"], &listed[1]["name"]), (&json!("backup"), &json!("report")));
    assert_eq!((&listed[0]["interval_s"], &listed[0]["grace_s"]), (&json!(300), &json!(60)));
    assert_eq!(listed[0]["last_at"], answer["heartbeat"]["last_at"]);
    assert_eq!(listed[1].get("last_at"), None);
}

#[tokio::test]
async fn sign_of_life_resolves_the_incident_of_its_silence() {
    let server = server().await;
    let now = Utc::now();
    let (past, rules) = (now - TimeDelta::hours(1), [rule("backup")]);
    server.store.find_silent_heartbeats(&rules, past, past).await.unwrap();
    let found = server.store.find_silent_heartbeats(&rules, past, now).await.unwrap();
    assert_eq!(found.silent, ["backup"]);
    let listed = server.get(&server.read, "/v1/heartbeats").await.json();
    assert!(listed[0]["silent_since"].is_string(), "{listed}");
    let answer = beat(&server, &server.ingest, "backup").await.json();
    assert_eq!((&answer["effect"], &answer["number"]), (&json!("resolved"), &json!(1)));
    let shown = server.get(&server.read, "/v1/incidents/1").await.json();
    assert_eq!(shown["incident"]["status"], "resolved");
    let timeline = server.get(&server.read, "/v1/incidents/1/timeline").await.json();
    assert_eq!(timeline[0]["actor"], json!({"integration": "heartbeat"}));
    assert_eq!(timeline[1]["actor"], json!({"integration": "Alertmanager"}));
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let server = server().await;
    beat(&server, &server.ingest, "restore").await.refused(404, "not_found", "no heartbeat");
    beat(&server, &server.read, "backup").await.refused(403, "not_allowed", "of scope");
    let unknown =
        server.request("POST", "/v1/heartbeats/backup?at=now").bearer_auth(&server.ingest);
    fetch(unknown).await.refused(400, "bad_request", "at");
    let listed = server.get(&server.ingest, "/v1/heartbeats").await;
    listed.refused(403, "not_allowed", "of scope");
}

#[tokio::test]
async fn body_of_a_sign_of_life_is_ignored() {
    let server = server().await;
    let request = server.request("POST", "/v1/heartbeats/backup").bearer_auth(&server.ingest);
    assert_eq!(fetch(request.body("done\n")).await.status, 200);
}

#[tokio::test]
async fn other_systems_are_pinged_in_their_own_form() {
    let server = server().await;
    for method in ["GET", "POST", "PUT", "PATCH"] {
        let ping = server.request(method, "/v2/heartbeats/backup/ping");
        let key = format!("GenieKey {}", server.ingest);
        let response = fetch(ping.header("authorization", key)).await;
        assert_eq!(response.status, 202, "{method} {response:?}");
        assert_eq!(response.json()["result"], "PONG - Heartbeat received");
    }
    let path = format!("/api/v2/heartbeat/report?token={}", server.ingest);
    assert_eq!(fetch(server.request("POST", &path)).await.status, 204);
    let listed = server.get(&server.read, "/v1/heartbeats").await.json();
    assert!(listed[0]["last_at"].is_string() && listed[1]["last_at"].is_string(), "{listed}");
}

#[tokio::test]
async fn pings_that_are_refused_have_the_form_of_the_system() {
    let server = server().await;
    let ping = server.request("POST", "/v2/heartbeats/restore/ping").bearer_auth(&server.ingest);
    let response = fetch(ping).await;
    assert_eq!(response.status, 404, "{response:?}");
    assert!(response.json()["message"].as_str().unwrap().contains("no heartbeat"), "{response:?}");
    assert_eq!(fetch(server.request("POST", "/v2/heartbeats/backup/ping")).await.status, 401);
    let path = format!("/api/v2/heartbeat/restore?token={}", server.ingest);
    let response = fetch(server.request("POST", &path)).await;
    assert_eq!(
        (response.status, response.header("content-type")),
        (404, Some("text/plain; charset=utf-8"))
    );
}
