//! Maintenance windows over the API, and as silences of an Alertmanager.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::model::Actor;
use serde_json::{Value, json};

use crate::support::alerts;
use crate::support::api::{TestResponse, TestServer, fetch};

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn window(title: &str) -> Value {
    let now = Utc::now();
    json!({
        "title": title, "filter": {"services": ["checkout"]},
        "from": time(now - TimeDelta::minutes(1)), "until": time(now + TimeDelta::hours(1)),
    })
}

async fn send(server: &TestServer, method: &str, path: &str, body: &Value) -> TestResponse {
    let request = server.request(method, path).bearer_auth(&server.respond);
    fetch(request.header("content-type", "application/json").body(body.to_string())).await
}

/// Stores alerts of the group `disks`, and returns the number of the incident.
async fn fires(server: &TestServer) -> u64 {
    let message = alerts::message("disks", &[alerts::alert("db1", "09:00", None)]);
    let actor = Actor::Integration("Alertmanager".into());
    let outcome = server.store.ingest(&alerts::group(&message), &actor).await.unwrap();
    outcome.number.unwrap().0
}

#[tokio::test]
async fn window_is_created_changed_and_ended() {
    let server = TestServer::new().await;
    let request = server.request("POST", "/v1/maintenance").bearer_auth(&server.respond);
    let request = request.header("idempotency-key", "pool").body(window("Pool").to_string());
    let request = request.header("content-type", "application/json");
    let created = fetch(request.try_clone().unwrap()).await;
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/maintenance/{id}");
    assert_eq!(created.header("location"), Some(path.as_str()));
    assert_eq!(fetch(request).await.json()["id"], *id, "the same key creates one window");
    let number = fires(&server).await;
    let row = server.get(&server.read, &format!("/v1/incidents/{number}")).await.json();
    assert_eq!(row["incident"]["muted"]["window"], *id);
    let muted = server.get(&server.read, &format!("/v1/muted?window={id}")).await.json();
    assert_eq!((&muted[0]["number"], &muted[0]["mute"]["title"]), (&json!(number), &json!("Pool")));

    let stale = send(&server, "PUT", &format!("{path}?revision=7"), &window("Other")).await;
    stale.refused(409, "conflict", "revision 1");
    let changed = send(&server, "PUT", &format!("{path}?revision=1"), &window("Other")).await;
    assert_eq!((changed.status, &changed.json()["revision"]), (200, &json!(2)));
    let ended = send(&server, "DELETE", &path, &json!(null)).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    assert!(ended.json()["ended_at"].is_string());
    let row = server.get(&server.read, &format!("/v1/incidents/{number}")).await.json();
    assert!(row["incident"]["muted"]["ended_at"].is_string(), "it is released at once");
    let list =
        async |path: &str| server.get(&server.read, path).await.json().as_array().unwrap().len();
    assert_eq!(list("/v1/maintenance").await, 0);
    assert_eq!(list("/v1/maintenance?ended=true").await, 1);
    let late = send(&server, "PUT", &path, &window("Again")).await;
    late.refused(409, "conflict", "has ended");
}

#[tokio::test]
async fn tag_says_which_window_is_meant() {
    let server = TestServer::new().await;
    let created = send(&server, "POST", "/v1/maintenance", &window("Pool")).await.json();
    let path = format!("/v1/maintenance/{}", created["id"].as_str().unwrap());
    let tag = async || {
        let shown = server.get(&server.read, &path).await;
        shown.header("etag").unwrap().to_owned()
    };
    let send = async |method: &str, query: &str, tag: &str, title: &str| {
        let request =
            server.request(method, &format!("{path}{query}")).bearer_auth(&server.respond);
        let request = request.header("content-type", "application/json").header("if-match", tag);
        let body = if method == "PUT" { window(title).to_string() } else { String::new() };
        fetch(request.body(body)).await
    };
    let first = tag().await;
    assert_eq!(send("PUT", "", &first, "Other").await.status, 200);
    let second = tag().await;
    assert_ne!(first, second);
    for method in ["PUT", "DELETE"] {
        let stale = send(method, "", &first, "Stale").await;
        stale.refused(412, "changed_meanwhile", "revision 2");
        // The revision in the query is still refused with 409.
        let stale = send(method, "?revision=1", "*", "Stale").await;
        stale.refused(409, "conflict", "revision 2");
        let both = send(method, "?revision=7", &second, "Both").await;
        both.refused(422, "rejected", "If-Match");
        let wrong = send(method, "", "\"text\"", "Wrong").await;
        wrong.refused(422, "rejected", "If-Match");
    }
    assert_eq!(send("PUT", "?revision=2", &second, "Third").await.status, 200);
    let ended = send("DELETE", "", &tag().await, "").await;
    assert_eq!((ended.status, ended.json()["title"].clone()), (200, json!("Third")));
}

