//! Messages that could not be understood, over the API: stored, listed, read again and removed.

use redphone::backend::{Backend, DeadLetterSearch};
use redphone::server::access_log::AccessLog;
use redphone::server::scope::Scope;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::alerts::{alert, message};
use crate::support::api::{TestResponse, TestServer, fetch, token};

const PATH: &str = "/v1/ingest/alertmanager";
const DEAD: &str = "/v1/ingest/dead";

async fn send(server: &TestServer, body: impl Into<reqwest::Body>) -> TestResponse {
    fetch(server.request("POST", PATH).bearer_auth(&server.ingest).body(body)).await
}

async fn dead(server: &TestServer) -> Value {
    server.get(&server.respond, DEAD).await.json()
}

async fn change(server: &TestServer, method: &str, path: &str) -> TestResponse {
    fetch(server.request(method, path).bearer_auth(&server.respond)).await
}

#[tokio::test]
async fn message_is_stored_before_it_is_refused() {
    let server = TestServer::new().await;
    let request = server.request("POST", PATH).bearer_auth(&server.ingest);
    let request = request.header("content-type", "application/json").header("x-source", "db");
    let request = request.header("x-api-key", "secret").body("{\"alerts\":[1]}");
    fetch(request).await.refused(400, "bad_request", "alerts[0] is a number");
    let list = dead(&server).await;
    assert_eq!((&list["total"], &list["dropped"]), (&json!(1), &json!(0)));
    let letter = &list["letters"][0];
    assert_eq!((&letter["source"], &letter["count"]), (&json!("alertmanager"), &json!(1)));
    assert_eq!(letter["actor"], json!({"integration": "Alertmanager"}));
    assert_eq!(letter["token"], server.ingest[3..15]);
    assert_eq!(letter["content_type"], "application/json");
    assert_eq!(letter["headers"], json!({"x-source": "db"}));
    assert!(letter["reason"].as_str().unwrap().contains("alerts[0] is a number"), "{letter}");
    let shown = server.get(&server.admin, &format!("{DEAD}/{}", letter["number"])).await.json();
    assert_eq!(
        (&shown["encoding"], &shown["message"]),
        (&json!("text"), &json!("{\"alerts\":[1]}"))
    );
    assert_eq!(&shown["letter"], letter);
    let metrics = server.get(&server.read, "/v1/metrics").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    for line in [
        "redphone_messages_not_understood_total{outcome=\"stored\"} 1\n",
        "redphone_dead_letters 1\n",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_shown_in_base64() {
    let server = TestServer::new().await;
    send(&server, vec![0xff, 0]).await.refused(400, "bad_request", "not UTF-8");
    let number = dead(&server).await["letters"][0]["number"].clone();
    let shown = server.get(&server.respond, &format!("{DEAD}/{number}")).await.json();
    assert_eq!((&shown["encoding"], &shown["message"]), (&json!("base64"), &json!("/wA=")));
}

#[tokio::test]
async fn message_is_read_again_in_the_name_of_its_sender() {
    let server = TestServer::new().await;
    send(&server, "[]").await.refused(400, "bad_request", "");
    // This version understands a message that an earlier one did not.
    let fires = message("disks", &[alert("db1", "09:00", None)]);
    let mut letter = crate::support::alerts::dead_letter(&fires.to_string());
    letter.actor = redphone::model::Actor::Integration("Monitor".into());
    let number = server.store.add_dead_letter(&letter).await.unwrap();
    let replayed = change(&server, "POST", &format!("{DEAD}/{number}/replay")).await.json();
    assert_eq!(replayed["letter"]["number"], number);
    assert_eq!(replayed["outcomes"][0]["effect"], "declared");
    let timeline = server.get(&server.read, "/v1/incidents/1/timeline").await.json();
    assert_eq!(timeline[0]["actor"], json!({"integration": "Monitor"}));
    let again = change(&server, "POST", &format!("{DEAD}/{number}/replay")).await;
    again.refused(404, "not_found", "");

    // Messages that still can't be understood remain.
    let list = dead(&server).await;
    assert_eq!(list["total"], 1);
    let path = format!("{DEAD}/{}", list["letters"][0]["number"]);
    let still = change(&server, "POST", &format!("{path}/replay")).await;
    still.refused(422, "rejected", "it still can't be read");
    assert_eq!(dead(&server).await, list);
    assert_eq!(change(&server, "DELETE", &path).await.json(), list["letters"][0]);
    assert_eq!(dead(&server).await["total"], 0);
    change(&server, "DELETE", &path).await.refused(404, "not_found", "");
}

#[rstest]
#[case::no_number("/v1/ingest/dead/x", 400, "is no number of a message")]
#[case::negative("/v1/ingest/dead/-1", 400, "is no number of a message")]
#[case::unknown("/v1/ingest/dead/7", 404, "")]
#[case::limit("/v1/ingest/dead?limit=0", 400, "limit")]
#[tokio::test]
async fn wrong_requests_are_named(#[case] path: &str, #[case] status: u16, #[case] expected: &str) {
    let server = TestServer::new().await;
    let code = if status == 404 { "not_found" } else { "bad_request" };
    server.get(&server.respond, path).await.refused(status, code, expected);
}

#[tokio::test]
async fn only_responders_see_messages() {
    let server = TestServer::new().await;
    let metrics = token(&server.tokens, "prometheus", Scope::Metrics);
    for token in [&server.read, &server.ingest, &metrics] {
        let refused = server.get(token, DEAD).await;
        refused.refused(403, "not_allowed", "only people");
    }
    for token in [&server.respond, &server.admin] {
        assert_eq!(server.get(token, DEAD).await.status, 200);
    }
}

#[tokio::test]
async fn strangers_store_nothing() {
    let server = TestServer::new().await;
    let request = || server.request("POST", PATH).body("{");
    fetch(request()).await.refused(401, "unauthorized", "no token");
    fetch(request().bearer_auth("rp_x")).await.refused(401, "unauthorized", "not known");
    fetch(request().bearer_auth(&server.read)).await.refused(403, "not_allowed", "");
    assert_eq!(dead(&server).await["total"], 0);
}

#[tokio::test]
async fn message_that_can_not_be_stored_now_is_to_be_sent_again() {
    let server = TestServer::with(|o| o.limits.max_queued_alerts = 0).await;
    let deferred = send(&server, "{").await;
    deferred.refused(503, "unreachable", "send it again");
    assert_eq!(deferred.header("retry-after"), Some("1"));
    let search = DeadLetterSearch { limit: 10, before: None };
    assert_eq!(server.store.dead_letters(&search).await.unwrap().total, 0);
    let metrics = server.get(&server.read, "/v1/metrics").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    let line = "redphone_messages_not_understood_total{outcome=\"deferred\"} 1\n";
    assert!(metrics.contains(line), "{metrics}");
}

/// How a sender shows its key.
#[rstest]
#[case::bearer(Some("Bearer KEY"), "")]
#[case::genie(Some("GenieKey KEY"), "")]
#[case::token(Some("Token token=KEY"), "")]
#[case::key(None, "?key=KEY")]
#[case::query_token(None, "?token=KEY")]
#[case::google(None, "?auth_token=KEY")]
#[tokio::test]
async fn integration_key_sends_alerts(#[case] header: Option<&str>, #[case] query: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let mut server = TestServer::with(|o| o.access_log = AccessLog::File(log.clone())).await;
    let (secret, key) = server.tokens.create_key("Zabbix".into(), None).unwrap();
    let secret = secret.reveal();
    let path = format!("{PATH}{}", query.replace("KEY", &secret));
    let request = || {
        let request = server.request("POST", &path);
        match header {
            Some(header) => request.header("authorization", header.replace("KEY", &secret)),
            None => request,
        }
    };
    let fires = message("disks", &[alert("db1", "09:00", None)]).to_string();
    let answer = fetch(request().body(fires)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let timeline = server.get(&server.read, "/v1/incidents/1/timeline").await.json();
    assert_eq!(timeline[0]["actor"], json!({"integration": "Zabbix"}));
    let wrong = fetch(request().body("{")).await;
    assert!(!String::from_utf8_lossy(&wrong.body).contains(&secret), "{wrong:?}");
    let letter = dead(&server).await["letters"][0].clone();
    assert_eq!(letter["token"], key.id);
    assert!(!letter.to_string().contains(&secret), "{letter}");
    server.stop();
    server.stopped().await;
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("\"Zabbix\"") && !log.contains(&secret), "{log}");
}

#[tokio::test]
async fn api_reads_a_mail() {
    let server = TestServer::new().await;
    let path = "/v1/ingest/mail";
    let request = || server.request("POST", path).bearer_auth(&server.ingest);
    let mail = "From: ines@example.com\r\nSubject: Cards are declined\r\n\r\nSince nine.\r\n";
    let answer = fetch(request().header("content-type", "message/rfc822").body(mail)).await;
    assert_eq!(answer.json()["outcomes"][0]["effect"], "declared");
    fetch(request().body("{")).await.refused(400, "bad_request", "the header of the mail");
    assert_eq!(dead(&server).await["letters"][0]["source"], "mail");
}

#[tokio::test]
async fn integration_key_opens_nothing_else() {
    let server = TestServer::new().await;
    let (secret, key) = server.tokens.create_key("Zabbix".into(), None).unwrap();
    let secret = secret.reveal();
    for path in ["/v1/capabilities", "/v1/incidents", "/v1/metrics"] {
        let refused = server.get(&secret, path).await;
        refused.refused(401, "unauthorized", "good for sending alerts only");
        let refused = fetch(server.request("GET", &format!("{path}?token={secret}"))).await;
        refused.refused(401, "unauthorized", "no token came with the request");
    }
    server.post(&secret, "{\"commands\":[]}").await.refused(401, "unauthorized", "sending alerts");
    let request = || server.request("POST", PATH).bearer_auth(&secret).body("{");
    fetch(request()).await.refused(400, "bad_request", "");
    server.tokens.revoke(&key.id).unwrap();
    let is_refused = async || fetch(request()).await.status == 401;
    crate::support::wait::until("it is revoked", is_refused).await;
}

#[tokio::test]
async fn api_creates_and_lists_keys() {
    let server = TestServer::new().await;
    let create = async |body: Value| {
        let request = server.request("POST", "/v1/tokens").bearer_auth(&server.admin);
        fetch(request.json(&body)).await
    };
    let made = create(json!({"name": "Zabbix", "scope": "ingest", "form": "key"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!((secret.len(), &made["token"]["form"]), (32, &json!("key")));
    let request = server.request("POST", &format!("{PATH}?key={secret}"));
    let fires = message("disks", &[alert("db1", "09:00", None)]).to_string();
    assert_eq!(fetch(request.body(fires)).await.status, 200);
    let all = server.get(&server.admin, "/v1/tokens").await.json();
    let forms = all.as_array().unwrap().iter().map(|token| token.get("form"));
    assert_eq!(forms.flatten().collect::<Vec<_>>(), ["key"]);
    for wrong in [
        json!({"name": "a", "scope": "respond", "form": "key"}),
        json!({"name": "a", "scope": "ingest", "form": "key", "person": "ines"}),
    ] {
        create(wrong).await.refused(
            422,
            "rejected",
            "an integration key is good for sending alerts",
        );
    }
    let unknown = create(json!({"name": "a", "scope": "ingest", "form": "card"})).await;
    unknown.refused(422, "rejected", "form");
}
