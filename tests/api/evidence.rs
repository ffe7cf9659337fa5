//! Evidence over the API: attached, downloaded as a file, and redacted.

use rstest::rstest;
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

#[tokio::test]
async fn declaration_says_whom_the_incident_affects() {
    let server = TestServer::new().await;
    let body = json!({
        "title": "Cards fail", "began_at": "2025-03-01T09:00:00Z", "users": 1200, "share": "12.5%",
        "regions": ["eu-west"], "reporter": "Tom Varga", "reporter_ticket": "T-12",
        "teams": ["network"],
    });
    let path = "/v1/incidents?accept_unknown=true";
    let request = || server.request("POST", path).bearer_auth(&server.respond);
    let declared = fetch(request().header("idempotency-key", "k1").json(&body)).await;
    assert_eq!(declared.status, 201, "{declared:?}");
    let again = fetch(request().header("idempotency-key", "k1").json(&body)).await;
    assert_eq!(again.json()["replayed"], true, "{again:?}");
    let record = server.get(&server.read, "/v1/incidents/INC-1").await.json()["incident"].clone();
    assert_eq!(record["began_at"], "2025-03-01T09:00:00Z");
    let affected = json!({"users": 1200, "share": 12500, "regions": ["eu-west"]});
    assert_eq!(record["affected"], affected);
    assert_eq!(record["reporters"].as_array().unwrap().len(), 1);
    assert_eq!(record["reporters"][0]["ticket"], "T-12");
    assert_eq!(record["teams"], json!(["network"]));
}

#[tokio::test]
async fn counted_alert_adds_its_reporter_and_changes_no_impact() {
    let server = TestServer::new().await;
    for (users, reporter) in [("1200", "Tom+Varga"), ("5", "Lea+Brandt")] {
        let form = format!("title=Cards+fail&dedup_key=k&users={users}&reporter={reporter}");
        let request = server.request("POST", "/v1/incidents").bearer_auth(&server.respond);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = fetch(request.body(form)).await;
        assert!([200, 201].contains(&answer.status), "{answer:?}");
    }
    let record = server.get(&server.read, "/v1/incidents/INC-1").await.json()["incident"].clone();
    assert_eq!(record["affected"]["users"], 1200);
    let names: Vec<&str> = record["reporters"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|reporter| reporter["name"].as_str())
        .collect();
    assert_eq!(names, ["Tom Varga", "Lea Brandt"]);
}

#[tokio::test]
async fn wrong_impact_declares_nothing() {
    let server = TestServer::new().await;
    for (field, value) in [
        ("share", json!("200%")),
        ("began_at", json!("2100-01-01T00:00:00Z")),
        ("expected_recovery", json!("2020-01-01T00:00:00Z")),
        ("reporter_contact", json!("tom@example.org")),
        ("teams", json!(["a", "a"])),
        ("users", json!(200_000_000_000_u64)),
    ] {
        let mut body = json!({"title": "Cards fail"});
        body[field] = value;
        let path = "/v1/incidents?accept_unknown=true";
        let request = server.request("POST", path).bearer_auth(&server.respond);
        let refused = fetch(request.json(&body)).await;
        assert_eq!(refused.status, 422, "{field}: {refused:?}");
    }
    assert_eq!(server.get(&server.read, "/v1/incidents/INC-1").await.status, 404);
}

#[tokio::test]
async fn note_is_redacted_by_its_number() {
    let server = TestServer::new().await;
    server.declared("Cards fail").await;
    change(&server, "note", json!({"text": "Tom Varga called"})).await;
    let body = json!({"note": "2", "reason": "it names a customer"});
    let redacted = change(&server, "redact", body).await;
    assert_eq!(redacted.status, 200, "{redacted:?}");
    let events = server.get(&server.read, "/v1/incidents/INC-1/timeline").await.json();
    assert!(!events.to_string().contains("Tom Varga"), "{events}");
    let row = server.get(&server.read, "/v1/incidents/INC-1").await.json();
    assert!(!row.to_string().contains("Tom Varga"), "{row}");
    let none = change(&server, "redact", json!({"note": "1", "reason": "x"})).await;
    assert_eq!(none.status, 422, "{none:?}");
}

#[tokio::test]
async fn redaction_that_is_sent_again_has_its_first_outcome() {
    let server = TestServer::new().await;
    server.declared("Cards fail").await;
    change(&server, "reporter", json!({"name": "Tom Varga"})).await;
    let send = async |reason: &str| {
        let body = json!({"reporter": "Tom Varga", "reason": reason});
        let request = server.request("POST", "/v1/incidents/INC-1/redact");
        let request = request.bearer_auth(&server.respond).header("idempotency-key", "k1");
        fetch(request.json(&body)).await
    };
    let first = send("it was asked for").await;
    let second = send("it was asked for").await;
    assert_eq!((first.status, second.status), (200, 200), "{second:?}");
    assert_eq!(second.json()["replayed"], true);
    assert_eq!(first.json()["events"], second.json()["events"]);
    assert_eq!(send("something else").await.status, 422);
}

#[rstest]
#[case::reporters("reporter")]
#[case::contacts("contact")]
#[tokio::test]
async fn redaction_of_several_has_its_first_outcome_again(#[case] part: &str) {
    let server = TestServer::new().await;
    server.declared("Cards fail").await;
    for number in 1..=3 {
        let contact = format!("tom{number}@example.org");
        let added = change(&server, "reporter", json!({"name": "Tom Varga", "contact": contact}));
        assert_eq!(added.await.status, 200);
    }
    let send = async || {
        let body = json!({part: "Tom Varga", "reason": "it was asked for"});
        let request = server.request("POST", "/v1/incidents/INC-1/redact");
        let request = request.bearer_auth(&server.respond).header("idempotency-key", "k1");
        fetch(request.json(&body)).await
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.status, second.status), (200, 200), "{second:?}");
    let (first, second) = (first.json(), second.json());
    assert_eq!(first["events"].as_array().map(Vec::len), Some(3), "{first}");
    assert_eq!((&second["events"], &second["replayed"]), (&first["events"], &json!(true)));
}
