//! What version 0.1.0 could read: it discarded a whole answer with a value that it did not know. Its
//! recorded description has all the values that it knew.

use std::collections::BTreeMap;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::http::{Request, Response};
use super::program::text_of;
use super::remote::token;
use super::replay::prepared_store;
use super::server::Server;

/// The header by which a program of version 0.1.0 names itself.
pub const USER_AGENT: (&str, &str) = ("user-agent", "redphone/0.1.0");

/// The recorded description of the API.
pub struct RecordedDescription {
    description: Value,
    /// The validators that were needed so far, by their schemas.
    validators: BTreeMap<String, Validator>,
}

impl RecordedDescription {
    /// Reads the description.
    pub fn new() -> Self {
        let description = serde_json::from_str(&text_of("openapi.json")).unwrap();
        Self { description, validators: BTreeMap::new() }
    }

    /// Returns what is wrong with the body of an answer by the recorded description. Fields that it does
    /// not have are right.
    pub fn wrong(&mut self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let path = path.split('?').next().unwrap_or_default();
        let operation = self.operation(method, path);
        let response = &operation["responses"][status.to_string()];
        let response = match response["$ref"].as_str() {
            Some(reference) => self.description.pointer(reference.trim_start_matches('#')).unwrap(),
            None => response,
        };
        let contents = response["content"].as_object();
        let Some(content) = contents.and_then(|contents| contents.values().next()) else {
            return vec![format!("{method} {path}: {status} is not described")];
        };
        let schema = content["schema"].clone();
        self.errors(schema, body)
    }

    /// Returns what is wrong with the details of a problem by the recorded description.
    pub fn wrong_details(&mut self, body: &Value) -> Vec<String> {
        self.errors(json!({"$ref": "#/components/schemas/Details"}), body)
    }

    fn errors(&mut self, mut schema: Value, body: &Value) -> Vec<String> {
        let validator = self.validators.entry(schema.to_string()).or_insert_with(|| {
            schema["components"] = self.description["components"].clone();
            jsonschema::validator_for(&schema).unwrap()
        });
        let errors = validator.iter_errors(body);
        errors.map(|error| format!("{error} at {}", error.instance_path())).collect()
    }

    fn operation(&self, method: &str, path: &str) -> &Value {
        let matches = |template: &str| {
            let (template, path) = (template.split('/'), path.split('/'));
            template.clone().count() == path.clone().count()
                && template.zip(path).all(|(part, is)| part.starts_with('{') || part == is)
        };
        let paths = self.description["paths"].as_object().unwrap();
        let exact = paths.get(path);
        let path = exact.or_else(|| paths.iter().find(|(name, _)| matches(name)).map(|(_, p)| p));
        &path.unwrap_or(&Value::Null)[method.to_lowercase()]
    }
}

/// A store in which each command that version 0.1.0 did not have was carried out on one incident.
struct LaterStore {
    server: Server,
    id: String,
    // Dropped, and so removed, after the server has ended.
    _home: super::program::Home,
}

/// Policies with targets that version 0.1.0 did not have.
const SETTINGS: &str = r#"
[[teams]]
name = "night"
members = ["ines", "tom"]
[[schedules]]
team = "night"
name = "night-berlin"
zone = "Europe/Berlin"
rotation = ["tom", "ines"]
starts = 2026-01-05T09:00:00
turn = "7d"
[[policies]]
team = "night"
levels = [
    { after = "0m", call = ["schedule:night-berlin"] },
    { after = "5m", call = ["team:night", "ines"] },
]
at_end = { after = "20m", call = ["team:night"] }
"#;

/// Commands whose events, or whose traces in the record, version 0.1.0 did not have.
fn later_commands() -> Vec<Value> {
    vec![
        json!({"do": "record_decision", "decision": "Stop the rollout", "reason": "too risky"}),
        json!({"do": "set_impact_began", "at": "2026-03-20T09:00:00Z"}),
        json!({"do": "set_affected", "affected": {"users": 500}}),
        json!({"do": "set_expected_recovery", "at": "2099-01-01T00:00:00Z"}),
        json!({"do": "involve_team", "team": "payments", "involved": true}),
        json!({"do": "ask_for_role", "role": "scribe", "person": {"handle": "tom", "name": "Tom"}}),
        json!({"do": "write_review", "section": "factors", "text": "No canary"}),
        json!({"do": "write_review", "section": "went_well", "text": "The alert came first"}),
        json!({"do": "write_review", "section": "summary", "text": "It broke"}),
    ]
}

