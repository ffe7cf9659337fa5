//! Evidence over the API: attached, downloaded as a file, and redacted.

use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch};

async fn change(server: &TestServer, verb: &str, body: Value) -> TestResponse {
    let request = server.request("POST", &format!("/v1/incidents/INC-1/{verb}"));
    fetch(request.bearer_auth(&server.respond).json(&body)).await
}

#[tokio::test]
async fn content_is_downloaded_as_a_file_until_it_is_redacted() {
    let server = TestServer::new().await;
    server.declared("Cards fail").await;
    let body = json!({"content": "PGI+aGk8L2I+", "name": "page.html"});
    let attached = change(&server, "attach", body).await;
    assert_eq!(attached.status, 200, "{attached:?}");
    let record = server.get(&server.read, "/v1/incidents/INC-1").await.json();
    let evidence = &record["incident"]["evidence"][0];
    assert_eq!((&evidence["name"], &evidence["size"]), (&json!("page.html"), &json!(9)));
    let path = format!("/v1/evidence/{}", evidence["id"].as_str().unwrap());
    let request = server.request("GET", &path).bearer_auth(&server.read);
    let file = request.header("accept", "*/*").send().await.unwrap();
    let header = |name: &str| file.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-disposition").starts_with("attachment"));
    assert_eq!(file.bytes().await.unwrap().as_ref(), b"<b>hi</b>");
    let request = server.request("GET", &path).bearer_auth(&server.read);
    let as_json = fetch(request.header("accept", "application/json")).await.json();
    assert_eq!(as_json["content"], "PGI+aGk8L2I+");
    let body = json!({"evidence": "page.html", "reason": "it has a password"});
    let redacted = change(&server, "redact", body).await;
    assert_eq!(redacted.status, 200, "{redacted:?}");
    assert_eq!(server.get(&server.read, &path).await.status, 404);
    let events = server.get(&server.read, "/v1/incidents/INC-1/timeline").await.json();
    assert!(!events.to_string().contains("page.html"), "{events}");
}

#[tokio::test]
async fn content_needs_base64_and_a_token() {
    let server = TestServer::new().await;
    server.declared("Cards fail").await;
    let refused = change(&server, "attach", json!({"content": "%%", "name": "a"})).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let without = fetch(server.request("GET", "/v1/evidence/x")).await;
    assert_eq!(without.status, 401);
    assert_eq!(server.get(&server.read, "/v1/evidence/x").await.status, 404);
}
