//! A backend whose store disappears and returns.

use redphone::backend::Delta;

use crate::support::api::{TestServer, declare, done, fetch};
use crate::support::wait::until;

#[tokio::test]
async fn missing_store_is_reported_and_used_again_once_it_is_back() {
    let place = TestServer::new().await;
    let first = place.get(&place.read, "/v1/changes").await;
    let first: Delta = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(place.get(&place.read, "/v1/ready").await.status, 200);
    let (here, away) = (place.path("store.db"), place.path("away.db"));
    std::fs::rename(&here, &away).unwrap();
    // What is known for a moment is known for no longer.
    let gone = async || place.get(&place.read, "/v1/ready").await.status == 503;
    until("it is noticed", gone).await;
    let ready = place.get(&place.read, "/v1/ready").await;
    ready.refused(503, "unreachable", "store.db is not there");
    assert_eq!(ready.header("retry-after"), Some("1"));
    assert_eq!(place.get(&place.read, "/v1/health").await.status, 200);
    place.get(&place.read, "/v1/incidents").await.refused(503, "unreachable", "is not there");
    let (id, order) = declare("Card payments fail");
    let body = serde_json::json!({"commands": [order]}).to_string();
    place.post(&place.respond, body).await.refused(503, "unreachable", "is not there");
    let figures = String::from_utf8(place.get(&place.read, "/v1/metrics").await.body).unwrap();
    assert!(figures.contains("redphone_backend_failures_total{kind=\"unreachable\"}"), "{figures}");
    assert!(!figures.contains("redphone_incidents_open{"), "what is not known is not told");
    std::fs::rename(&away, &here).unwrap();
    done(&place.send(&place.respond, vec![order]).await[0]);
    let path = format!("/v1/changes?wait=20&since={}", first.cursor.0);
    let delta = fetch(place.request("GET", &path).bearer_auth(&place.read)).await;
    let delta: Delta = serde_json::from_slice(&delta.body).unwrap();
    assert_eq!(delta.rows[0].id, id);
}
