//! Contacts over the API: who may see and change them.

use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch};
use crate::support::reach;

const ADDRESS: &str = "+4915112345678";

async fn server() -> TestServer {
    let server = TestServer::new().await;
    server.store.set_reach(reach::source());
    server
}

async fn change(server: &TestServer, token: &str, person: &str, body: Value) -> TestResponse {
    let path = format!("/v1/contacts/{person}");
    fetch(server.request("POST", &path).bearer_auth(token).json(&body)).await
}

fn phone() -> Value {
    json!({"add": {"name": "phone", "channel": "sms", "address": ADDRESS, "urgent_after_s": [0, 300]}})
}

#[tokio::test]
async fn own_contact_is_set_and_shown_in_full() {
    let server = server().await;
    let done = change(&server, &server.respond, "ines", phone()).await;
    assert_eq!(done.status, 200, "{done:?}");
    let listed = server.get(&server.respond, "/v1/contacts").await.json();
    assert_eq!(listed[0]["contacts"][1]["address"], ADDRESS);
    assert_eq!(listed[0]["contacts"][1]["urgent_after_s"], json!([0, 300]));
    assert_eq!(listed[0]["contacts"][1]["rest_after_s"], json!([0]));
    assert_eq!(listed[0]["contacts"][0]["from_settings"], true);
}

#[tokio::test]
async fn others_see_no_address() {
    let server = server().await;
    change(&server, &server.respond, "ines", phone()).await;
    for token in [&server.read, &server.admin] {
        let listed = server.get(token, "/v1/contacts").await;
        let text = String::from_utf8_lossy(&listed.body).into_owned();
        assert_eq!(listed.json()[0]["contacts"][1]["masked"], true);
        assert!(!text.contains("15112345"), "{text}");
    }
    let log = server.get(&server.admin, "/v1/administration").await;
    assert!(!String::from_utf8_lossy(&log.body).contains("4915"));
}

#[tokio::test]
async fn contacts_of_others_need_the_scope_admin() {
    let server = server().await;
    let refused = change(&server, &server.respond, "tom", phone()).await;
    refused.refused(403, "not_allowed", "scope admin");
    let done = change(&server, &server.admin, "tom", phone()).await;
    assert_eq!(done.status, 200, "{done:?}");
    // A caller that sets it for another person does not see it again.
    assert_eq!(done.json()["contacts"][0]["masked"], true);
    let tested = server.request("POST", "/v1/contacts/tom/test").bearer_auth(&server.respond);
    fetch(tested.json(&json!({}))).await.refused(403, "not_allowed", "scope admin");
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let server = server().await;
    let token = &server.respond;
    let of_settings = change(&server, token, "ines", json!({"remove": "mail"})).await;
    of_settings.refused(409, "conflict", "/etc/redphone.toml");
    let address = json!({"add": {"name": "phone", "channel": "sms", "address": "0151"}});
    change(&server, token, "ines", address).await.refused(422, "rejected", "twilio_sms");
    let absent = change(&server, token, "ines", json!({"remove": "phone"})).await;
    absent.refused(404, "not_found", "no contact");
    change(&server, token, "ines", json!({})).await.refused(422, "rejected", "exactly one");
    let two = json!({"remove": "a", "no_quiet": true});
    change(&server, token, "ines", two).await.refused(422, "rejected", "exactly one");
}

#[tokio::test]
async fn request_with_a_key_has_one_effect() {
    let server = server().await;
    let send = async || {
        let request = server.request("POST", "/v1/contacts/ines").bearer_auth(&server.respond);
        fetch(request.header("idempotency-key", "a").json(&phone())).await
    };
    assert_eq!((send().await.status, send().await.status), (200, 200));
    let again = change(&server, &server.respond, "ines", phone()).await;
    again.refused(409, "conflict", "already");
}

#[tokio::test]
async fn test_message_is_sent_by_the_server() {
    let server = server().await;
    let request = server.request("POST", "/v1/contacts/ines/test").bearer_auth(&server.respond);
    let results = fetch(request.json(&json!({"contact": "mail"}))).await.json();
    assert_eq!((&results[0]["outcome"], &results[0]["answer"]), (&json!("sent"), &json!("queued")));
}

#[tokio::test]
async fn test_of_all_contacts_needs_no_body() {
    let server = server().await;
    let request = server.request("POST", "/v1/contacts/ines/test").bearer_auth(&server.respond);
    assert_eq!(fetch(request).await.status, 200);
    let document = server.get(&server.read, "/v1/openapi.json").await.json();
    let body = &document["paths"]["/v1/contacts/{person}/test"]["post"]["requestBody"];
    assert_eq!(body["required"], false, "{body}");
}
