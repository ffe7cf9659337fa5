//! Problems over the API.

use redphone::backend::Backend;
use redphone::backend::http::Timeouts;
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::{Command, ProblemId};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::api::{TestServer, fetch};
use crate::support::requests::envelope;
use crate::support::served::Served;

async fn post(server: &TestServer, path: &str, body: &Value) -> crate::support::api::TestResponse {
    fetch(server.request("POST", path).bearer_auth(&server.respond).json(body)).await
}

#[tokio::test]
async fn problem_is_recorded_read_and_changed() {
    let server = TestServer::new().await;
    let incident = server.declared("Carts are empty").await;
    let body = json!({"title": "Pool too small", "workaround": "restart", "incidents": ["INC-1"]});
    let created = post(&server, "/v1/problems", &body).await;
    assert_eq!(created.status, 201, "{created:?}");
    let entry = created.json();
    let id = entry["problem"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/problems/{id}");
    assert_eq!(created.header("location"), Some(path.as_str()));
    // A problem with a workaround is a known error by default.
    assert_eq!(entry["problem"]["state"], "known_error");
    assert_eq!(entry["incidents"][0]["id"], incident.to_string());
    assert_eq!((&entry["incident_count"], &entry["open_count"]), (&json!(1), &json!(1)));

    let changed = post(&server, &format!("{path}?revision=1"), &json!({"state": "removed"})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let changed = changed.json();
    assert_eq!(changed["problem"]["revision"], 2);
    assert_eq!(changed["problem"]["edits"][1]["fields"][0]["field"], "state");
    let late = post(&server, &format!("{path}?revision=1"), &json!({"cause": "a leak"})).await;
    late.refused(412, "changed_meanwhile", "");
    let read = server.get(&server.read, &path).await.json();
    assert_eq!(read["problem"], changed["problem"]);
    let listed = server.get(&server.read, "/v1/linked-problems?owner=").await.json();
    assert_eq!(listed["rows"][0]["problem"]["id"], id);
    let listed = server.get(&server.read, "/v1/linked-problems?owner=ines").await.json();
    assert_eq!(listed["rows"], json!([]));
}

#[tokio::test]
async fn request_with_a_key_has_its_effect_once() {
    let server = TestServer::new().await;
    server.declared("Carts are empty").await;
    let send = async |title: &str| {
        let body = json!({"title": title, "incidents": ["1"]});
        let request = server.request("POST", "/v1/problems").bearer_auth(&server.respond);
        fetch(request.header("idempotency-key", "pool-1").json(&body)).await
    };
    let first = send("Pool too small").await;
    let second = send("Pool too small").await;
    assert_eq!((first.status, second.status), (201, 201), "{second:?}");
    assert_eq!(first.json()["problem"], second.json()["problem"]);
    assert_eq!(second.json()["incident_count"], 1);
    send("Another one").await.refused(422, "id_reused", "");
}

#[tokio::test]
async fn change_that_comes_again_later_changes_nothing() {
    let server = TestServer::new().await;
    let created = post(&server, "/v1/problems", &json!({"title": "Pool too small"})).await.json();
    let path = format!("/v1/problems/{}", created["problem"]["id"].as_str().unwrap());
    let change = async |key: &str, body: Value| {
        let request = server.request("POST", &path).bearer_auth(&server.respond);
        fetch(request.header("idempotency-key", key).json(&body)).await
    };
    assert_eq!(change("a", json!({"cause": "a leak"})).await.status, 200);
    let other = json!({"cause": "a second leak", "workaround": "restart"});
    assert_eq!(change("b", other).await.status, 200);
    let again = change("a", json!({"cause": "a leak"})).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.json()["problem"]["cause"], "a second leak");
    assert_eq!(again.json()["problem"]["revision"], 3);
    change("a", json!({"cause": "another leak"})).await.refused(422, "id_reused", "");
}

#[tokio::test]
async fn key_of_a_smaller_change_is_used_already() {
    let server = TestServer::new().await;
    let created = post(&server, "/v1/problems", &json!({"title": "Pool too small"})).await.json();
    let path = format!("/v1/problems/{}", created["problem"]["id"].as_str().unwrap());
    let change = async |body: Value| {
        let request = server.request("POST", &path).bearer_auth(&server.respond);
        fetch(request.header("idempotency-key", "k1").json(&body)).await
    };
    assert_eq!(change(json!({"title": "AAA"})).await.status, 200);
    let more = json!({"title": "AAA", "workaround": "restart", "state": "known_error"});
    change(more).await.refused(422, "id_reused", "");
    assert_eq!(change(json!({"title": "AAA"})).await.status, 200);
}

#[tokio::test]
async fn incident_that_is_named_twice_is_linked_once() {
    let server = TestServer::new().await;
    server.declared("Carts are empty").await;
    let body = json!({"title": "Pool too small", "incidents": ["1", "INC-1", "1"]});
    let created = post(&server, "/v1/problems", &body).await;
    assert_eq!((created.status, created.json()["incident_count"].clone()), (201, json!(1)));
}

#[rstest]
#[case("/v1/problems", json!({}), 422, "rejected")]
#[case("/v1/problems", json!({"title": ""}), 422, "rejected")]
#[case("/v1/problems", json!({"title": "a", "state": "known_error"}), 422, "rejected")]
#[case("/v1/problems", json!({"title": "a", "incidents": ["x"]}), 422, "rejected")]
#[case("/v1/problems", json!({"title": "a", "incidents": ["9"]}), 404, "not_found")]
#[case("/v1/problems", json!({"title": "a", "edits": []}), 422, "rejected")]
#[case("/v1/problems/x", json!({"cause": "a"}), 404, "not_found")]
#[tokio::test]
async fn wrong_requests_are_refused(
    #[case] path: &str,
    #[case] body: Value,
    #[case] status: u16,
    #[case] code: &str,
) {
    let server = TestServer::new().await;
    post(&server, path, &body).await.refused(status, code, "");
    assert_eq!(server.get(&server.read, "/v1/problems").await.json(), json!([]));
}

#[tokio::test]
async fn only_people_record_problems() {
    let server = TestServer::new().await;
    let request = || server.request("POST", "/v1/problems").json(&json!({"title": "a"}));
    for token in [&server.read, &server.ingest] {
        fetch(request().bearer_auth(token)).await.refused(403, "not_allowed", "");
    }
    for token in [&server.respond, &server.admin] {
        assert_eq!(fetch(request().bearer_auth(token)).await.status, 201);
    }
}

#[tokio::test]
async fn client_reads_one_problem_and_what_changes_are_suspected_of() {
    let served = Served::start().await;
    let client = served.client(&served.url(), "ines", Timeouts::default());
    let problem = Problem::new(ProblemId::new(), "Pool too small", chrono::Utc::now());
    let id = problem.id;
    client.execute(&envelope(Command::RecordProblem(problem))).await.unwrap();
    let found = client.problem(id).await.unwrap().problem;
    assert_eq!((found.state, found.revision), (ProblemState::Open, 1));
    assert!(client.problem(ProblemId::new()).await.is_err());
    let search = redphone::backend::lists::ChangeSearch::first(5);
    assert_eq!(client.suspicions(&search).await.unwrap(), []);
}
