//! Incidents declared and changed one at a time, as scripts and people do it.

use std::collections::BTreeSet;

use chrono::Utc;
use redphone::backend::Backend;
use redphone::model::directory::{Directory, Service, Team};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::{
    Actor, Command, CommandId, Envelope, Extra, IncidentId, PersonRef, ProblemId,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch};
use crate::support::requests::{ask, resolve};
use crate::support::store::{empty_log, logged_commits};

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends a POST request with a body of a type, and with more headers.
async fn post(
    server: &TestServer,
    token: &str,
    path: &str,
    (media_type, body): (&str, &str),
    headers: &[(&str, &str)],
) -> TestResponse {
    let mut request = server.request("POST", path).bearer_auth(token);
    if !media_type.is_empty() {
        request = request.header("content-type", media_type);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    fetch(request.body(body.to_owned())).await
}

async fn post_json(server: &TestServer, token: &str, path: &str, body: &Value) -> TestResponse {
    post(server, token, path, ("application/json", &body.to_string()), &[]).await
}

/// Declares an incident with a form, and returns the response as JSON.
async fn declare(server: &TestServer, token: &str, form: &str) -> Value {
    let response = post(server, token, "/v1/incidents", (FORM, form), &[]).await;
    assert_eq!(response.status, 201, "{response:?}");
    response.json()
}

/// Sets a directory with a service that belongs to a team.
async fn set_directory(server: &TestServer) {
    let people = vec![PersonRef::new("ines", "Ines Moreau"), PersonRef::new("tom", "Tom Varga")];
    let team = Team { name: "payments".into(), members: vec!["ines".into()] };
    let service: Service = serde_json::from_value(json!({
        "name": "checkout", "team": "payments", "runbook": "checkout.md",
    }))
    .unwrap();
    let directory =
        Directory { people, teams: vec![team], services: vec![service], ..Directory::default() };
    server.store.set_directory(&directory).await.unwrap();
}

#[tokio::test]
async fn title_alone_declares_an_incident() {
    let server = TestServer::new().await;
    for (index, (token, media_type, body, source)) in [
        (&server.respond, FORM, "title=Card+payments+fail", "internal"),
        (&server.admin, "application/json", r#"{"title": "Card payments fail"}"#, "internal"),
        (&server.ingest, FORM, "title=Card%20payments%20fail", "monitoring"),
    ]
    .into_iter()
    .enumerate()
    {
        let label = format!("INC-{}", index + 1);
        let response = post(&server, token, "/v1/incidents", (media_type, body), &[]).await;
        assert_eq!(response.status, 201, "{response:?}");
        assert_eq!(response.header("location"), Some(format!("/v1/incidents/{label}").as_str()));
        let outcome = response.json();
        assert_eq!(outcome["number"], index + 1);
        assert_eq!(outcome["label"], label);
        assert_eq!(outcome["replayed"], false);
        let detail = server.get(&server.read, outcome["url"].as_str().unwrap()).await.json();
        assert_eq!(detail["incident"]["id"], outcome["id"]);
        for (field, value) in [("impact", "medium"), ("urgency", "medium"), ("source", source)] {
            assert_eq!(detail["incident"][field], value, "{field}");
        }
    }
}

#[tokio::test]
async fn named_fields_are_recorded_and_others_follow_from_the_service() {
    let server = TestServer::new().await;
    set_directory(&server).await;
    let form = "title=Down&service=checkout&impact=high&urgency=low&category=infrastructure\
                &symptoms=one%0Atwo&labels=eu,%20card&labels=vip&detected_at=2026-03-01T09:00:00Z\
                &reported_at=2026-03-01T09:05:00Z&source=user_report";
    let url = declare(&server, &server.respond, form).await["url"].clone();
    let record = server.get(&server.read, url.as_str().unwrap()).await.json()["incident"].clone();
    for (field, value) in [
        ("services", json!(["checkout"])),
        ("team", json!("payments")),
        ("runbook", json!("checkout.md")),
        ("impact", json!("high")),
        ("urgency", json!("low")),
        ("category", json!("infrastructure")),
        ("symptoms", json!("one\ntwo")),
        ("labels", json!(["eu", "card", "vip"])),
        ("detected_at", json!("2026-03-01T09:00:00Z")),
        ("reported_at", json!("2026-03-01T09:05:00Z")),
        ("source", json!("user_report")),
    ] {
        assert_eq!(record[field], value, "{field}: {record:#}");
    }
}

#[rstest]
#[case("root_cause")]
#[case("factors")]
#[case("went_well")]
#[tokio::test]
async fn section_of_a_review_is_written(#[case] section: &str) {
    let server = TestServer::new().await;
    let url = declare(&server, &server.respond, "title=Down").await["url"].clone();
    let url = url.as_str().unwrap();
    let body = json!({"section": section, "text": "capacity, alerts"});
    let response = post_json(&server, &server.respond, &format!("{url}/review"), &body).await;
    assert_eq!(response.status, 200, "{response:?}");
    let detail = server.get(&server.read, url).await.json();
    let sections = &detail["incident"]["review"]["sections"];
    assert_eq!(*sections, json!({section: "capacity, alerts"}), "{detail:#}");
}

#[tokio::test]
async fn body_that_is_not_understood_is_refused_with_what_is_wrong() {
    let server = TestServer::new().await;
    for (media_type, body, status, code, expected) in [
        (FORM, "", 422, "rejected", "missing field `title`"),
        (FORM, "titel=x", 422, "rejected", "did you mean `title`?"),
        (
            FORM,
            "title=x&impact=hihg",
            422,
            "rejected",
            "impact: unknown value `hihg`, did you mean `high`?",
        ),
        (FORM, "title=x&title=y", 422, "rejected", "title: is in the form twice"),
        (FORM, "title=%ff", 400, "bad_request", "title: it is not UTF-8"),
        (FORM, "title=x&detected_at=now", 422, "rejected", "is not a time such as"),
        (FORM, "title=+", 422, "rejected", "title"),
        ("application/json", "", 422, "rejected", "missing field `title`"),
        ("application/json", "[]", 422, "rejected", "it is no object"),
        ("application/json", "{", 400, "bad_request", "EOF"),
        ("application/json", r#"{"title": 7}"#, 422, "rejected", "title: is a number, expected"),
        (
            "application/json",
            r#"{"title": "x", "title": "y"}"#,
            400,
            "bad_request",
            "duplicate field `title`",
        ),
        (FORM, r#"{"title": "x"}"#, 415, "media_type", "the body is JSON and its type"),
        ("text/plain", "title=x", 415, "media_type", "neither JSON nor a form"),
        ("multipart/form-data; boundary=x", "--x--", 415, "media_type", "neither JSON nor a form"),
        ("", "title=x", 415, "media_type", "neither JSON nor a form"),
    ] {
        let path = "/v1/incidents";
        let response = post(&server, &server.respond, path, (media_type, body), &[]).await;
        response.refused(status, code, expected);
    }
    assert_eq!(
        server.get(&server.read, "/v1/incidents?filter=is:any").await.json()["rows"],
        json!([])
    );
}

#[tokio::test]
async fn person_confirms_a_service_that_the_directory_does_not_have() {
    let server = TestServer::new().await;
    set_directory(&server).await;
    let body = (FORM, "title=x&service=chekout");
    let refused = post(&server, &server.respond, "/v1/incidents", body, &[]).await;
    refused.refused(422, "rejected", "add ?accept_unknown=true to the path");
    let path = "/v1/incidents?accept_unknown=true";
    assert_eq!(post(&server, &server.respond, path, body, &[]).await.status, 201);
    assert_eq!(post(&server, &server.ingest, "/v1/incidents", body, &[]).await.status, 201);
}

#[tokio::test]
async fn alert_with_a_used_key_is_counted_in_the_open_incident() {
    let server = TestServer::new().await;
    let form = "title=Disk+full&dedup_key=db1-disk";
    let first = declare(&server, &server.ingest, form).await;
    for is_replayed in [false, true] {
        let key = [("idempotency-key", "second")];
        let again = post(&server, &server.ingest, "/v1/incidents", (FORM, form), &key).await;
        assert_eq!((again.status, again.header("location")), (200, None), "{again:?}");
        assert_eq!(again.json()["id"], first["id"]);
        assert_eq!(again.json()["replayed"], is_replayed);
    }
    let rows = server.get(&server.read, "/v1/incidents?filter=is:any").await.json()["rows"].clone();
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn repeated_declaration_changes_nothing() {
    let server = TestServer::new().await;
    let key = [("idempotency-key", "\"backup-7\"")];
    for token in [&server.respond, &server.ingest] {
        let send = async |body: &str, key: &[(&str, &str)]| {
            post(&server, token, "/v1/incidents", (FORM, body), key).await
        };
        let first = send("title=Backup+failed", &key).await;
        let again = send("title=Backup+failed", &[("Idempotency-Key", "backup-7")]).await;
        assert_eq!((first.status, again.status), (201, 201), "{again:?}");
        let (first, again) = (first.json(), again.json());
        assert_eq!((&first["id"], &first["number"]), (&again["id"], &again["number"]));
        assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
        let other = send("title=Another", &key).await;
        other.refused(422, "id_reused", "the Idempotency-Key was sent with another request");
        for bad in ["", "\"", "a b", "\"x\";y=1"] {
            let refused = send("title=x", &[("idempotency-key", bad)]).await;
            refused.refused(400, "bad_request", "Idempotency-Key is no key");
        }
    }
    let rows = server.get(&server.read, "/v1/incidents?filter=is:any").await.json()["rows"].clone();
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "one for each who sent the key");
}

#[tokio::test]
async fn repeated_change_does_nothing_more() {
    let server = TestServer::new().await;
    let url = declare(&server, &server.respond, "title=x").await["url"].clone();
    let url = url.as_str().unwrap();
    let send = async |verb: &str, body: Value, key: &str| {
        let body = body.to_string();
        let key = [("idempotency-key", key)];
        let path = format!("{url}/{verb}");
        post(&server, &server.respond, &path, ("application/json", &body), &key).await
    };
    let requests = [
        ("acknowledge", json!({})),
        // The time follows from that of the request.
        ("snooze", json!({"until": "4h"})),
        ("wake", json!({})),
        // The results of these depend on the record.
        ("priority", json!({"priority": "p1", "reason": "the board asks"})),
        ("undo", json!({})),
        ("note", json!({"text": "looking"})),
    ];
    let mut first = Vec::new();
    for (verb, body) in &requests {
        let response = send(verb, body.clone(), verb).await;
        assert_eq!(response.status, 200, "{verb}: {response:?}");
        first.push(response.json());
    }
    let before = server.get(&server.read, &format!("{url}/timeline")).await.json();
    for ((verb, body), first) in requests.iter().zip(first) {
        let again = send(verb, body.clone(), verb).await;
        assert_eq!(again.status, 200, "{verb}: {again:?}");
        let again = again.json();
        assert_eq!(again["replayed"], true, "{verb}");
        assert_eq!(again["events"], first["events"], "{verb}");
    }
    let other = send("note", json!({"text": "another"}), "note").await;
    other.refused(422, "id_reused", "another request");
    let other = send("wake", json!({}), "acknowledge").await;
    other.refused(422, "id_reused", "another request");
    assert_eq!(server.get(&server.read, &format!("{url}/timeline")).await.json(), before);
}

#[tokio::test]
async fn change_of_an_incident_that_has_changed_since_is_refused() {
    let server = TestServer::new().await;
    let url = declare(&server, &server.respond, "title=x").await["url"].clone();
    let url = url.as_str().unwrap();
    let tag = server.get(&server.read, url).await.header("etag").unwrap().to_owned();
    let note = ("application/json", r#"{"text": "looking"}"#);
    let path = format!("{url}/note");
    let if_match = [("if-match", tag.as_str())];
    assert_eq!(post(&server, &server.respond, &path, note, &if_match).await.status, 200);
    let refused = post(&server, &server.respond, &path, note, &if_match).await;
    refused.refused(412, "changed_meanwhile", "changed");
    let bad = [("if-match", "17")];
    let refused = post(&server, &server.respond, &path, note, &bad).await;
    refused.refused(422, "rejected", "If-Match is not the tag");
}

#[tokio::test]
async fn incident_is_named_by_its_number_or_its_id() {
    let server = TestServer::new().await;
    let outcome = declare(&server, &server.respond, "title=x").await;
    let id = outcome["id"].as_str().unwrap();
    for (round, name) in ["INC-1", "inc-1", "INC1", "1", id].into_iter().enumerate() {
        for path in [format!("/v1/incidents/{name}"), format!("/v1/incidents/{name}/timeline")] {
            assert_eq!(server.get(&server.read, &path).await.status, 200, "{path}");
        }
        let path = format!("/v1/incidents/{name}/note");
        let body = json!({"text": format!("note {round}")});
        assert_eq!(post_json(&server, &server.respond, &path, &body).await.status, 200, "{path}");
    }
    let unknown = IncidentId::new().to_string();
    for (name, status, code) in [
        ("INC-2", 404, "not_found"),
        (unknown.as_str(), 404, "not_found"),
        ("INC-x", 400, "bad_request"),
        ("x", 400, "bad_request"),
    ] {
        let path = format!("/v1/incidents/{name}/acknowledge");
        post_json(&server, &server.respond, &path, &json!({})).await.refused(status, code, "");
        let path = format!("/v1/incidents/{name}");
        server.get(&server.read, &path).await.refused(status, code, "");
    }
}

#[tokio::test]
async fn token_and_server_decide_who_may_change_incidents() {
    let server = TestServer::new().await;
    declare(&server, &server.respond, "title=x").await;
    for (token, path) in [
        (&server.read, "/v1/incidents"),
        (&server.read, "/v1/incidents/INC-1/acknowledge"),
        (&server.ingest, "/v1/incidents/INC-1/acknowledge"),
        // A caller without read permission does not learn which incidents exist.
        (&server.ingest, "/v1/incidents/INC-99/acknowledge"),
    ] {
        let response = post(&server, token, path, ("", ""), &[]).await;
        response.refused(403, "not_allowed", "of scope");
    }
    let only_reads = TestServer::with(|options| options.read_only = true).await;
    let body = (FORM, "title=x");
    let response = post(&only_reads, &only_reads.admin, "/v1/incidents", body, &[]).await;
    response.refused(403, "not_allowed", "only reads");
}

#[tokio::test]
async fn refusals_have_the_status_that_http_has_for_them() {
    let server = TestServer::new().await;
    declare(&server, &server.respond, "title=x").await;
    let send = async |verb: &str, body: &str| {
        let path = format!("/v1/incidents/INC-1/{verb}");
        post(&server, &server.respond, &path, ("application/json", body), &[]).await
    };
    assert_eq!(send("acknowledge", "").await.status, 200);
    for (verb, body, status, code, expected) in [
        ("acknowledge", "{}", 409, "conflict", ""),
        ("acknowledge", r#"{"text": "x"}"#, 422, "rejected", "unknown field `text`"),
        ("assign", "{}", 422, "rejected", "missing field `to`"),
        ("assign", r#"{"to": "inez"}"#, 422, "rejected", "did you mean ines"),
        ("assign", r#"{"to": 7}"#, 422, "rejected", "to: is a number"),
        ("snooze", r#"{"until": "soon"}"#, 422, "rejected", "until: "),
        ("priority", r#"{"priority": "p9"}"#, 422, "rejected", "p1 to p4"),
        ("close", "{}", 422, "rejected", ""),
        ("merge", r#"{"into": "INC-7"}"#, 404, "not_found", ""),
        ("nothing", "{}", 404, "not_found", "there is no such path"),
    ] {
        send(verb, body).await.refused(status, code, expected);
    }
    let response = server.get(&server.read, "/v1/incidents/INC-1/acknowledge").await;
    response.refused(405, "no_such_method", "see the Allow header");
    assert_eq!(response.header("allow"), Some("POST"));
}

/// A server that stops meanwhile has carried out all of them or none, so that the request can be sent again.
#[tokio::test]
async fn commands_of_one_request_are_one_transaction() {
    let server = TestServer::new().await;
    let id = server.declared("Cards fail").await;
    let resolved = server.store.execute(&ask(id, resolve())).await;
    assert!(resolved.is_ok(), "{resolved:?}");
    empty_log(server.store.path());
    let body = ("application/json", r#"{"all": true}"#);
    let closed = post(&server, &server.respond, "/v1/incidents/INC-1/close", body, &[]).await;
    assert_eq!(closed.status, 200, "{closed:?}");
    assert_eq!(closed.json()["events"].as_array().map(Vec::len), Some(6));
    assert_eq!(logged_commits(server.store.path()), 1);
}

#[tokio::test]
async fn each_verb_has_a_route_on_which_its_example_works() {
    let server = TestServer::new().await;
    set_directory(&server).await;
    let routes: BTreeSet<&str> = redphone::server::paths::all().collect();
    for verb in redphone::verbs::Verb::ALL {
        assert!(routes.contains(redphone::server::paths::verb(*verb)), "{verb:?}");
        let body: Value = serde_json::from_str(verb.row().example.fields).unwrap();
        let url = declare(&server, &server.admin, "title=x&service=checkout").await["url"].clone();
        let path = format!("{}/{}", url.as_str().unwrap(), verb.row().name);
        let response = post_json(&server, &server.admin, &path, &body).await;
        // The examples are of different stages of an incident, and name others.
        assert!(matches!(response.status, 200 | 404 | 409 | 422), "{path} {body}: {response:?}");
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert!(response.status == 200 || !text.contains("is missing"), "{path} {body}: {text}");
    }
}

#[tokio::test]
async fn form_and_json_say_the_same() {
    let server = TestServer::new().await;
    for (verb, form, body) in [
        ("acknowledge", "", json!({})),
        ("note", "text=line+one%0Aline+two", json!({"text": "line one\nline two"})),
        ("assign", "to=tom", json!({"to": "tom"})),
        ("snooze", "until=2099-01-01T00:00:00Z", json!({"until": "2099-01-01T00:00:00Z"})),
        ("services", "services=a&services=b", json!({"services": ["a", "b"]})),
    ] {
        let mut events = Vec::new();
        for (media_type, body) in [(FORM, form), ("application/json", &body.to_string())] {
            let url = declare(&server, &server.admin, "title=x").await["url"].clone();
            let path = format!("{}/{verb}?accept_unknown=true", url.as_str().unwrap());
            let response = post(&server, &server.admin, &path, (media_type, body), &[]).await;
            assert_eq!(response.status, 200, "{verb}: {response:?}");
            let mut event = response.json()["events"][0].clone();
            for field in ["id", "incident", "command", "at", "recorded_at", "verdicts"] {
                event.as_object_mut().unwrap().remove(field);
            }
            events.push(event);
        }
        assert_eq!(events[0], events[1], "{verb}");
    }
}

#[tokio::test]
async fn incident_is_led_from_its_declaration_to_its_resolution() {
    let server = TestServer::new().await;
    let send = async |path: &str, body: Value| {
        let path = format!("/v1/incidents{path}");
        let response = post_json(&server, &server.admin, &path, &body).await;
        assert!(matches!(response.status, 200 | 201), "{path} {body}: {response:?}");
        response.json()
    };
    send("", json!({"title": "Card payments fail", "impact": "high", "urgency": "high"})).await;
    for (verb, body) in [
        ("acknowledge", json!({})),
        ("assign", json!({"to": "tom"})),
        ("category", json!({"category": "infrastructure"})),
        ("move", json!({"to": "monitoring"})),
        ("update", json!({"message": "We are on it"})),
        (
            "resolve",
            json!({"action": "rollback", "detail": "back to v811", "validation": "payments work"}),
        ),
    ] {
        send(&format!("/INC-1/{verb}"), body).await;
    }
    let row = server.get(&server.read, "/v1/incidents/INC-1").await.json()["incident"].clone();
    assert_eq!((&row["status"], &row["assignee"]["handle"]), (&json!("resolved"), &json!("tom")));
    assert!(server.store.capabilities().await.is_ok());
}

#[tokio::test]
async fn link_to_a_problem_has_its_title() {
    let server = TestServer::new().await;
    declare(&server, &server.respond, "title=Cards+fail").await;
    let record = |id: ProblemId, title: &str| {
        let problem = Problem {
            id,
            title: title.into(),
            state: ProblemState::Open,
            services: Vec::new(),
            cause: String::new(),
            workaround: String::new(),
            opened_at: Utc::now(),
            owner: None,
            team: None,
            category: None,
            removed_at: None,
            revision: 0,
            edits: Vec::new(),
            extra: Extra::default(),
        };
        let command = Command::RecordProblem(problem);
        let actor = Actor::Person(PersonRef::new("ines", "Ines Moreau"));
        Envelope { id: CommandId::new(), at: Utc::now(), actor, command, expected_seq: None }
    };
    let (id, other) = (ProblemId::new(), ProblemId::new());
    server.store.execute(&record(id, "The pool is too small")).await.unwrap();
    let link = async |body: Value, key: &str| {
        let content = ("application/json", &*body.to_string());
        let headers = [("idempotency-key", key)];
        post(&server, &server.respond, "/v1/incidents/1/link", content, &headers).await
    };
    let linked = json!({"to": format!("problem:{id}")});
    let title = "/events/0/link/problem/title";
    let response = link(linked.clone(), "\"one\"").await;
    let outcome = response.json();
    assert_eq!(outcome.pointer(title), Some(&"The pool is too small".into()), "{response:?}");
    // A request that comes again is the same one, whatever the problem is called by now.
    server.store.execute(&record(id, "The pool leaks")).await.unwrap();
    let repeated = link(linked, "\"one\"").await;
    assert_eq!(
        (repeated.status, &repeated.json()["replayed"]),
        (200, &true.into()),
        "{repeated:?}"
    );

    let unknown = json!({"to": format!("problem:{other}")});
    link(unknown, "\"two\"").await.refused(422, "rejected", "there is no problem");
    let named = json!({"to": format!("problem:{other}"), "title": "In another store"});
    let outcome = link(named, "\"three\"").await.json();
    assert_eq!(outcome.pointer(title), Some(&"In another store".into()));
}
