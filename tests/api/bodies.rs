//! Invalid request bodies of every kind are refused.

use redphone::api::{Answered, Orders};
use redphone::backend::Backend;
use redphone::model::{IncidentCommand, IncidentId};
use rstest::rstest;

use crate::support::api::{TestServer, declare, fetch, order};

fn orders(commands: Vec<redphone::api::Order>) -> String {
    serde_json::to_string(&Orders { commands }).unwrap()
}

#[rstest]
#[case::nothing("", "there is no body")]
#[case::no_json("hello", "can't be understood")]
#[case::half("{\"commands\":[", "can't be understood")]
#[case::two("{\"commands\":[]} {}", "goes on after its JSON")]
#[case::a_byte_order_mark("\u{feff}{\"commands\":[]}", "can't be understood")]
#[case::another_type("[]", "can't be understood")]
#[case::a_number("7", "can't be understood")]
#[case::null("null", "can't be understood")]
#[case::an_unknown_field("{\"commands\":[],\"actor\":\"root\"}", "unknown field `actor`")]
#[case::a_field_twice("{\"commands\":[],\"commands\":[]}", "duplicate field")]
#[case::no_commands("{\"commands\":[]}", "send 1 to 500")]
#[case::a_command_that_is_none("{\"commands\":[{}]}", "at commands[0]")]
#[case::another_kind_of_text("{\"commands\":\"all\"}", "at commands")]
#[tokio::test]
async fn malformed_body_is_refused_with_the_position_of_the_error(
    #[case] body: &'static str,
    #[case] expected: &str,
) {
    let server = TestServer::new().await;
    server.post(&server.respond, body).await.refused(400, "bad_request", expected);
}

#[tokio::test]
async fn actor_in_the_body_is_not_trusted() {
    let server = TestServer::new().await;
    let (_, declaration) = declare("Card payments fail");
    let mut json = serde_json::to_value(&declaration).unwrap();
    json["actor"] = serde_json::json!({"person": {"handle": "boss", "name": "The Boss"}});
    let body = serde_json::json!({"commands": [json]}).to_string();
    server.post(&server.respond, body).await.refused(400, "bad_request", "unknown field `actor`");
    let page = server.get(&server.read, "/v1/incidents").await.json();
    assert_eq!(page["rows"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn batch_at_the_limit_is_executed_and_one_more_is_refused() {
    let server = TestServer::new().await;
    let many = |count: usize| orders((0..count).map(|n| declare(&format!("No {n}")).1).collect());
    let response = server.post(&server.respond, many(501)).await;
    response.refused(400, "bad_request", "there are 501, send 1 to 500");
    let response = server.post(&server.respond, many(500)).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["answers"].as_array().unwrap().len(), 500);
}

#[tokio::test]
async fn deeply_nested_body_is_refused() {
    let server = TestServer::new().await;
    let deep = format!("{{\"commands\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    server.post(&server.respond, deep).await.refused(400, "bad_request", "can't be understood");
}

#[tokio::test]
async fn body_that_is_not_utf8_is_refused() {
    let server = TestServer::new().await;
    let response = server.post(&server.respond, b"{\"commands\":[\xff\xfe]}".to_vec()).await;
    response.refused(400, "bad_request", "is not UTF-8 from byte 13 on");
}

#[tokio::test]
async fn too_long_body_is_refused_with_or_without_a_length() {
    let server = TestServer::with(|options| options.limits.max_body_bytes = 10_000).await;
    let long = || vec![b' '; 10_001];
    server.post(&server.respond, long()).await.refused(413, "too_large", "longer than 10000 bytes");
    // Chunked, so that the length is not announced.
    let chunks = super::raw::exchange;
    let (addr, token) = (server.addr, server.respond.clone());
    let answer = tokio::task::spawn_blocking(move || {
        let body = " ".repeat(12_000);
        let request = format!(
            "POST /v1/commands HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        chunks(addr, request.as_bytes())
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[rstest]
#[case::none(&[])]
#[case::text(&[("content-type", "text/plain")])]
#[case::a_form(&[("content-type", "application/x-www-form-urlencoded")])]
#[case::nearly(&[("content-type", "application/jsonx")])]
#[case::another_alphabet(&[("content-type", "application/json; charset=utf-16")])]
#[case::packed(&[("content-type", "application/json"), ("content-encoding", "gzip")])]
#[case::packed_oddly(&[("content-type", "application/json"), ("content-encoding", "identity, br")])]
#[tokio::test]
async fn body_of_another_content_type_is_refused(#[case] headers: &[(&str, &str)]) {
    let server = TestServer::new().await;
    let mut request = server.request("POST", "/v1/commands").bearer_auth(&server.respond);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    fetch(request.body("{\"commands\":[]}")).await.refused(415, "media_type", "the body");
}

#[tokio::test]
async fn invalid_title_refuses_its_command_alone() {
    let server = TestServer::new().await;
    let (_, bad) = declare(&"x".repeat(201));
    let (_, good) = declare("Card payments fail");
    let unknown = order(IncidentId::new(), IncidentCommand::Acknowledge);
    let answers = server.send(&server.respond, vec![bad, good, unknown]).await;
    let code = |answer: &Answered| match answer {
        Answered::Done { .. } => "done".to_owned(),
        Answered::Refused { details, .. } => details.code.clone(),
    };
    let codes: Vec<_> = answers.iter().map(code).collect();
    assert_eq!(codes, ["rejected", "done", "not_found"]);
}

#[tokio::test]
async fn future_times_are_clamped_and_offline_times_are_accepted() {
    let server = TestServer::new().await;
    let (id, declaration) = declare("Card payments fail");
    let mut early = order(id, IncidentCommand::AddNote { text: "from tomorrow".into() });
    early.at += chrono::TimeDelta::days(1);
    server.send(&server.respond, vec![declaration, early]).await;
    let events =
        server.store.timeline(id, redphone::backend::TimelineRange::Last(1)).await.unwrap();
    assert!(events[0].at <= chrono::Utc::now());
}
