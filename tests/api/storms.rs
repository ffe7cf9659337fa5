//! Alerts that wait, noise, and folded incidents over the API.

use redphone::backend::Backend;
use redphone::model::Actor;
use redphone::model::alert::HoldRule;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::alerts::{alert, group, message};
use crate::support::api::{TestServer, fetch};

/// Stores an alert of a group; `at_least` are wanted.
async fn store(server: &TestServer, name: &str, at_least: u32) {
    let mut group = group(&message(name, &[alert(name, "09:00", None)]));
    group.overrides.hold = Some(HoldRule { at_least, within_s: 600 });
    group.overrides.rule = Some("disks".into());
    server.store.ingest(&group, &Actor::Integration("Alertmanager".into())).await.unwrap();
}

async fn post(server: &TestServer, path: &str, body: &Value) -> Value {
    let request = server.request("POST", path).bearer_auth(&server.respond);
    let response = fetch(request.json(body)).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

#[tokio::test]
async fn waiting_alerts_are_listed() {
    let server = TestServer::new().await;
    let path = "/v1/ingest/waiting";
    assert_eq!(server.get(&server.read, path).await.json(), json!({"total": 0, "alerts": []}));
    store(&server, "db1", 2).await;
    store(&server, "db2", 2).await;
    let list = server.get(&server.read, "/v1/ingest/waiting?limit=1").await.json();
    assert_eq!((&list["total"], list["alerts"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(
        (&list["alerts"][0]["rule"], &list["alerts"][0]["at_least"]),
        (&json!("disks"), &json!(2))
    );
}

#[rstest]
#[case("/v1/ingest/waiting?limit=0", "limit")]
#[case("/v1/noise?limit=1001", "limit")]
#[case("/v1/noise?window=3d", "window")]
#[tokio::test]
async fn wrong_queries_are_named(#[case] path: &str, #[case] expected: &str) {
    let server = TestServer::new().await;
    server.get(&server.read, path).await.refused(400, "bad_request", expected);
}

#[tokio::test]
async fn noise_of_a_window_that_ends_first_is_refused() {
    let server = TestServer::new().await;
    let path = "/v1/noise?from=2031-01-01T00:00:00Z&to=2030-01-01T00:00:00Z";
    server.get(&server.read, path).await.refused(422, "rejected", "from");
}

#[tokio::test]
async fn noise_is_marked_and_counted() {
    let server = TestServer::new().await;
    store(&server, "db1", 1).await;
    post(&server, "/v1/incidents/1/mark-noise", &json!({"reason": "it ends by itself"})).await;
    let report = server.get(&server.read, "/v1/noise").await.json();
    let row = &report["rows"][0];
    assert_eq!(
        (&row["check"], &row["noise"], &row["led"]),
        (&json!("DiskFull"), &json!(1), &json!(0))
    );
    assert_eq!(row["latest"][0]["number"], json!(1));
    post(&server, "/v1/incidents/1/clear-noise", &json!({})).await;
    let report = server.get(&server.read, "/v1/noise").await.json();
    assert_eq!(report["rows"][0]["noise"], json!(0));
}

#[tokio::test]
async fn incident_is_folded_and_unfolded() {
    let server = TestServer::new().await;
    store(&server, "db1", 1).await;
    store(&server, "db2", 1).await;
    post(&server, "/v1/incidents/2/fold", &json!({"under": "INC-1"})).await;
    let cause = server.get(&server.read, "/v1/incidents/1").await.json();
    let folded = server.get(&server.read, "/v1/incidents/2").await.json();
    assert_eq!(folded["incident"]["folded_under"], cause["incident"]["id"]);
    assert_eq!(cause["incident"]["links"][0]["incident"]["number"], json!(2));
    post(&server, "/v1/incidents/2/unfold", &json!({})).await;
    let folded = server.get(&server.read, "/v1/incidents/2").await.json();
    assert_eq!(folded["incident"].get("folded_under"), None);
}
