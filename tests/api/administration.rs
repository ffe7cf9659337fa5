//! Changes of people, teams, services, schedules, policies and tokens over the API.

use redphone::backend::file::{FileStore, Options};
use redphone::model::directory::{Directory, Team};
use redphone::server::tokens::TokenFile;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch};
use crate::support::wait::until;

async fn send(
    server: &TestServer,
    token: &str,
    (method, path): (&str, &str),
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> TestResponse {
    let mut request = server.request(method, path).bearer_auth(token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    fetch(request).await
}

async fn put(server: &TestServer, path: &str, body: Value) -> TestResponse {
    send(server, &server.admin, ("PUT", path), Some(body), &[]).await
}

#[tokio::test]
async fn change_is_seen_at_once_and_stands_in_the_record() {
    let server = TestServer::new().await;
    let created = put(&server, "/v1/teams/payments", json!({"members": ["INES"]})).await;
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.header("location"), Some("/v1/teams/payments"));
    // The directory's spelling of the handle is recorded.
    let expected = json!({"put_team": {"name": "payments", "members": ["ines"]}});
    assert_eq!(created.json()["event"]["change"], expected);
    let team = server.get(&server.read, "/v1/teams/payments").await;
    assert_eq!(team.json(), json!({"name": "payments", "members": ["ines"]}));
    let changed = put(&server, "/v1/teams/payments", json!({"members": ["ines", "tom"]})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let log = server.get(&server.admin, "/v1/administration?limit=1").await.json();
    assert_eq!(log["rows"][0]["actor"]["person"]["handle"], "root");
    assert_eq!(log["rows"][0]["before"]["team"]["members"], json!(["ines"]));
    assert!(log["next"].is_string(), "{log}");
    let of_form = server.request("PUT", "/v1/people/mei").bearer_auth(&server.admin);
    let of_form = of_form.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(fetch(of_form.body("name=Mei+Castellan")).await.status, 201);
    server.get(&server.read, "/v1/people/mai").await.refused(404, "not_found", "did you mean");
}

#[tokio::test]
async fn change_that_makes_no_sense_is_refused() {
    let server = TestServer::new().await;
    for (path, body, status, code, expected) in [
        ("/v1/teams/web", json!({"name": "edge", "members": []}), 422, "rejected", "of the path"),
        ("/v1/teams/web", json!({}), 422, "rejected", "members"),
        ("/v1/teams/web", json!({"members": ["inez"]}), 422, "rejected", "did you mean"),
        ("/v1/people/mei", json!({"name": "Mei", "phone": "1"}), 422, "rejected", "phone"),
        ("/v1/people/INES", json!({"name": "Ines"}), 409, "conflict", "can't be told from"),
        ("/v1/people/%20", json!({"name": "Ines"}), 422, "rejected", "handle"),
    ] {
        put(&server, path, body).await.refused(status, code, expected);
    }
    for (header, value, status, code) in [
        ("if-match", "\"0123\"", 412, "changed_meanwhile"),
        ("if-match", "0123", 422, "rejected"),
        ("if-none-match", "*", 409, "conflict"),
        ("if-none-match", "\"0123\"", 422, "rejected"),
        ("idempotency-key", "a b", 400, "bad_request"),
    ] {
        let body = Some(json!({"name": "Ines Duval"}));
        let path = ("PUT", "/v1/people/ines");
        let response = send(&server, &server.admin, path, body, &[(header, value)]).await;
        response.refused(status, code, "");
    }
    let path = ("DELETE", "/v1/people/nobody");
    let response = send(&server, &server.admin, path, None, &[]).await;
    response.refused(404, "not_found", "does not exist");
    let only_reads = TestServer::with(|options| options.read_only = true).await;
    let response = put(&only_reads, "/v1/people/mei", json!({"name": "Mei"})).await;
    response.refused(403, "not_allowed", "only reads");
}

#[rstest]
#[case::service(
    "/v1/services/ledger",
    json!({"team": "web", "depends_on": ["checkout"], "runbook": "ledger/slow", "objective": 99_900}),
    json!({"team": "web"}),
    json!({"depends_on": [], "runbook": null, "objective": null})
)]
#[case::schedule(
    "/v1/schedules/web",
    json!({
        "rotation": ["tom"], "starts_at": "2026-03-02T00:00:00Z", "turn_s": 86_400, "overrides": [
            {"person": "ines", "from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"},
        ],
    }),
    json!({"rotation": ["tom"], "starts_at": "2026-03-02T00:00:00Z", "turn_s": 86_400}),
    json!({"overrides": []})
)]
#[tokio::test]
async fn replacement_clears_only_what_it_names(
    #[case] path: &str,
    #[case] full: Value,
    #[case] partial: Value,
    #[case] empty: Value,
) {
    let server = TestServer::new().await;
    for (path, body) in [
        ("/v1/teams/web", json!({"members": ["ines", "tom"]})),
        ("/v1/services/checkout", json!({"team": "web", "depends_on": []})),
    ] {
        put(&server, path, body).await;
    }
    assert_eq!(put(&server, path, full.clone()).await.status, 201);
    let read = async || server.get(&server.read, path).await;
    let before = read().await;
    for name in empty.as_object().unwrap().keys() {
        put(&server, path, partial.clone()).await.refused(422, "rejected", name);
    }
    let any = [("if-match", "*")];
    let response = send(&server, &server.admin, ("PUT", path), Some(partial.clone()), &any).await;
    response.refused(422, "rejected", "would clear");
    assert_eq!(read().await.json(), before.json());
    let mut named = partial.clone();
    named.as_object_mut().unwrap().extend(empty.as_object().unwrap().clone());
    assert_eq!(put(&server, path, named).await.status, 200);
    let cleared = read().await.json();
    for (name, value) in empty.as_object().unwrap() {
        assert_eq!(&cleared[name], value, "{name}");
    }
    // A caller that has seen the replaced entry may leave fields out.
    assert_eq!(put(&server, path, full).await.status, 200);
    let tag = read().await.header("etag").unwrap().to_owned();
    let seen = [("if-match", tag.as_str())];
    assert_eq!(send(&server, &server.admin, ("PUT", path), Some(partial), &seen).await.status, 200);
    assert_eq!(read().await.json(), cleared);
}

