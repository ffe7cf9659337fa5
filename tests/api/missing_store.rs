//! A backend whose store disappears and returns, or can't be written by this program.

use redphone::backend::Delta;

use crate::support::api::{TestServer, declare, done, fetch};
use crate::support::store as stores;
use crate::support::wait::until;

#[tokio::test]
async fn missing_store_is_reported_and_used_again_once_it_is_back() {
    let server = TestServer::new().await;
    let first = server.get(&server.read, "/v1/changes").await;
    let first: Delta = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(server.get(&server.read, "/v1/ready").await.status, 200);
    let (original, away) = (server.path("store.db"), server.path("away.db"));
    std::fs::rename(&original, &away).unwrap();
    // Cached responses are not used for longer than a moment.
    let is_unready = async || server.get(&server.read, "/v1/ready").await.status == 503;
    until("it is noticed", is_unready).await;
    let ready = server.get(&server.read, "/v1/ready").await;
    ready.refused(503, "unreachable", "the store is not there");
    assert!(!String::from_utf8_lossy(&ready.body).contains("store.db"), "{ready:?}");
    assert_eq!(ready.header("retry-after"), Some("1"));
    assert_eq!(server.get(&server.read, "/v1/health").await.status, 200);
    server.get(&server.read, "/v1/incidents").await.refused(503, "unreachable", "is not there");
    let (id, order) = declare("Card payments fail");
    let body = serde_json::json!({"commands": [order]}).to_string();
    server.post(&server.respond, body).await.refused(503, "unreachable", "is not there");
    let figures = String::from_utf8(server.get(&server.read, "/v1/metrics").await.body).unwrap();
    assert!(figures.contains("redphone_backend_failures_total{kind=\"unreachable\"}"), "{figures}");
    assert!(!figures.contains("redphone_incidents_open{"), "what is not known is not told");
    std::fs::rename(&away, &original).unwrap();
    done(&server.send(&server.respond, vec![order]).await[0]);
    let path = format!("/v1/changes?wait=20&since={}", first.cursor.0);
    let delta = fetch(server.request("GET", &path).bearer_auth(&server.read)).await;
    let delta: Delta = serde_json::from_slice(&delta.body).unwrap();
    assert_eq!(delta.rows[0].id, id);
}

/// An older server that is started again on a store to which a newer program has written: what is sent to it
/// must be sent again, and is refused by nobody for good.
#[tokio::test]
async fn store_that_can_only_be_read_makes_clients_wait() {
    let mut first = TestServer::new().await;
    first.stop();
    first.stopped().await;
    let later =
        "UPDATE meta SET value = 99 WHERE name = 'needed_to_write'; PRAGMA user_version = 99";
    let path = first.path("store.db");
    // The store is closed a moment after the server has stopped.
    let written = async || rusqlite::Connection::open(&path).unwrap().execute_batch(later).is_ok();
    until("a newer program writes to the store", written).await;
    let server = TestServer::restarted_on(stores::open(&path).await, &first).await;
    let is_unready = async || server.get(&server.read, "/v1/ready").await.status == 503;
    until("it is noticed before the first command", is_unready).await;
    let ready = server.get(&server.read, "/v1/ready").await;
    ready.refused(503, "unreachable", "the server is older than its store");
    let (_, order) = declare("Card payments fail");
    let body = serde_json::json!({"commands": [order]}).to_string();
    server.post(&server.respond, body).await.refused(503, "unreachable", "update redphone");
    let message = server.request("POST", "/v1/ingest/alertmanager").bearer_auth(&server.ingest);
    let message = fetch(message.header("content-type", "application/json").body("{")).await;
    message.refused(503, "unreachable", "send it again");
}
