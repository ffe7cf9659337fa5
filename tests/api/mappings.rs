//! Messages that are read by a mapping.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use hmac::{Hmac, KeyInit, Mac};
use redphone::ingest::mapping::Mapping;
use redphone::ingest::rules::Rule;
use redphone::ingest::{SecretSource, Sender};
use rstest::rstest;
use serde_json::{Value, json};
use sha2::Sha256;
use toml::de::DeTable;

use crate::support::api::{TestResponse, TestServer, fetch};

fn monitor(status: u8) -> Value {
    json!({
        "heartbeat": {"status": status, "msg": "timeout"},
        "monitor": {"id": 3, "name": "Shop", "tags": [{"name": "env", "value": "test"}]},
    })
}

async fn send(server: &TestServer, name: &str, body: impl Into<reqwest::Body>) -> TestResponse {
    let request = server.request("POST", &format!("/v1/ingest/{name}"));
    fetch(request.bearer_auth(&server.ingest).body(body)).await
}

fn rule(text: &str) -> Rule {
    let mut rule = Rule::default();
    for (key, value) in DeTable::parse(text).unwrap().get_ref() {
        rule.set(key.get_ref(), value).unwrap();
    }
    rule
}

fn sender(text: &str) -> Arc<Sender> {
    let mapping = Mapping::from_toml(DeTable::parse(text).unwrap().get_ref()).unwrap();
    Arc::new(Sender { mapping: Arc::new(mapping), ..Sender::default() })
}

#[tokio::test]
async fn monitor_that_is_down_declares_an_incident() {
    let server = TestServer::new().await;
    let answer = send(&server, "uptime-kuma", monitor(0).to_string()).await.json();
    assert_eq!(answer["outcomes"][0]["effect"], "declared", "{answer}");
    let shown = server.get(&server.read, "/v1/incidents/INC-1").await.json();
    assert_eq!(shown["incident"]["title"], "Shop is down: timeout");
    assert_eq!(shown["incident"]["dedup_key"], "uptime-kuma:3");
    let answer = send(&server, "uptime-kuma", monitor(1).to_string()).await.json();
    assert_eq!(answer["outcomes"][0]["effect"], "resolved", "{answer}");
    let answer = send(&server, "uptime-kuma", monitor(2).to_string()).await.json();
    assert_eq!(answer, json!({"outcomes": []}));
}

#[tokio::test]
async fn own_mapping_reads_several_groups_of_a_message() {
    let own = sender("for_each = \"jobs\"\nkey = \"id\"\ntitle = \"{id} of {$.host} has failed\"");
    let server = TestServer::with(|options| {
        options.settings.ingest.senders = BTreeMap::from([("backup".to_owned(), own)]);
    })
    .await;
    let body = json!({"host": "db-1", "jobs": [{"id": "a"}, {"id": "b"}]});
    let answer = send(&server, "backup", body.to_string()).await.json();
    assert_eq!(answer["outcomes"].as_array().unwrap().len(), 2, "{answer}");
    let shown = server.get(&server.read, "/v1/incidents/INC-2").await.json();
    assert_eq!(shown["incident"]["title"], "b of db-1 has failed");
}

#[tokio::test]
async fn rules_change_or_drop_what_is_stored() {
    let server = TestServer::with(|options| {
        options.settings.ingest.rules.0 = vec![
            rule("match = { monitor = \"Old\" }\ndrop = true"),
            rule("match = { env = \"test\" }\ntitle = \"{title} in {env}\"\npriority = \"P4\""),
        ];
    })
    .await;
    let mut old = monitor(0);
    old["monitor"]["name"] = json!("Old");
    let answer = send(&server, "uptime-kuma", old.to_string()).await.json();
    assert_eq!(answer["outcomes"][0]["alerts"]["ignored"], 1, "{answer}");
    send(&server, "uptime-kuma", monitor(0).to_string()).await;
    let shown = server.get(&server.read, "/v1/incidents/INC-1").await.json();
    assert_eq!(shown["incident"]["title"], "Shop is down: timeout in test");
    assert_eq!(shown["incident"]["priority"], "P4");
}

#[rstest]
#[case("uptime-kuma", "7", 400, "bad_request", "the body is a number, and must be an object")]
#[case("uptime-kuma", "{", 400, "bad_request", "no JSON")]
#[case("uptime-kumo", "{}", 404, "not_found", "uptime-kuma")]
#[tokio::test]
async fn messages_that_can_not_be_read_are_refused(
    #[case] name: &str,
    #[case] body: &'static str,
    #[case] status: u16,
    #[case] code: &str,
    #[case] expected: &str,
) {
    let server = TestServer::new().await;
    send(&server, name, body).await.refused(status, code, expected);
}

#[tokio::test]
async fn token_may_come_in_the_query_for_such_senders() {
    let server = TestServer::new().await;
    for (parameter, status) in [("key", 200), ("token", 200), ("auth_token", 200), ("other", 401)] {
        let path = format!("/v1/ingest/uptime-kuma?{parameter}={}", server.ingest);
        let response = fetch(server.request("POST", &path).body(monitor(0).to_string())).await;
        assert_eq!(response.status, status, "{parameter}");
    }
}

