//! The `OpenAPI` document lists every route, and real responses match its schemas.

use std::collections::{BTreeMap, BTreeSet};

use redphone::api::path;
use redphone::backend::Backend;
use redphone::model::checklist::{Answer, InvestigationItem, Item};
use redphone::model::command::Link;
use redphone::model::impact::{Affected, Reporter};
use redphone::model::status::{Classification, ResolutionAction, Role, Status};
use redphone::model::{Impact, IncidentCommand, PersonRef, Priority};
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, declare, fetch, order};
use crate::support::{alerts, notifications, reach};

fn document() -> Value {
    serde_json::from_str(&redphone::server::openapi::document_json()).unwrap()
}

#[test]
fn routes_and_documented_paths_are_the_same() {
    let document = document();
    let described: BTreeSet<_> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, redphone::server::paths::all().collect());
}

#[test]
fn every_route_is_documented() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/routes");
    let files = ["", "ingest"].map(|name| std::fs::read_dir(folder.join(name)).unwrap());
    for file in files.into_iter().flatten() {
        let path = file.unwrap().path();
        // Those of other systems are described where the systems are, and those of links and of the status
        // page are pages for people.
        let is_described_elsewhere =
            ["ingest/foreign.rs", "routes/answers.rs", "routes/status_page.rs"]
                .iter()
                .any(|file| path.ends_with(file));
        if path.is_dir() || is_described_elsewhere {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for call in [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge("] {
            assert!(!text.contains(call), "{}: {call} adds what is not described", path.display());
        }
    }
}

#[tokio::test]
async fn every_documented_route_is_served_with_its_methods_only() {
    let server = TestServer::new().await;
    let routes = super::security::routes();
    for route in &routes {
        let is_served = |method: &str| {
            routes.iter().any(|other| other.pattern == route.pattern && other.method == method)
        };
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            let request = server.request(method, &route.path).bearer_auth(&server.admin);
            let response = fetch(request).await;
            // The handshake of CloudEvents needs an answer, and means nothing to anybody else.
            let is_handshake = method == "OPTIONS" && route.pattern == "/v1/ingest/{name}";
            if is_served(method) || is_handshake {
                assert_ne!(response.status, 405, "{method} {}", route.path);
            } else {
                response.refused(405, "no_such_method", "no such method");
            }
        }
    }
}

#[test]
fn openapi_document_is_consistent() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()));
            assert!(operation["summary"].is_string());
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "there is no schema {name}");
    }
    assert!(jsonschema::meta::is_valid(&json!({"$defs": schemas})));
}

#[test]
fn document_has_what_generators_of_clients_need() {
    let document = document();
    let text = document.to_string();
    assert!(!text.contains("\"prefixItems\"") && !text.contains("\"allOf\""));
    assert_eq!(document["servers"][0]["url"], "/");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut contents = BTreeMap::new();
    for (name, schema) in schemas {
        let is_pascal_case = name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric());
        assert!(is_pascal_case, "{name}");
        // The schema of a form is one of its own, though it may be that of the JSON.
        let text = if name.ends_with("Form") { String::new() } else { schema.to_string() };
        assert!(text.len() < 200 || contents.insert(text, name).is_none(), "{name} is there twice");
        let kinds = schema["oneOf"].as_array().into_iter().flatten();
        let has_objects =
            kinds.clone().count() > 1 && kinds.clone().all(|kind| kind["$ref"].is_string());
        let has_one_field = |kind: &Value| {
            let target = kind["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            schemas[target]["properties"].as_object().is_some_and(|fields| fields.len() == 1)
        };
        let is_told_apart = || {
            schema["discriminator"]["propertyName"].is_string() || kinds.clone().all(has_one_field)
        };
        assert!(!has_objects || is_told_apart(), "{name}: {schema}");
    }
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| {
            assert!(tag["description"].is_string());
            tag["name"].as_str().unwrap()
        })
        .collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{at}");
            assert!(operation["description"].is_string(), "{at}");
            let sample = operation["x-codeSamples"][0]["source"].as_str().unwrap();
            assert!(sample.contains("curl"), "{at}");
            let is_by_default = matches!(method.as_str(), "get" | "post");
            let option = format!("-X {}", method.to_uppercase());
            assert!(is_by_default || sample.contains(&option), "{at}: {sample}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let at = format!("{at} {status}");
                let headers = response["headers"].as_object().unwrap_or_else(|| panic!("{at}"));
                assert!(headers.contains_key("X-Request-Id"), "{at}");
                let needs_wait = matches!(status.as_str(), "429" | "503");
                assert!(!needs_wait || headers.contains_key("Retry-After"), "{at}");
                check_example(&document, &at, &response["content"]["application/json"]);
            }
            let body = &operation["requestBody"]["content"]["application/json"];
            check_example(&document, &at, body);
        }
    }
}

