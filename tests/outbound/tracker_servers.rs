//! The requests that each tracker accepts, and its refusals of wrong ones, by its documentation.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use redphone::outbound::tracker::{TrackerKind, TrackerOptions};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::providers::SECRET;
use super::stand_in::{Judge, Recorded, Reply};

pub const USER: &str = "bot@example.org";
const PLANE_PROJECT: &str = "4af68566-94a4-4eb3-94aa-50dc9427067b";

/// The fault of the next creation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The issue is created, and a gateway answers that it does not know.
    LostAnswer,
    /// The issue is created, and nothing answers.
    Silent,
    /// Nothing is created, as there were too many requests.
    Limited,
    /// Nothing is created, as the server fails.
    Down,
    /// Nothing is created, as a field is wrong.
    Invalid,
}

/// An issue of the fake.
#[derive(Clone, Debug)]
struct Issue {
    number: u64,
    body: Value,
    state: &'static str,
}

/// A tracker with its issues.
pub struct TrackerServer {
    pub kind: TrackerKind,
    issues: Mutex<Vec<Issue>>,
    faults: Mutex<VecDeque<Fault>>,
    /// Woken by each issue that is created.
    pub created: Notify,
}

/// Returns the settings of a tracker that uses a fake.
pub fn options(kind: TrackerKind, base: &str) -> TrackerOptions {
    let project = match kind {
        TrackerKind::Plane => PLANE_PROJECT,
        TrackerKind::Jira => "OPS",
        TrackerKind::GitHub | TrackerKind::GitLab => "acme/app",
    };
    TrackerOptions {
        url: Some(base.parse().unwrap()),
        project: project.into(),
        workspace: (kind == TrackerKind::Plane).then(|| "acme".into()),
        user: (kind == TrackerKind::Jira).then(|| USER.into()),
        ..TrackerOptions::default()
    }
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply::new(status, body.to_string())
}

/// A request that is split into its parts.
struct Parts<'a> {
    method: &'a Method,
    path: Vec<&'a str>,
    query: BTreeMap<String, String>,
    body: Value,
}

impl TrackerServer {
    pub fn new(kind: TrackerKind, faults: &[Fault]) -> Arc<Self> {
        Arc::new(Self {
            kind,
            issues: Mutex::default(),
            faults: Mutex::new(faults.iter().copied().collect()),
            created: Notify::new(),
        })
    }

    pub fn judge(self: &Arc<Self>) -> Judge {
        let server = Arc::clone(self);
        Arc::new(move |request: &Recorded| server.respond(request))
    }

    pub fn count(&self) -> usize {
        self.issues.lock().unwrap().len()
    }

    /// Returns the bodies with which the issues were created.
    pub fn bodies(&self) -> Vec<Value> {
        self.issues.lock().unwrap().iter().map(|issue| issue.body.clone()).collect()
    }

    /// Sets the state of all issues: open, started, done or dropped.
    pub fn set_state(&self, state: &'static str) {
        self.issues.lock().unwrap().iter_mut().for_each(|issue| issue.state = state);
    }

    pub fn delete_all(&self) {
        self.issues.lock().unwrap().clear();
    }

