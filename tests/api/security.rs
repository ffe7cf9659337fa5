//! Which token may use which route: a table made from the `OpenAPI` document.

use chrono::{TimeDelta, Utc};
use redphone::api::Order;
use redphone::model::status::ResolutionAction;
use redphone::model::{Command, CommandId, IncidentCommand, IncidentId, PersonRef};
use redphone::server::scope::Scope;
use redphone::server::tokens::{NewToken, Secret};
use serde_json::Value;

use crate::support::api::{TestResponse, TestServer, declare, done, fetch, order, token};
use crate::support::wait::until;

/// A route of the `OpenAPI` document, with a valid path and query.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: String,
    pub path: String,
    pub pattern: String,
    pub needs_token: bool,
}

/// Returns all routes of the `OpenAPI` document.
pub fn routes() -> Vec<Route> {
    let document: Value =
        serde_json::from_str(&redphone::server::openapi::document_json()).unwrap();
    let mut routes = Vec::new();
    for (pattern, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = IncidentId::new().to_string();
            let mut path = pattern.replace("{id}", &id).replace("{number}", "INC-1");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let needed = parameters.iter().filter(|p| p["in"] == "query" && p["required"] == true);
            let pairs: Vec<_> = needed.map(|p| pair(p["name"].as_str().unwrap())).collect();
            if !pairs.is_empty() {
                path = format!("{path}?{}", pairs.join("&"));
            }
            let security = operation["security"].as_array().unwrap();
            let needs_token = security.iter().all(|s| s.as_object().is_some_and(|s| !s.is_empty()));
            let (method, pattern) = (method.to_uppercase(), pattern.clone());
            routes.push(Route { method, path, pattern, needs_token });
        }
    }
    routes
}

fn pair(name: &str) -> String {
    match name {
        "from" => "from=2026-01-01T00:00:00Z".into(),
        "to" => "to=2026-02-01T00:00:00Z".into(),
        "person" => "person=ines".into(),
        other => panic!("the test knows no value for {other}"),
    }
}

