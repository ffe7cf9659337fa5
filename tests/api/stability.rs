//! Stability before an incident is resolved, over the API.

use std::collections::BTreeMap;

use redphone::model::Rules;
use redphone::model::stability::StabilityRules;
use serde_json::{Value, json};

use crate::support::alerts::{alert, message};
use crate::support::api::{TestResponse, TestServer, fetch};

async fn post(server: &TestServer, token: &str, path: &str, body: &Value) -> TestResponse {
    fetch(server.request("POST", path).bearer_auth(token).json(body)).await
}

#[tokio::test]
async fn early_resolution_by_the_api_needs_a_reason() {
    let server = TestServer::new().await;
    let stability = StabilityRules { times_s: [900; 4], services: BTreeMap::new() };
    server.store.set_rules(Rules { stability, ..Rules::default() });
    let ingest = "/v1/ingest/alertmanager";
    for ends in [None, Some("09:10")] {
        let sent = message("disks", &[alert("db1", "09:00", ends)]);
        assert_eq!(post(&server, &server.ingest, ingest, &sent).await.status, 200);
    }
    let detail = server.get(&server.read, "/v1/incidents/INC-1").await.json();
    assert_eq!(detail["soak"]["required_s"], 900);
    assert!(detail["soak"]["since"].is_string(), "{detail}");

    let resolve = "/v1/incidents/INC-1/resolve";
    let mut body = json!({"action": "restart", "detail": "restarted", "validation": "seen"});
    let refused = post(&server, &server.respond, resolve, &body).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    refused.refused(422, "rejected", "of 15m: wait, or give a reason");
    body["waive_soak"] = "the check itself was broken".into();
    let done = post(&server, &server.respond, resolve, &body).await;
    assert_eq!(done.status, 200, "{done:?}");
    let detail = server.get(&server.read, "/v1/incidents/INC-1").await.json();
    assert_eq!(detail["incident"]["status"], "resolved");
    assert_eq!(detail["incident"]["resolution"]["stability"]["required_s"], 900);
}