#[tokio::test]
async fn signature_of_a_sender_with_a_secret_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "secret\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = "key = \"id\"\ntitle = \"id\"\nsignature = { header = \"X-Sign\" }";
    let mut own = Sender::clone(&sender(text));
    own.secret = Some(SecretSource::File(file));
    let server = TestServer::with(|options| {
        options.settings.ingest.senders = BTreeMap::from([("own".to_owned(), Arc::new(own))]);
    })
    .await;
    let body = "{\"id\":1}";
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(body.as_bytes());
    let right = hex::encode(mac.finalize().into_bytes());
    for (signature, status) in [(right.as_str(), 200), ("00", 401)] {
        let request = server.request("POST", "/v1/ingest/own").header("X-Sign", signature);
        let response = fetch(request.bearer_auth(&server.ingest).body(body)).await;
        assert_eq!(response.status, status, "{response:?}");
    }
    send(&server, "own", body).await.refused(401, "unauthorized", "x-sign");
}

#[tokio::test]
async fn body_may_be_compressed() {
    let server = TestServer::new().await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(monitor(0).to_string().as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(&vec![b' '; 64 * 1024 * 1024]).unwrap();
    let bomb = bomb.finish().unwrap();
    for (body, status) in [(packed, 200), (bomb, 413), (b"{}".to_vec(), 400)] {
        let request = server.request("POST", "/v1/ingest/uptime-kuma");
        let request = request.header("Content-Encoding", "gzip").bearer_auth(&server.ingest);
        assert_eq!(fetch(request.body(body)).await.status, status);
    }
}

#[rstest]
#[case::two_parts("x-gzip", |text: &[u8]| [packed(&text[..20]), packed(&text[20..])].concat(), 200)]
#[case::zlib("deflate", |text: &[u8]| {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}, 200)]
#[case::bare("Deflate", |text: &[u8]| {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}, 200)]
#[case::something_else("deflate", <[u8]>::to_vec, 400)]
#[case::unknown("zstd", <[u8]>::to_vec, 415)]
#[tokio::test]
async fn body_may_be_compressed_in_other_ways(
    #[case] encoding: &str,
    #[case] pack: fn(&[u8]) -> Vec<u8>,
    #[case] status: u16,
) {
    let server = TestServer::new().await;
    let request = server.request("POST", "/v1/ingest/uptime-kuma");
    let request = request.header("Content-Encoding", encoding).bearer_auth(&server.ingest);
    let body = pack(monitor(0).to_string().as_bytes());
    assert_eq!(fetch(request.body(body)).await.status, status);
}

/// Returns a text in the format of gzip.
fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn alert_that_can_not_be_read_hides_no_others() {
    let jobs = sender(
        "for_each = \"jobs\"\nkey = \"id\"\ntitle = \"{id} failed\"\n\
         status = { from = \"state\", is = { failed = \"firing\", done = \"resolved\" } }",
    );
    let server = TestServer::with(|options| {
        options.settings.ingest.senders = BTreeMap::from([("jobs".to_owned(), jobs)]);
    })
    .await;
    let job = |id: &str, state: &str| json!({"id": id, "state": state});
    let body = json!({"jobs": [job("a", "failed"), job("b", "cancelled"), job("c", "failed")]});
    let answer = send(&server, "jobs", body.to_string()).await;
    answer.refused(400, "bad_request", "\"cancelled\"");
    assert_eq!(server.get(&server.read, "/v1/incidents").await.json()["total"], 2);
    let dead = server.get(&server.respond, "/v1/ingest/dead").await.json();
    assert_eq!(dead["letters"].as_array().unwrap().len(), 1);
}

#[rstest]
#[case("/v1/ingest/alertmanager", json!({"alerts": [{"labels": {"alertname": "A"}}]}), 200)]
#[case("/api/v2/alerts", json!([{"labels": {"alertname": "A"}}]), 200)]
#[case("/v2/enqueue", json!({"event_action": "trigger", "payload": {"summary": "A"}}), 202)]
#[case("/v2/alerts", json!({"message": "A"}), 202)]
#[case("/api/v2/generic/incoming", json!({"summary": "A"}), 204)]
#[tokio::test]
async fn bodies_in_other_forms_may_be_compressed(
    #[case] path: &str,
    #[case] mut body: Value,
    #[case] status: u16,
) {
    let server = TestServer::new().await;
    if path == "/v2/enqueue" {
        body["routing_key"] = json!(server.ingest);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body.to_string().as_bytes()).unwrap();
    let request = server.request("POST", path).bearer_auth(&server.ingest);
    let request = request.header("Content-Encoding", "gzip").body(encoder.finish().unwrap());
    assert_eq!(fetch(request).await.status, status);
    assert_eq!(server.get(&server.read, "/v1/incidents").await.json()["total"], 1);
}

#[tokio::test]
async fn sender_of_cloud_events_may_ask_first() {
    let server = TestServer::new().await;
    let request = server.request("OPTIONS", "/v1/ingest/cloudevents");
    let response = fetch(request.header("WebHook-Request-Origin", "events.example.com")).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("webhook-allowed-origin"), Some("events.example.com"));
}