impl LaterStore {
    fn new() -> Self {
        let home = prepared_store();
        std::fs::create_dir_all(home.path("config/redphone")).unwrap();
        std::fs::write(home.path("config/redphone/config.toml"), SETTINGS).unwrap();
        let server = Server::start(&home, &[], &[]);
        let id = "019cb000-0000-7001-8000-0000000f1a57".to_owned();
        let command = |number: usize, command: Value| {
            json!({"id": format!("019cb000-0000-7002-8000-000000{number:02x}0000"),
                   "at": "2026-03-20T09:10:00Z",
                   "command": {"incident": {"incident": id, "ask": command}}})
        };
        let declare = json!({"do": "declare", "title": "Checkout fails", "services": ["checkout"],
            "impact": "high", "urgency": "high", "source": "internal",
            "detected_at": "2026-03-20T09:00:00Z", "reported_at": "2026-03-20T09:05:00Z"});
        let all = std::iter::once(declare).chain(later_commands());
        let commands: Vec<Value> =
            all.enumerate().map(|(number, one)| command(number + 1, one)).collect();
        for answer in server.command(&token("ines"), &commands.into()) {
            assert!(answer.get("done").is_some(), "{answer}");
        }
        Self { server, id, _home: home }
    }

    fn read(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let authorization = ("authorization".to_owned(), format!("Bearer {}", token("ines")));
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let headers = std::iter::once(authorization).chain(headers).collect();
        let (method, path) = ("GET".into(), path.into());
        self.server.send(&Request { method, path, headers, body: None, withheld: 0 })
    }
}

#[test]
fn first_version_gets_the_values_that_it_defines() {
    let store = LaterStore::new();
    let mut description = RecordedDescription::new();
    let incident = format!("/v1/incidents/{}", store.id);
    let timeline = format!("{incident}/timeline");
    for path in ["/v1/capabilities", "/v1/directory", incident.as_str(), timeline.as_str()] {
        let body = |headers: &[(&str, &str)]| -> Value {
            let response = store.read(path, headers);
            assert_eq!(response.status, 200, "{path}");
            serde_json::from_slice(&response.body).unwrap()
        };
        let mut wrong = |body: &Value| description.wrong("GET", path, 200, body);
        let first = body(&[USER_AGENT]);
        assert_eq!(wrong(&first), Vec::<String>::new(), "{path}");
        // All others get everything.
        let all = body(&[]);
        assert_ne!(wrong(&all), Vec::<String>::new(), "{path}");
        for later in [("redphone-tolerates-unknown", "1"), ("redphone-seen", "x")] {
            assert_eq!(body(&[USER_AGENT, later]), all, "{path} {later:?}");
        }
        assert_eq!(body(&[("user-agent", "redphone/0.2.0")]), all, "{path}");
    }
    let read = |path: &str| -> Value {
        serde_json::from_slice(&store.read(path, &[USER_AGENT]).body).unwrap()
    };
    let directory = read("/v1/directory");
    let policies = directory["policies"].as_array().unwrap();
    let policy = policies.iter().find(|policy| policy["team"] == "night").unwrap();
    assert_eq!(policy["levels"][0]["call"], json!([{"on_call": "night"}]));
    assert_eq!(
        policy["levels"][1]["call"],
        json!([{"person": "ines"}, {"person": "tom"}, {"person": "ines"}])
    );
    // Nothing is missing on the timeline, and what is known is as it is.
    let events = read(&timeline);
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), 1 + later_commands().len());
    let texts: Vec<&str> = events.iter().filter_map(|event| event["text"].as_str()).collect();
    assert!(texts[0].contains("Stop the rollout") && texts[0].contains("too risky"), "{texts:?}");
    assert_eq!(events.last().unwrap()["kind"], "review_written");
    assert_eq!(read(&incident)["incident"]["review"]["sections"], json!({"summary": "It broke"}));
}

#[test]
fn recorded_description_finds_later_values() {
    let mut description = RecordedDescription::new();
    let body = |verb: &str| json!({"name": "x", "verbs": ["declare", verb], "live": true, "a_new_field": 1});
    assert_eq!(
        description.wrong("GET", "/v1/capabilities", 200, &body("snooze")),
        Vec::<String>::new()
    );
    assert_eq!(description.wrong("GET", "/v1/capabilities", 200, &body("page_team")).len(), 1);
    assert_eq!(description.wrong("GET", "/v1/nothing?a=b", 200, &json!({})).len(), 1);
}
