//! A backend whose store disappears and returns.

use redphone::backend::Delta;

use crate::support::api::{TestServer, declare, done, fetch};
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
