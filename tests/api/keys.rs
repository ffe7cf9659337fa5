//! One Idempotency-Key counts for one request, whatever the path.

use chrono::{SecondsFormat, TimeDelta, Utc};
use redphone::server::scope::Scope;
use redphone::server::tokens::NewToken;
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch};

/// A request of each kind that keys are accepted for, and the status of its first outcome.
fn requests() -> Vec<(&'static str, &'static str, Value, u16)> {
    let at = |time: chrono::DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let now = Utc::now();
    let window = json!({
        "title": "Pool", "filter": {"services": ["checkout"]},
        "from": at(now), "until": at(now + TimeDelta::hours(1)),
    });
    vec![
        ("POST", "/v1/incidents", json!({"title": "Logins fail"}), 201),
        ("POST", "/v1/incidents/1/note", json!({"text": "The pool is full"}), 200),
        ("POST", "/v1/problems", json!({"title": "Pool too small"}), 201),
        ("POST", "/v1/maintenance", window, 201),
        ("PUT", "/v1/services/ledger", json!({"team": "web"}), 201),
    ]
}

#[tokio::test]
async fn one_key_is_for_one_request_on_all_routes() {
    let server = TestServer::new().await;
    server.declared("Carts are empty").await;
    let (name, person) = ("ines at work".into(), Some("ines".into()));
    let new = NewToken { name, scope: Scope::Admin, person, expires_at: None };
    let token = server.tokens.create(new).unwrap().0.reveal();
    let send = async |key: &str, (method, path, body, _): &(&str, &str, Value, u16)| {
        let request = server.request(method, path).bearer_auth(&token);
        let response: TestResponse = fetch(request.header("idempotency-key", key).json(body)).await;
        response
    };
    let requests = requests();
    for (index, request) in requests.iter().enumerate() {
        let key = format!("key-{index}");
        let first = send(&key, request).await;
        assert_eq!(first.status, request.3, "{request:?}: {first:?}");
        for other in requests.iter().filter(|other| other.1 != request.1) {
            send(&key, other).await.refused(422, "id_reused", "");
        }
        let again = send(&key, request).await;
        assert_eq!(again.status, request.3, "{request:?}: {again:?}");
    }
    let count = async |path: &str| server.get(&token, path).await.json().as_array().unwrap().len();
    assert_eq!(count("/v1/problems").await, 1);
    assert_eq!(count("/v1/maintenance").await, 1);
}

#[tokio::test]
async fn window_that_was_changed_is_still_created_once() {
    let server = TestServer::new().await;
    let requests = requests();
    let (_, path, body, _) = &requests[3];
    let create = async || {
        let request = server.request("POST", path).bearer_auth(&server.respond);
        fetch(request.header("idempotency-key", "pool-7").json(body)).await
    };
    let first = create().await.json();
    let mut changed = body.clone();
    changed["title"] = "Another pool".into();
    let window = format!("{path}/{}", first["id"].as_str().unwrap());
    let request = server.request("PUT", &format!("{window}?revision=1"));
    let put = fetch(request.bearer_auth(&server.respond).json(&changed)).await;
    assert_eq!(put.status, 200, "{put:?}");
    let again = create().await;
    assert_eq!(again.status, 201, "{again:?}");
    assert_eq!(
        (&again.json()["id"], &again.json()["title"]),
        (&first["id"], &json!("Another pool"))
    );
}