#[tokio::test]
async fn tag_of_an_entry_is_that_of_its_path() {
    let server = TestServer::new().await;
    let read = server.get(&server.read, "/v1/people/ines").await;
    let tag = read.header("etag").unwrap().to_owned();
    let change = async |name: &str| {
        let body = Some(json!({"name": name}));
        let headers = [("if-match", tag.as_str())];
        send(&server, &server.admin, ("PUT", "/v1/people/ines"), body, &headers).await
    };
    assert_eq!(change("Ines Duval").await.status, 200);
    change("Ines Moreau").await.refused(412, "changed_meanwhile", "read it again");
}

#[tokio::test]
async fn change_with_a_key_has_one_effect() {
    let server = TestServer::new().await;
    let remove = async |path| {
        let headers = [("idempotency-key", "leaver-7")];
        send(&server, &server.admin, ("DELETE", path), None, &headers).await
    };
    let first = remove("/v1/people/tom").await;
    assert_eq!(first.status, 200, "{first:?}");
    let again = remove("/v1/people/tom").await.json();
    assert_eq!((&again["replayed"], &again["event"]), (&true.into(), &first.json()["event"]));
    remove("/v1/people/ines").await.refused(422, "id_reused", "");
}

#[tokio::test]
async fn key_of_a_request_without_effect_is_bound() {
    let server = TestServer::new().await;
    assert_eq!(put(&server, "/v1/teams/zz", json!({"members": []})).await.status, 201);
    let keyed = async |members: Value| {
        let body = Some(json!({"members": members}));
        let headers = [("idempotency-key", "t3")];
        send(&server, &server.admin, ("PUT", "/v1/teams/zz"), body, &headers).await
    };
    let first = keyed(json!([])).await;
    assert_eq!((first.status, &first.json()["replayed"]), (200, &json!(false)));
    assert_eq!(put(&server, "/v1/teams/zz", json!({"members": ["ines"]})).await.status, 200);
    let again = keyed(json!([])).await;
    assert_eq!((again.status, &again.json()["replayed"]), (200, &json!(true)));
    let team = server.get(&server.read, "/v1/teams/zz").await.json();
    assert_eq!(team["members"], json!(["ines"]));
    keyed(json!(["tom"])).await.refused(422, "id_reused", "");
}

#[tokio::test]
async fn who_stands_in_is_set_by_people() {
    let server = TestServer::new().await;
    let schedule = json!({
        "rotation": ["tom"], "starts_at": "2026-03-02T00:00:00Z", "turn_s": 86_400,
    });
    assert_eq!(put(&server, "/v1/schedules/web", schedule.clone()).await.status, 201);
    // One more of the team has a name of its own, that of the path.
    let mut nights = schedule;
    nights["team"] = "web".into();
    assert_eq!(put(&server, "/v1/schedules/nights", nights.clone()).await.status, 201);
    let read = server.get(&server.read, "/v1/schedules/nights").await.json();
    assert_eq!((&read["name"], &read["team"]), (&json!("nights"), &json!("web")));
    nights["name"] = "days".into();
    put(&server, "/v1/schedules/nights", nights).await.refused(422, "rejected", "of the path");
    let path = ("DELETE", "/v1/schedules/nights");
    assert_eq!(send(&server, &server.admin, path, None, &[]).await.status, 200);
    let path = "/v1/schedules/web/overrides";
    let span = |person: &str| json!({"person": person, "from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"});
    let add = async |token: &str, person: &str| {
        send(&server, token, ("POST", path), Some(span(person)), &[]).await
    };
    assert_eq!(add(&server.respond, "ines").await.status, 200);
    assert_eq!(add(&server.respond, "tom").await.status, 200);
    add(&server.ingest, "ines").await.refused(403, "not_allowed", "who is on call");
    let on_call = server.get(&server.read, "/v1/on-call?at=2030-01-01T12:00:00Z").await.json();
    assert_eq!(on_call[0]["person"]["handle"], "tom", "the last one counts");
    let remove = async |token: &str, person: &str| {
        let span = "from=2030-01-01T00:00:00Z&to=2030-01-02T00:00:00Z";
        let path = format!("{path}?person={person}&{span}");
        send(&server, token, ("DELETE", &path), None, &[]).await
    };
    remove(&server.respond, "tom").await.refused(403, "not_allowed", "somebody else");
    assert_eq!(remove(&server.respond, "ines").await.status, 200);
    assert_eq!(remove(&server.admin, "tom").await.status, 200);
    remove(&server.admin, "tom").await.refused(404, "not_found", "no such override");
}