#[tokio::test]
async fn preview_creates_nothing() {
    let server = TestServer::new().await;
    fires(&server).await;
    let preview = send(&server, "POST", "/v1/maintenance/preview", &window("Pool")).await;
    assert_eq!(preview.status, 200, "{preview:?}");
    assert_eq!(
        (&preview.json()["total"], &preview.json()["muted_incidents"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(server.get(&server.read, "/v1/maintenance").await.json(), json!([]));
}

#[tokio::test]
async fn wrong_window_is_refused() {
    let server = TestServer::new().await;
    let mut wrong = window("Pool");
    wrong["filter"] = json!({});
    let response = send(&server, "POST", "/v1/maintenance", &wrong).await;
    response.refused(422, "rejected", "filter");
    let missing = server.get(&server.read, "/v1/maintenance/not-an-id").await;
    missing.refused(404, "not_found", "no such maintenance window");
    let unknown = uuid::Uuid::now_v7();
    let missing = server.get(&server.read, &format!("/v1/maintenance/{unknown}")).await;
    assert_eq!(missing.status, 404);
}

fn silence(value: &str, is_regex: bool) -> Value {
    let now = Utc::now();
    json!({
        "matchers": [{"name": "instance", "value": value, "isRegex": is_regex, "isEqual": true}],
        "startsAt": time(now), "endsAt": time(now + TimeDelta::hours(1)),
        "createdBy": "ines", "comment": "The pool is replaced",
    })
}

#[tokio::test]
async fn silences_are_maintenance_windows() {
    let server = TestServer::new().await;
    let get = async |path: &str| server.get(&server.read, &format!("/api/v2/{path}")).await.json();
    let posted = send(&server, "POST", "/api/v2/silences", &silence("db.*", true)).await;
    assert_eq!(posted.status, 200, "{posted:?}");
    let id = posted.json()["silenceID"].as_str().unwrap().to_owned();
    fires(&server).await;
    let found = get(&format!("silence/{id}")).await;
    assert_eq!(
        (&found["createdBy"], &found["status"]["state"]),
        (&json!("ines"), &json!("active"))
    );
    assert_eq!(found["matchers"], silence("db.*", true)["matchers"]);
    assert_eq!(found["comment"], "The pool is replaced");
    let alerts = get("alerts").await;
    assert_eq!(alerts[0]["status"]["silencedBy"], json!([id]));
    assert_eq!(alerts[0]["status"]["state"], "suppressed");
    assert_eq!(get("alerts?silenced=false").await, json!([]));
    let windows = server.get(&server.read, "/v1/maintenance").await.json();
    assert_eq!(windows[0]["filter"]["labels"], json!(["instance=~db.*"]));

    // In place as long as it mutes the same, or else as another one.
    let mut longer = silence("db.*", true);
    longer["id"] = json!(id);
    longer["endsAt"] = json!(time(Utc::now() + TimeDelta::hours(5)));
    let again = send(&server, "POST", "/api/v2/silences", &longer).await;
    assert_eq!(again.json()["silenceID"], *id);
    let mut other = silence("web1", false);
    other["id"] = json!(id);
    let other = send(&server, "POST", "/api/v2/silences", &other).await.json();
    assert_ne!(other["silenceID"], *id);
    assert_eq!(get(&format!("silence/{id}")).await["status"]["state"], "expired");

    let other = other["silenceID"].as_str().unwrap();
    let request = server.request("DELETE", &format!("/api/v2/silence/{other}"));
    assert_eq!(fetch(request.bearer_auth(&server.respond)).await.status, 200);
    let states = get("silences").await;
    let states: Vec<&Value> =
        states.as_array().unwrap().iter().map(|one| &one["status"]["state"]).collect();
    assert_eq!(states, [&json!("expired"), &json!("expired")]);
    assert_eq!(get("silences?expired=false").await, json!([]));
}

#[tokio::test]
async fn wrong_silences_are_refused_as_by_an_alertmanager() {
    let server = TestServer::new().await;
    let mut past = silence("db1", false);
    past["endsAt"] = json!(time(Utc::now() - TimeDelta::hours(1)));
    let mut nobody = silence("db1", false);
    nobody["createdBy"] = json!("");
    let mut nothing = silence("db1", false);
    nothing["matchers"] = json!([]);
    for wrong in [past, nobody, nothing, silence("", false), silence("db[", true)] {
        let response = send(&server, "POST", "/api/v2/silences", &wrong).await;
        assert_eq!(response.status, 400, "{wrong}");
        assert!(response.json().is_string());
    }
    let unknown = uuid::Uuid::now_v7();
    let response = server.get(&server.read, &format!("/api/v2/silence/{unknown}")).await;
    assert_eq!((response.status, response.body.len()), (404, 0));
    let request = server.request("POST", "/api/v2/silences").bearer_auth(&server.read);
    let refused = fetch(request.body(silence("db1", false).to_string())).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn replacement_of_no_revision_clears_nothing_unnamed() {
    let server = TestServer::new().await;
    let mut full = window("Pool");
    full["comment"] = json!("the vendor does it");
    full["mutes_people"] = json!(true);
    let created = send(&server, "POST", "/v1/maintenance", &full).await.json();
    let path = format!("/v1/maintenance/{}", created["id"].as_str().unwrap());
    for field in ["comment", "mutes_people"] {
        send(&server, "PUT", &path, &window("Other")).await.refused(422, "rejected", field);
    }
    let mut named = window("Other");
    named["comment"] = json!("");
    named["mutes_people"] = json!(false);
    let changed = send(&server, "PUT", &path, &named).await;
    assert_eq!((changed.status, &changed.json()["revision"]), (200, &json!(2)));
    assert_eq!(changed.json().get("comment"), None);
    assert_eq!(changed.json().get("mutes_people"), None);
    // A caller that sends the revision has seen the content.
    let again = send(&server, "PUT", &format!("{path}?revision=2"), &full).await;
    assert_eq!(again.json()["comment"], "the vendor does it");
    let seen = send(&server, "PUT", &format!("{path}?revision=3"), &window("Third")).await;
    assert_eq!((seen.status, seen.json().get("comment")), (200, None));
}