/// Checks that content has an example, which its schema allows.
#[track_caller]
fn check_example(document: &Value, at: &str, content: &Value) {
    if content.is_null() {
        return;
    }
    let mut schema = content["schema"].clone();
    schema["components"] = document["components"].clone();
    let from_schema = || {
        let name = content["schema"]["$ref"].as_str()?.rsplit('/').next()?;
        document["components"]["schemas"][name].get("example")
    };
    let example = content.get("example").or_else(from_schema);
    let example = example.unwrap_or_else(|| panic!("{at} has no example"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{at}: {wrong:?}\n{example}");
}

/// Schemas of the answers of one route, by status and media type.
struct Described(BTreeMap<String, jsonschema::Validator>);

impl Described {
    fn of(document: &Value, pattern: &str, method: &str) -> Self {
        let mut all = BTreeMap::new();
        let operation = &document["paths"][pattern][method];
        for (status, response) in operation["responses"].as_object().unwrap() {
            for (kind, content) in response["content"].as_object().into_iter().flatten() {
                let mut schema = content["schema"].clone();
                schema["components"] = document["components"].clone();
                let validator =
                    jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
                all.insert(format!("{status} {kind}"), validator);
            }
        }
        Self(all)
    }

    #[track_caller]
    fn check(&self, response: &TestResponse) {
        let kind = response.header("content-type").unwrap().split(';').next().unwrap();
        let key = format!("{} {kind}", response.status);
        let validator = self.0.get(&key).unwrap_or_else(|| panic!("{key} is not described"));
        if kind.ends_with("json") {
            let json = response.json();
            let wrong: Vec<_> = validator
                .iter_errors(&json)
                .map(|error| format!("{} at {}", error, error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{key}: {wrong:#?}\n{json:#}");
        }
    }
}

/// A record with something in every part of it.
async fn full(server: &TestServer) -> redphone::model::IncidentId {
    let tom = PersonRef::new("tom", "Tom Varga");
    let (other, declaration) = declare("Logins fail");
    let (id, full) = declare("Card payments fail");
    let at = chrono::Utc::now() + chrono::TimeDelta::hours(2);
    let commands = vec![
        IncidentCommand::Acknowledge,
        IncidentCommand::Assign { to: Some(tom.clone()) },
        IncidentCommand::SetTeam { team: Some("payments".into()) },
        IncidentCommand::GiveRole { role: Role::IncidentManager, person: tom.clone(), given: true },
        IncidentCommand::Escalate {
            level: 1,
            to: vec![tom],
            reason: Some("nobody answers".into()),
            automatic: None,
            all_must_acknowledge: false,
        },
        IncidentCommand::Prioritize { impact: Impact::High, urgency: Impact::Low },
        IncidentCommand::OverridePriority {
            priority: Priority::P1,
            reason: "the board asks".into(),
        },
        IncidentCommand::AddNote { text: "looking into it".into() },
        IncidentCommand::UpdateStakeholders {
            message: "we are on it".into(),
            next_due: Some(at),
            public: None,
        },
        IncidentCommand::AnswerItem { item: item(), answer: Answer::Yes },
        IncidentCommand::SetExpectedRecovery { at: Some(at) },
        IncidentCommand::AskForRole {
            role: Role::Scribe,
            person: PersonRef::new("ines", "Ines Moreau"),
        },
        IncidentCommand::SetImpactBegan {
            at: Some(chrono::Utc::now() - chrono::TimeDelta::hours(1)),
        },
        IncidentCommand::SetAffected {
            affected: Affected { users: Some(3), share: Some(12_500), ..Affected::default() },
        },
        IncidentCommand::AddReporter {
            reporter: Reporter {
                id: uuid::Uuid::now_v7(),
                name: "Bo Lindqvist".into(),
                contact: Some("bo@example.org".into()),
                ticket: None,
                redacted: false,
            },
        },
        IncidentCommand::InvolveTeam { team: "platform".into(), involved: true },
        IncidentCommand::AttachEvidence {
            evidence: uuid::Uuid::from_u128(7),
            name: "app.log".into(),
            content: "ZXJyb3IK".into(),
        },
        IncidentCommand::Link { link: Link::Url("https://example.com/a".into()) },
        IncidentCommand::Link { link: Link::Incident { id: other, number: None } },
        IncidentCommand::Pause { reason: "the bank".into() },
        IncidentCommand::MoveStatus { to: Status::Monitoring },
        IncidentCommand::Resolve {
            action: ResolutionAction::Rollback,
            detail: "back to v811".into(),
            validation: "payments go through".into(),
        },
    ];
    let mut orders = vec![declaration, full];
    orders.extend(commands.into_iter().map(|command| order(id, command)));
    orders.push(order(
        other,
        IncidentCommand::Reclassify { to: Classification::FalseAlarm, reason: "a test".into() },
    ));
    let answers = server.send(&server.admin, orders).await;
    for answer in &answers {
        crate::support::api::done(answer);
    }
    notifications::import(&server.store, &notifications::of_a_night(id)).await;
    id
}

fn item() -> Item {
    Item::Investigation(InvestigationItem::Reproduced)
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "it is a table of requests")]
async fn real_responses_match_their_schemas() {
    let server = TestServer::new().await;
    let id = full(&server).await;
    let document = document();
    let unknown = redphone::model::IncidentId::new();
    let measures = "/v1/measures?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z\
                    &edges=2026-06-01T00:00:00Z&cut=service";
    for (pattern, paths) in [
        (path::CAPABILITIES, vec!["/v1/capabilities".to_owned()]),
        (
            path::INCIDENTS,
            vec![
                "/v1/incidents?filter=is:any".into(),
                "/v1/incidents?filter=is:any&limit=1&sort=newest".into(),
                "/v1/incidents?limit=0".into(),
                "/v1/incidents?filter=a:b".into(),
            ],
        ),
        (
            path::INCIDENT,
            vec![
                format!("/v1/incidents/{id}"),
                format!("/v1/incidents/{unknown}"),
                "/v1/incidents/7".into(),
            ],
        ),
        (
            path::TIMELINE,
            vec![
                format!("/v1/incidents/{id}/timeline"),
                format!("/v1/incidents/{id}/timeline?after=3"),
            ],
        ),
        (
            path::SIMILAR,
            vec![
                format!("/v1/incidents/{id}/similar"),
                format!("/v1/incidents/{unknown}/similar"),
                "/v1/incidents/7/similar?limit=101".into(),
            ],
        ),
        (
            path::ALERTS,
            vec![
                format!("/v1/incidents/{id}/alerts"),
                format!("/v1/incidents/{unknown}/alerts"),
                "/v1/incidents/7/alerts?limit=0".into(),
            ],
        ),
        (
            path::EVIDENCE,
            vec![format!("/v1/evidence/{}", uuid::Uuid::from_u128(7)), "/v1/evidence/x".into()],
        ),
        (path::NUMBER, vec!["/v1/numbers/1".into(), "/v1/numbers/INC-900".into()]),
        (path::CHANGES, vec!["/v1/changes".into(), "/v1/changes?since=1".into()]),
        (path::MEASURES, vec![measures.into()]),
        (
            path::PAGES,
            vec![
                measures.replace("measures?", "measures/pages?").replace("&cut=service", ""),
                "/v1/measures/pages?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z\
                 &by=service,team&priority=P1&team=payments&offset=3600\
                 &offset_changes=2026-03-29T01:00:00Z=7200"
                    .into(),
                "/v1/measures/pages?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&by=owner"
                    .into(),
                "/v1/measures/pages?window=2026-03&offset=3600".into(),
            ],
        ),
        (path::DIRECTORY, vec!["/v1/directory".into()]),
        (path::PROBLEMS, vec!["/v1/problems".into()]),
        (path::PROBLEM, vec![format!("/v1/problems/{unknown}"), "/v1/problems/x".into()]),
        (
            path::LINKED_PROBLEMS,
            vec!["/v1/linked-problems?owner=ines".into(), "/v1/linked-problems?limit=0".into()],
        ),
        (
            path::SUSPICIONS,
            vec![
                "/v1/change-records/suspicions".into(),
                "/v1/change-records/suspicions?limit=0".into(),
            ],
        ),
        (
            path::NOTIFICATIONS,
            vec![
                format!("/v1/notifications?incident={id}"),
                "/v1/notifications?states=failed".into(),
                "/v1/notifications?incident=INC-900".into(),
                "/v1/notifications?limit=0".into(),
            ],
        ),
        (path::HEALTH, vec!["/v1/health".into()]),
        (path::READY, vec!["/v1/ready".into()]),
        (path::METRICS, vec!["/v1/metrics".into()]),
        (path::OPENAPI, vec!["/v1/openapi.json".into()]),
    ] {
        let described = Described::of(&document, pattern, "get");
        for path in paths {
            described.check(&server.get(&server.read, &path).await);
        }
        if pattern != path::HEALTH && pattern != path::READY && pattern != path::OPENAPI {
            described.check(&fetch(server.request("GET", pattern)).await);
        }
    }
    let described = Described::of(&document, path::INGEST_ALERTMANAGER, "post");
    let fires = alerts::message("disks", &[alerts::alert("db1", "09:00", None)]);
    for (token, body) in [
        (&server.ingest, fires.to_string()),
        (&server.ingest, "[]".to_owned()),
        (&server.read, fires.to_string()),
    ] {
        let request = server.request("POST", path::INGEST_ALERTMANAGER).bearer_auth(token);
        described.check(&fetch(request.body(body)).await);
    }
    let described = Described::of(&document, path::HEARTBEAT, "post");
    for token in [&server.ingest, &server.read] {
        let request = server.request("POST", "/v1/heartbeats/backup").bearer_auth(token);
        described.check(&fetch(request).await);
    }
    server.store.set_reach(reach::source());
    let described = Described::of(&document, path::PERSON_CONTACTS, "post");
    let add = json!({"add": {"name": "phone", "channel": "sms", "address": "+49151"}});
    for (token, person, body) in [
        (&server.respond, "ines", add.clone()),
        (&server.respond, "ines", json!({"quiet": {"from": "22:00", "to": "07:00"}})),
        (&server.respond, "tom", add.clone()),
        (&server.respond, "ines", json!({"remove": "mail"})),
        (&server.respond, "ines", json!({"remove": 7})),
        (&server.read, "ines", add),
    ] {
        let request = server.request("POST", &format!("/v1/contacts/{person}"));
        described.check(&fetch(request.bearer_auth(token).json(&body)).await);
    }
    let described = Described::of(&document, path::TEST_CONTACTS, "post");
    for contact in ["mail", "none"] {
        let request = server.request("POST", "/v1/contacts/ines/test").bearer_auth(&server.respond);
        described.check(&fetch(request.json(&json!({"contact": contact}))).await);
    }
    let described = Described::of(&document, path::CONTACTS, "get");
    described.check(&server.get(&server.respond, path::CONTACTS).await);
    let described = Described::of(&document, path::INGEST_NAMED, "post");
    let monitor = json!({"heartbeat": {"status": 0}, "monitor": {"id": 3, "name": "Shop"}});
    for (token, name, body) in [
        (&server.ingest, "uptime-kuma", monitor.to_string()),
        (&server.ingest, "uptime-kuma", "7".to_owned()),
        (&server.ingest, "nothing", monitor.to_string()),
        (&server.read, "uptime-kuma", monitor.to_string()),
    ] {
        let request = server.request("POST", &format!("/v1/ingest/{name}")).bearer_auth(token);
        described.check(&fetch(request.body(body)).await);
    }
    // The message above that can't be understood is stored.
    for (pattern, method, path) in [
        (path::DEAD_LETTERS, "get", "/v1/ingest/dead"),
        (path::DEAD_LETTERS, "get", "/v1/ingest/dead?limit=0"),
        (path::DEAD_LETTER, "get", "/v1/ingest/dead/1"),
        (path::DEAD_LETTER, "get", "/v1/ingest/dead/9"),
        (path::WAITING_ALERTS, "get", "/v1/ingest/waiting"),
        (path::WAITING_ALERTS, "get", "/v1/ingest/waiting?limit=0"),
        (path::NOISE, "get", "/v1/noise"),
        (path::NOISE, "get", "/v1/noise?from=2031-01-01T00:00:00Z&to=2030-01-01T00:00:00Z"),
        (path::REPLAY_DEAD_LETTER, "post", "/v1/ingest/dead/1/replay"),
        (path::DEAD_LETTER, "delete", "/v1/ingest/dead/1"),
    ] {
        let described = Described::of(&document, pattern, method);
        let request = server.request(&method.to_uppercase(), path);
        described.check(&fetch(request.bearer_auth(&server.respond)).await);
    }
    let window = json!({
        "title": "Pool", "filter": {"services": ["checkout"]}, "from": "2030-03-01T01:00:00Z",
        "until": "2030-03-01T02:00:00Z",
    });
    let described = Described::of(&document, path::MAINTENANCE, "post");
    let mut id = String::new();
    for (token, body) in [
        (&server.read, window.to_string()),
        (&server.respond, "{}".to_owned()),
        (&server.respond, window.to_string()),
    ] {
        let response =
            fetch(server.request("POST", path::MAINTENANCE).bearer_auth(token).body(body)).await;
        described.check(&response);
        if response.status == 201 {
            id = response.json()["id"].as_str().unwrap().to_owned();
        }
    }
    let one = format!("/v1/maintenance/{id}");
    for (pattern, method, path, body) in [
        (path::MAINTENANCE, "get", "/v1/maintenance?ended=true", None),
        (path::MAINTENANCE_PREVIEW, "post", path::MAINTENANCE_PREVIEW, Some(&window)),
        (path::MAINTENANCE_WINDOW, "get", &one, None),
        (path::MAINTENANCE_WINDOW, "get", "/v1/maintenance/x", None),
        (path::MAINTENANCE_WINDOW, "put", &one, Some(&window)),
        (path::MAINTENANCE_WINDOW, "delete", &one, None),
        (path::MUTED, "get", "/v1/muted?limit=5", None),
    ] {
        let described = Described::of(&document, pattern, method);
        let request = server.request(&method.to_uppercase(), path).bearer_auth(&server.respond);
        let body = body.map(ToString::to_string).unwrap_or_default();
        described.check(&fetch(request.body(body)).await);
    }
    let letter = alerts::dead_letter(&fires.to_string());
    let number = server.store.add_dead_letter(&letter).await.unwrap();
    let described = Described::of(&document, path::REPLAY_DEAD_LETTER, "post");
    let request = server.request("POST", &format!("/v1/ingest/dead/{number}/replay"));
    described.check(&fetch(request.bearer_auth(&server.respond)).await);
    let described = Described::of(&document, path::ALERTS, "get");
    described.check(&server.get(&server.read, "/v1/incidents/3/alerts").await);
    let described = Described::of(&document, path::INCIDENT, "get");
    described.check(&server.get(&server.read, "/v1/incidents/3").await);
    let described = Described::of(&document, path::COMMANDS, "post");
    let (declared, declaration) = declare("Disk full");
    let orders = vec![
        declaration,
        order(declared, IncidentCommand::Close),
        order(unknown, IncidentCommand::Acknowledge),
    ];
    let body = json!({"commands": orders});
    let schema = &document["paths"][path::COMMANDS]["post"]["requestBody"]["content"];
    let mut schema = schema["application/json"]["schema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<_> = validator.iter_errors(&body).map(|error| format!("{error}")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    described.check(&server.post(&server.admin, body.to_string()).await);
    described.check(&server.post(&server.admin, "[]").await);
    described.check(&server.post(&server.read, "[]").await);
}