#[tokio::test]
async fn entries_of_the_settings_file_are_refused_with_its_name() {
    let mut server = TestServer::new().await;
    server.stop();
    server.stopped().await;
    let team = Team { name: "web".into(), members: vec!["ines".into()] };
    let schedule = json!({
        "team": "web", "rotation": ["tom"], "starts_at": "2026-03-02T00:00:00Z", "turn_s": 86_400,
    });
    let overlay = Directory {
        teams: vec![team],
        schedules: vec![serde_json::from_value(schedule).unwrap()],
        ..Directory::default()
    };
    let options = Options {
        overlay,
        overlay_file: Some("/etc/redphone/config.toml".into()),
        ..crate::support::store::options()
    };
    let store = FileStore::open(&server.path("store.db"), options).await.unwrap();
    let other = TestServer::restarted_on(store, &server).await;
    for (method, path, body) in [
        ("PUT", "/v1/teams/web", Some(json!({"members": []}))),
        ("DELETE", "/v1/teams/web", None),
        ("DELETE", "/v1/schedules/web", None),
    ] {
        let response = send(&other, &other.admin, (method, path), body, &[]).await;
        response.refused(409, "conflict", "/etc/redphone/config.toml: change it there");
    }
    // An override is not in the file, and is added to its schedule.
    let span =
        json!({"person": "ines", "from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"});
    let path = ("POST", "/v1/schedules/web/overrides");
    assert_eq!(send(&other, &other.respond, path, Some(span.clone()), &[]).await.status, 200);
    let schedule = other.get(&other.read, "/v1/schedules/web").await.json();
    assert_eq!(schedule["overrides"], json!([span]));
}

#[tokio::test]
async fn created_token_works_until_it_is_revoked() {
    let server = TestServer::new().await;
    let body = json!({"name": "backup", "scope": "ingest", "expires_at": "2099-01-01T00:00:00Z"});
    let path = ("POST", "/v1/tokens");
    let response = send(&server, &server.admin, path, Some(body), &[]).await;
    assert_eq!(response.status, 201, "{response:?}");
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let created = response.json();
    let (secret, id) =
        (created["secret"].as_str().unwrap(), created["token"]["id"].as_str().unwrap());
    assert_eq!(response.header("location"), Some(format!("/v1/tokens/{id}").as_str()));
    until("it works", async || server.get(secret, "/v1/capabilities").await.status == 200).await;
    for path in ["/v1/tokens", "/v1/administration"] {
        let text = String::from_utf8(server.get(&server.admin, path).await.body).unwrap();
        assert!(text.contains("backup") && !text.contains(&secret[16..]), "{text}");
        assert!(!text.contains("hash"), "{text}");
    }
    let revoke = async |id: &str| {
        let path = format!("/v1/tokens/{id}");
        send(&server, &server.admin, ("DELETE", &path), None, &[]).await
    };
    let revoked = revoke(id).await;
    assert!(revoked.status == 200 && revoked.json()["revoked_at"].is_string(), "{revoked:?}");
    until("it is refused", async || server.get(secret, "/v1/capabilities").await.status == 401)
        .await;
    revoke(id).await.refused(422, "rejected", "was revoked already");
    revoke("0123456789ab").await.refused(404, "not_found", "/v1/tokens has");
    revoke("wall").await.refused(400, "bad_request", "/v1/tokens has");
    let log = server.get(&server.admin, "/v1/administration").await.json();
    let change =
        |row: usize| log["rows"][row]["change"].as_object().unwrap().keys().next().cloned();
    assert_eq!(
        (change(0).as_deref(), change(1).as_deref()),
        (Some("revoke_token"), Some("create_token"))
    );
}

#[tokio::test]
async fn token_that_makes_no_sense_is_refused() {
    let server = TestServer::new().await;
    for (body, expected) in [
        (json!({"name": "wall", "scope": "read"}), "there is a token \"wall\" already"),
        (json!({"name": "", "scope": "read"}), "name"),
        (json!({"name": "x"}), "scope"),
        (json!({"name": "x", "scope": "root"}), "scope"),
        (json!({"name": "x", "scope": "ingest", "person": "ines"}), "acts for a program"),
        (json!({"name": "x", "scope": "read", "expires_at": "2020-01-01T00:00:00Z"}), "expired"),
    ] {
        let response = send(&server, &server.admin, ("POST", "/v1/tokens"), Some(body), &[]).await;
        response.refused(422, "rejected", expected);
    }
    let tokens = TokenFile::new(server.tokens.path()).list().unwrap();
    assert_eq!(tokens.len(), 4);
}
