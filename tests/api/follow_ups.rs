//! Requests for issues in trackers, where a server has the tracker and where it has not.

use redphone::model::IncidentCommand;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::api::{TestResponse, TestServer, fetch, order};

async fn server(trackers: &[&str]) -> TestServer {
    let trackers = trackers.iter().map(|name| (*name).to_owned()).collect();
    let server = TestServer::with(|options| options.settings.trackers = Some(trackers)).await;
    server.declared("Carts are empty").await;
    let resolution = json!({"action": "restart", "detail": "d", "validation": "v"});
    for (verb, body) in [("resolve", resolution), ("action-item", json!({"text": "Alert on it"}))] {
        let done = post(&server, verb, &body).await;
        assert_eq!(done.status, 200, "{done:?}");
    }
    server
}

async fn post(server: &TestServer, verb: &str, body: &Value) -> TestResponse {
    let path = format!("/v1/incidents/1/{verb}");
    fetch(server.request("POST", &path).bearer_auth(&server.respond).json(body)).await
}

#[rstest]
#[case(&[], json!({"item": "1"}), "no tracker is set up")]
#[case(&[], json!({"item": "1", "tracker": "ops"}), "no tracker is set up")]
#[case(&["code", "ops"], json!({"item": "1"}), "name one of code, ops")]
#[case(&["code", ""], json!({"item": "1", "tracker": "ops"}), "no tracker \"ops\": it has code")]
#[tokio::test]
async fn issue_that_nobody_would_make_is_refused(
    #[case] trackers: &[&str],
    #[case] body: Value,
    #[case] expected: &str,
) {
    let server = server(trackers).await;
    post(&server, "follow-up", &body).await.refused(422, "rejected", expected);
    let shown = server.get(&server.read, "/v1/incidents/1").await.json();
    assert_eq!(shown["incident"].get("follow_ups").unwrap_or(&json!([])), &json!([]));
}

#[rstest]
#[case(json!({"item": "1"}))]
#[case(json!({"item": "1", "tracker": "code"}))]
#[tokio::test]
async fn issue_in_a_tracker_of_the_server_is_requested(#[case] body: Value) {
    let server = server(&["code", ""]).await;
    let done = post(&server, "follow-up", &body).await;
    assert_eq!(done.status, 200, "{done:?}");
}

#[tokio::test]
async fn command_for_a_tracker_may_be_sent_again_later() {
    let server = server(&[]).await;
    let id = server.get(&server.read, "/v1/incidents/1").await.json()["incident"]["id"].clone();
    let id = id.as_str().unwrap().parse().unwrap();
    let command = IncidentCommand::RequestFollowUp { item: Uuid::nil(), tracker: None };
    let body = serde_json::to_vec(&redphone::api::Orders { commands: vec![order(id, command)] });
    let refused = server.post(&server.respond, body.unwrap()).await;
    refused.refused(422, "rejected", "no tracker is set up");
    assert_eq!(refused.json()["rejection"], "not_now");
}