async fn request_route(server: &TestServer, route: &Route, token: Option<&str>) -> TestResponse {
    let mut request = server.request(&route.method, &route.path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if route.method == "POST" {
        request = request.header("content-type", "application/json").body("{\"commands\":[]}");
    }
    fetch(request).await
}

#[test]
fn every_route_but_three_needs_a_token() {
    let routes = routes();
    // Seven paths have two methods; a maintenance window and the five kinds of entries have three.
    assert_eq!(routes.len(), redphone::server::paths::all().count() + 7 + 6 * 2);
    let mut open: Vec<_> =
        routes.iter().filter(|r| !r.needs_token).map(|r| r.pattern.as_str()).collect();
    open.sort_unstable();
    assert_eq!(open, ["/v1/health", "/v1/openapi.json", "/v1/ready"]);
}

#[tokio::test]
async fn requests_without_a_valid_token_get_nothing() {
    let server = TestServer::new().await;
    let expiring = NewToken {
        name: "short".into(),
        scope: Scope::Admin,
        person: None,
        expires_at: Some(Utc::now() + TimeDelta::milliseconds(300)),
    };
    let expired = server.tokens.create(expiring).unwrap().0.reveal();
    let revoked = token(&server.tokens, "gone", Scope::Admin);
    server.tokens.revoke("gone").unwrap();
    let names_reason = async |token: &str, what: &str| {
        let response = server.get(token, "/v1/incidents").await;
        String::from_utf8(response.body).unwrap().contains(what)
    };
    until("it has expired", async || names_reason(&expired, "expired").await).await;
    until("it is known that it was revoked", async || names_reason(&revoked, "was revoked").await)
        .await;
    let unknown = Secret::new().unwrap().reveal();
    let other_secret = format!("{}{}", &server.admin[..16], &unknown[16..]);
    let cases = [
        (None, "no token came with the request"),
        (Some(unknown.as_str()), "is not known here"),
        (Some(other_secret.as_str()), "is not known here"),
        (Some("rp_"), "is not known here"),
        (Some(expired.as_str()), "the token \"short\" expired"),
        (Some(revoked.as_str()), "the token \"gone\" was revoked"),
    ];
    for route in routes().iter().filter(|route| route.needs_token) {
        for (token, expected) in cases {
            let response = request_route(&server, route, token).await;
            response.refused(401, "unauthorized", expected);
            assert_eq!(response.header("www-authenticate"), Some("Bearer realm=\"redphone\""));
        }
    }
    for route in routes().iter().filter(|route| !route.needs_token) {
        assert_eq!(request_route(&server, route, None).await.status, 200, "{route:?}");
        assert_eq!(request_route(&server, route, Some(&unknown)).await.status, 200, "{route:?}");
    }
}

#[tokio::test]
async fn insufficient_scope_is_reported() {
    let server = TestServer::new().await;
    for route in routes().iter().filter(|route| route.needs_token) {
        let commands = route.method == "POST";
        let is_for_programs = match route.pattern.as_str() {
            "/v1/capabilities" => true,
            "/v1/commands"
            | "/v1/incidents"
            | "/v1/ingest/alertmanager"
            | "/v1/ingest/{name}"
            | "/v1/heartbeats/{name}" => commands,
            _ => false,
        };
        let is_override = route.pattern.ends_with("/overrides");
        let is_maintenance = route.pattern.starts_with("/v1/maintenance") && route.method != "GET";
        let is_dead_letter = route.pattern.starts_with("/v1/ingest/dead");
        let is_administration = !is_override
            && !is_dead_letter
            && !is_maintenance
            && (["PUT", "DELETE"].contains(&route.method.as_str())
                || route.pattern == "/v1/tokens"
                || route.pattern == "/v1/administration");
        for (token, enough) in [
            (
                &server.read,
                !commands
                    && !is_override
                    && !is_administration
                    && !is_dead_letter
                    && !is_maintenance,
            ),
            (&server.ingest, is_for_programs),
            (&server.respond, !is_administration),
            (&server.admin, true),
        ] {
            let response = request_route(&server, route, Some(token)).await;
            if enough {
                assert!(![401, 403].contains(&response.status), "{route:?} {response:?}");
            } else {
                response.refused(403, "not_allowed", "of scope");
            }
        }
    }
}

#[tokio::test]
async fn running_server_sees_token_changes_within_a_second() {
    let server = TestServer::new().await;
    assert_eq!(server.get(&server.respond, "/v1/incidents").await.status, 200);
    let fresh = token(&server.tokens, "omar", Scope::Read);
    server.tokens.revoke("ines").unwrap();
    let is_accepted = async |token: &str| server.get(token, "/v1/incidents").await.status == 200;
    until("the new one is known", async || is_accepted(&fresh).await).await;
    until("the old one is not", async || !is_accepted(&server.respond).await).await;
    let response = server.get(&server.respond, "/v1/incidents").await;
    response.refused(401, "unauthorized", "was revoked");
}

#[tokio::test]
async fn long_poll_returns_nothing_once_its_token_is_revoked() {
    let server = TestServer::new().await;
    let first = server.get(&server.respond, "/v1/changes").await.json();
    let path = format!("/v1/changes?wait=60&since={}", first["cursor"].as_str().unwrap());
    let waiting = fetch(server.request("GET", &path).bearer_auth(&server.respond));
    let waiting = tokio::spawn(waiting);
    // The request is parked once the metrics count it.
    wait_for_long_polls(&server, 1).await;
    server.tokens.revoke("ines").unwrap();
    let is_accepted = async || server.get(&server.respond, "/v1/capabilities").await.status == 200;
    until("it is noticed", async || !is_accepted().await).await;
    server.declared("Card payments fail").await;
    waiting.await.unwrap().refused(401, "unauthorized", "was revoked");
}

/// Waits until the server holds `count` long polls.
pub async fn wait_for_long_polls(server: &TestServer, count: usize) {
    let figure = format!("redphone_requests_held {count}\n");
    let is_so = async || {
        let response = server.get(&server.admin, "/v1/metrics").await;
        String::from_utf8(response.body).unwrap().contains(&figure)
    };
    until(&format!("{count} requests are held"), is_so).await;
}

#[tokio::test]
async fn last_use_of_a_token_is_written_at_shutdown() {
    let mut server = TestServer::new().await;
    server.get(&server.read, "/v1/incidents").await;
    server.stop();
    server.stopped().await;
    let tokens = server.tokens.list().unwrap();
    let used = |name: &str| tokens.iter().find(|t| t.name == name).unwrap().last_used_at;
    assert!(used("wall").is_some_and(|at| Utc::now() - at < TimeDelta::minutes(1)));
    assert_eq!(used("root"), None);
}

#[test]
fn openapi_document_states_the_scope_of_each_route() {
    let document: Value =
        serde_json::from_str(&redphone::server::openapi::document_json()).unwrap();
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!(scheme["type"], "http");
    assert_eq!(scheme["scheme"], "bearer");
    assert_eq!(document["openapi"], Value::from("3.1.0"));
}

#[tokio::test]
async fn token_is_valid_as_soon_as_it_is_made() {
    let server = TestServer::new().await;
    for number in 0..20 {
        let wrong = Secret::new().unwrap().reveal();
        assert_eq!(server.get(&wrong, "/v1/capabilities").await.status, 401, "{number}");
        let made = token(&server.tokens, &format!("new {number}"), Scope::Read);
        assert_eq!(server.get(&made, "/v1/capabilities").await.status, 200, "{number}");
    }
}

/// Data that a token without read permission must not get: people, and texts of other people.
#[tokio::test]
async fn answers_to_a_program_name_no_person_and_no_incident() {
    let server = TestServer::new().await;
    let secrets = ["Ines", "ines", "Tom", "tom", "ledger", "db-7", "INC-1", "ago"];
    let (id, mut declaration) = declare("The ledger refuses bookings");
    let key = |order: &mut Order, key: &str| {
        let Command::Incident { command: IncidentCommand::Declare(declared), .. } =
            &mut order.command
        else {
            panic!("a declaration")
        };
        declared.dedup_key = Some(key.into());
    };
    key(&mut declaration, "db");
    let tom = PersonRef::new("tom", "Tom Varga");
    let answers = server
        .send(
            &server.respond,
            vec![
                declaration.clone(),
                order(id, IncidentCommand::Acknowledge),
                order(id, IncidentCommand::Assign { to: Some(tom) }),
                order(id, IncidentCommand::AddNote { text: "db-7 is full".into() }),
            ],
        )
        .await;
    for answer in &answers {
        assert!(!done(answer).replayed);
    }
    let repeat = || order(id, IncidentCommand::RepeatAlert { text: "again".into(), count: None });
    let (_, mut grouped) = declare("Again");
    key(&mut grouped, "db");
    let mut declared_again = declaration.clone();
    declared_again.id = CommandId::new();
    let mut commands = vec![
        repeat(),
        grouped.clone(),
        // A replay.
        grouped,
        declared_again,
        // Its id belongs to another command.
        declaration,
        Order { expected_seq: Some(1), ..repeat() },
        order(IncidentId::new(), IncidentCommand::RepeatAlert { text: "x".into(), count: None }),
        order(id, IncidentCommand::RepeatAlert { text: String::new(), count: None }),
        order(id, IncidentCommand::Acknowledge),
    ];
    let resolve = IncidentCommand::Resolve {
        action: ResolutionAction::Rollback,
        detail: "db-7".into(),
        validation: "ok".into(),
    };
    for _ in 0..2 {
        for answer in server.send(&server.ingest, commands.clone()).await {
            let text = serde_json::to_string(&answer).unwrap();
            let found = secrets.iter().find(|secret| text.contains(**secret));
            assert_eq!(found, None, "{text}");
        }
        for command in &mut commands {
            command.id = CommandId::new();
        }
        server.send(&server.respond, vec![order(id, resolve.clone())]).await;
    }
}