    fn respond(&self, request: &Recorded) -> Option<Reply> {
        let (path, query) = request.uri.split_once('?').unwrap_or((&request.uri, ""));
        let parts = Parts {
            method: &request.method,
            path: path.trim_start_matches('/').split('/').collect(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            body: request.json(),
        };
        if request.method == Method::POST
            && !request.header("content-type").starts_with("application/json")
        {
            return Some(reply(415, &json!({"error": "unsupported media type"})));
        }
        match self.kind {
            TrackerKind::Plane => self.plane(request, &parts),
            TrackerKind::Jira => self.jira(request, &parts),
            TrackerKind::GitHub => self.github(request, &parts),
            TrackerKind::GitLab => self.gitlab(request, &parts),
        }
    }

    /// Creates an issue, or simulates the fault.
    fn create(&self, parts: &Parts<'_>, shown: impl Fn(&Issue) -> Value) -> Option<Reply> {
        let fault = self.faults.lock().unwrap().pop_front();
        match fault {
            Some(Fault::Limited) => {
                return Some(
                    reply(429, &json!({"message": "slow down"})).with("retry-after", "700"),
                );
            }
            Some(Fault::Down) => return Some(reply(503, &json!({"error": "maintenance"}))),
            Some(Fault::Invalid) => {
                let status = if self.kind == TrackerKind::GitHub { 422 } else { 400 };
                return Some(reply(status, &json!({"message": "this field is not allowed"})));
            }
            _ => {}
        }
        let mut issues = self.issues.lock().unwrap();
        let number = issues.iter().map(|issue| issue.number).max().unwrap_or(0) + 1;
        let issue = Issue { number, body: parts.body.clone(), state: "open" };
        let answer = reply(201, &shown(&issue));
        issues.push(issue);
        drop(issues);
        self.created.notify_one();
        match fault {
            Some(Fault::LostAnswer) => Some(reply(504, &json!({"error": "gateway timeout"}))),
            Some(Fault::Silent) => None,
            _ => Some(answer),
        }
    }

    fn find(&self, is_wanted: impl Fn(&Issue) -> bool) -> Option<Issue> {
        self.issues.lock().unwrap().iter().find(|issue| is_wanted(issue)).cloned()
    }

    fn plane(&self, request: &Recorded, parts: &Parts<'_>) -> Option<Reply> {
        if request.header("x-api-key") != SECRET {
            return Some(reply(401, &json!({"detail": "Given API token is not valid"})));
        }
        let absent =
            || Some(reply(404, &json!({"error": "The requested resource does not exist."})));
        let ["api", "v1", "workspaces", "acme", "projects", PLANE_PROJECT, rest @ ..] =
            &parts.path[..]
        else {
            return absent();
        };
        // Django redirects a path without a slash at its end.
        let [rest @ .., ""] = rest else { return Some(Reply::new(301, "").with("location", "/")) };
        let id = |issue: &Issue| format!("00000000-0000-0000-0000-{:012}", issue.number);
        let shown = |issue: &Issue| {
            let (name, group) = match issue.state {
                "started" => ("In Progress", "started"),
                "done" => ("Done", "completed"),
                "dropped" => ("Cancelled", "cancelled"),
                _ => ("Todo", "unstarted"),
            };
            let expanded = parts.query.get("expand").map_or("", String::as_str);
            let state = if expanded.contains("state") {
                json!({"name": name, "group": group})
            } else {
                json!("5e2f0c8e-8f1f-4a39-9b3f-0d7a4f1b6c11")
            };
            let project = if expanded.contains("project") {
                json!({"identifier": "OPS"})
            } else {
                json!(PLANE_PROJECT)
            };
            json!({"id": id(issue), "sequence_id": issue.number, "name": issue.body["name"],
                   "state": state, "project": project})
        };
        match (parts.method, rest) {
            (&Method::GET, []) => Some(reply(200, &json!({"id": PLANE_PROJECT}))),
            (&Method::GET, ["work-items"]) => {
                let source = parts.query.get("external_source").map_or("", String::as_str);
                let wanted = parts.query.get("external_id").map_or("", String::as_str);
                let is_wanted = |issue: &Issue| {
                    issue.body["external_source"] == source && issue.body["external_id"] == wanted
                };
                self.find(is_wanted).map_or_else(absent, |issue| Some(reply(200, &shown(&issue))))
            }
            (&Method::GET, ["work-items", wanted]) => self
                .find(|issue| id(issue) == *wanted)
                .map_or_else(absent, |issue| Some(reply(200, &shown(&issue)))),
            (&Method::POST, ["work-items"]) => {
                let name = parts.body["name"].as_str().unwrap_or_default();
                if name.is_empty() || name.chars().count() > 255 {
                    return Some(reply(400, &json!({"name": ["This field is required."]})));
                }
                let pair =
                    |body: &Value| (body["external_source"].clone(), body["external_id"].clone());
                let other = self.find(|issue| pair(&issue.body) == pair(&parts.body));
                if let Some(other) = other {
                    let error =
                        "Issue with the same external id and external source already exists";
                    return Some(reply(409, &json!({"error": error, "id": id(&other)})));
                }
                self.create(parts, shown)
            }
            _ => absent(),
        }
    }

    fn jira(&self, request: &Recorded, parts: &Parts<'_>) -> Option<Reply> {
        let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{SECRET}")));
        if request.header("authorization") != expected {
            return Some(reply(401, &json!({"errorMessages": ["Client must be authenticated"]})));
        }
        let absent = || {
            let text = "Issue does not exist or you do not have permission to see it.";
            Some(reply(404, &json!({"errorMessages": [text], "errors": {}})))
        };
        let ["rest", "api", "3", rest @ ..] = &parts.path[..] else { return absent() };
        let shown = |issue: &Issue| {
            let (name, category) = match issue.state {
                "started" => ("In Progress", "indeterminate"),
                "done" => ("Done", "done"),
                "dropped" => ("Won't Do", "done"),
                _ => ("To Do", "new"),
            };
            json!({"id": (10_000 + issue.number).to_string(), "key": format!("OPS-{}", issue.number),
                   "fields": {"status": {"name": name, "statusCategory": {"key": category}}}})
        };
        match (parts.method, rest) {
            (&Method::GET, ["project", "OPS"]) => Some(reply(200, &json!({"key": "OPS"}))),
            (&Method::POST, ["search", "jql"]) => {
                let jql = parts.body["jql"].as_str().unwrap_or_default();
                if !jql.contains("project = \"OPS\"") {
                    return Some(reply(400, &json!({"errorMessages": ["no such project"]})));
                }
                let has_label = |issue: &Issue| {
                    let labels = issue.body["fields"]["labels"].as_array().unwrap();
                    labels.iter().any(|label| jql.contains(&format!("labels = {label}")))
                };
                let found: Vec<Value> = self.find(has_label).iter().map(shown).collect();
                Some(reply(200, &json!({"issues": found, "isLast": true})))
            }
            (&Method::GET, ["issue", wanted]) => self
                .find(|issue| (10_000 + issue.number).to_string() == **wanted)
                .map_or_else(absent, |issue| Some(reply(200, &shown(&issue)))),
            (&Method::POST, ["issue"]) => {
                let fields = &parts.body["fields"];
                let mut errors = serde_json::Map::new();
                if fields["project"]["key"] != "OPS" {
                    errors.insert("project".into(), json!("valid project is required"));
                }
                if fields["issuetype"]["name"].as_str().is_none() {
                    errors.insert("issuetype".into(), json!("issue type is required"));
                }
                let summary = fields["summary"].as_str().unwrap_or_default();
                if summary.is_empty() || summary.contains('\n') || summary.chars().count() > 255 {
                    errors.insert("summary".into(), json!("You must specify a summary"));
                }
                if fields["description"]["type"] != "doc" || fields["description"]["version"] != 1 {
                    errors.insert("description".into(), json!("must be an Atlassian Document"));
                }
                let labels = fields["labels"].as_array();
                let has_blank = |label: &Value| label.as_str().unwrap_or(" ").contains(' ');
                if labels.is_none_or(|labels| labels.iter().any(has_blank)) {
                    errors.insert("labels".into(), json!("labels have no blanks"));
                }
                if fields.get("duedate").is_some() {
                    let text = "Field 'duedate' cannot be set. It is not on the appropriate screen";
                    errors.insert("duedate".into(), json!(text));
                }
                if !errors.is_empty() {
                    return Some(reply(400, &json!({"errorMessages": [], "errors": errors})));
                }
                self.create(parts, |issue| {
                    let shown = shown(issue);
                    json!({"id": shown["id"], "key": shown["key"], "self": "https://jira.example"})
                })
            }
            _ => absent(),
        }
    }

    fn github(&self, request: &Recorded, parts: &Parts<'_>) -> Option<Reply> {
        if request.header("user-agent").is_empty() {
            return Some(reply(
                403,
                &json!({"message": "Request forbidden by administrative rules"}),
            ));
        }
        if request.header("authorization") != format!("Bearer {SECRET}") {
            return Some(reply(401, &json!({"message": "Bad credentials"})));
        }
        let absent = || Some(reply(404, &json!({"message": "Not Found"})));
        let ["repos", "acme", "app", rest @ ..] = &parts.path[..] else { return absent() };
        let shown = |issue: &Issue| {
            let (state, reason) = match issue.state {
                "done" => ("closed", json!("completed")),
                "dropped" => ("closed", json!("not_planned")),
                _ => ("open", Value::Null),
            };
            let labels =
                if issue.state == "started" { json!([{"name": "Doing"}]) } else { json!([]) };
            json!({"number": issue.number, "title": issue.body["title"], "body": issue.body["body"],
                   "state": state, "state_reason": reason, "labels": labels,
                   "created_at": "2100-01-01T00:00:00Z",
                   "html_url": format!("https://github.example/acme/app/issues/{}", issue.number)})
        };
        match (parts.method, rest) {
            (&Method::GET, []) => Some(reply(200, &json!({"full_name": "acme/app"}))),
            (&Method::GET, ["issues"]) => {
                if parts.query.get("state").map(String::as_str) != Some("all") {
                    return Some(reply(200, &json!([])));
                }
                let issues = self.issues.lock().unwrap();
                let all: Vec<Value> = issues.iter().rev().map(shown).collect();
                Some(reply(200, &json!(all)))
            }
            (&Method::GET, ["issues", wanted]) => self
                .find(|issue| issue.number.to_string() == **wanted)
                .map_or_else(absent, |issue| Some(reply(200, &shown(&issue)))),
            (&Method::POST, ["issues"]) => {
                let title = parts.body["title"].as_str().unwrap_or_default();
                if title.is_empty() || title.chars().count() > 256 {
                    let error =
                        json!({"resource": "Issue", "code": "missing_field", "field": "title"});
                    let body = json!({"message": "Validation Failed", "errors": [error]});
                    return Some(reply(422, &body));
                }
                self.create(parts, shown)
            }
            _ => absent(),
        }
    }

    fn gitlab(&self, request: &Recorded, parts: &Parts<'_>) -> Option<Reply> {
        if request.header("private-token") != SECRET {
            return Some(reply(401, &json!({"message": "401 Unauthorized"})));
        }
        let absent = || Some(reply(404, &json!({"message": "404 Project Not Found"})));
        let ["api", "v4", "projects", "acme%2Fapp", rest @ ..] = &parts.path[..] else {
            return absent();
        };
        let shown = |issue: &Issue| {
            let is_closed = matches!(issue.state, "done" | "dropped");
            let labels = if issue.state == "started" { json!(["Doing"]) } else { json!([]) };
            json!({"iid": issue.number, "title": issue.body["title"], "labels": labels,
                   "description": issue.body["description"],
                   "state": if is_closed { "closed" } else { "opened" },
                   "references": {"full": format!("acme/app#{}", issue.number)},
                   "web_url": format!("https://gitlab.example/acme/app/-/issues/{}", issue.number)})
        };
        match (parts.method, rest) {
            (&Method::GET, []) => Some(reply(200, &json!({"path_with_namespace": "acme/app"}))),
            (&Method::GET, ["issues"]) => {
                let wanted = parts.query.get("search").map_or("", String::as_str);
                let is_wanted = |issue: &Issue| {
                    let description = issue.body["description"].as_str().unwrap_or_default();
                    description.contains(wanted)
                        && parts.query.get("in").map(String::as_str) == Some("description")
                };
                let found: Vec<Value> = self.find(is_wanted).iter().map(shown).collect();
                Some(reply(200, &json!(found)))
            }
            (&Method::GET, ["issues", wanted]) => self
                .find(|issue| issue.number.to_string() == **wanted)
                .map_or_else(absent, |issue| Some(reply(200, &shown(&issue)))),
            (&Method::POST, ["issues"]) => {
                if parts.body["title"].as_str().is_none_or(str::is_empty) {
                    return Some(reply(400, &json!({"error": "title is missing"})));
                }
                self.create(parts, shown)
            }
            _ => absent(),
        }
    }
}
