//! Fakes of Statuspage and Cachet, which refuse the same requests as the real ones.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};

use super::providers::SECRET;
use super::stand_in::{Recorded, Reply};

/// The stored objects of a fake, and how often it loses the answer to a stored one.
#[derive(Default)]
pub struct System {
    pub incidents: Vec<Value>,
    /// Scheduled maintenance.
    pub works: Vec<Value>,
    pub loses: u32,
    pub limits: u32,
}

pub type Shared = Arc<Mutex<System>>;

impl System {
    /// Answers with the stored object, or like a gateway that does not know of it.
    fn answer(&mut self, status: u16, body: &Value) -> Reply {
        if self.loses > 0 {
            self.loses -= 1;
            return Reply::new(504, "");
        }
        Reply::new(status, body.to_string())
    }
}

/// Answers as Statuspage does.
pub fn statuspage(system: &Shared, request: &Recorded) -> Reply {
    let mut system = system.lock().unwrap();
    if request.header("authorization") != format!("OAuth {SECRET}") {
        return Reply::new(401, json!({"error": "Could not authenticate"}).to_string());
    }
    if system.limits > 0 {
        system.limits -= 1;
        return Reply::new(420, "").with("retry-after", "60");
    }
    let path = request.uri.split('?').next().unwrap().to_owned();
    let base = "/v1/pages/abc123/incidents";
    if request.method == Method::GET && path == base {
        return Reply::new(200, Value::Array(system.incidents.clone()).to_string());
    }
    if request.method == Method::GET && path == format!("{base}/scheduled") {
        return Reply::new(200, Value::Array(system.works.clone()).to_string());
    }
    let sent = request.json()["incident"].clone();
    if sent["scheduled_for"].is_string() || path.contains("/sm") {
        return statuspage_work(&mut system, request, &path, &sent);
    }
    let statuses = ["investigating", "identified", "monitoring", "resolved"];
    let is_status = |status: &Value| statuses.iter().any(|one| status == one);
    if request.method == Method::GET {
        let id = path.strip_prefix(&format!("{base}/")).unwrap_or_default();
        let found = system.incidents.iter().find(|incident| incident["id"] == id);
        return found.map_or(Reply::new(404, "{}"), |found| Reply::new(200, found.to_string()));
    }
    if request.method == Method::PATCH && sent.get("status").is_none() {
        let id = path.strip_prefix(&format!("{base}/")).unwrap_or_default().to_owned();
        let found = system.incidents.iter_mut().find(|incident| incident["id"] == id.as_str());
        let Some(incident) = found else { return Reply::new(404, "{}") };
        incident["name"] = sent["name"].clone();
        let incident = incident.clone();
        return system.answer(200, &incident);
    }
    if !is_status(&sent["status"]) || sent["body"].as_str().is_none_or(str::is_empty) {
        return Reply::new(422, json!({"error": ["Status is invalid"]}).to_string());
    }
    let update = json!({"status": sent["status"], "body": sent["body"]});
    if request.method == Method::POST && path == base {
        if sent["name"].as_str().is_none_or(str::is_empty) {
            return Reply::new(422, json!({"error": ["Name can't be blank"]}).to_string());
        }
        let id = format!("sp{}", system.incidents.len());
        let incident = json!({"id": id, "name": sent["name"], "metadata": sent["metadata"],
                              "components": sent["components"], "incident_updates": [update]});
        system.incidents.push(incident.clone());
        return system.answer(201, &incident);
    }
    let id = path.strip_prefix(&format!("{base}/")).unwrap_or_default().to_owned();
    let found = system.incidents.iter_mut().find(|incident| incident["id"] == id.as_str());
    let (Some(incident), &Method::PATCH) = (found, &request.method) else {
        return Reply::new(404, "{}");
    };
    incident["name"] = sent["name"].clone();
    incident["components"] = sent["components"].clone();
    incident["incident_updates"].as_array_mut().unwrap().push(update);
    let incident = incident.clone();
    system.answer(200, &incident)
}

/// Answers requests about scheduled maintenance like Statuspage.
fn statuspage_work(system: &mut System, request: &Recorded, path: &str, sent: &Value) -> Reply {
    let found = path.rsplit('/').next().and_then(|id| id.strip_prefix("sm"));
    let found = found.and_then(|number| number.parse::<usize>().ok());
    let Some(at) = found else {
        let is_valid = sent["name"].as_str().is_some_and(|name| !name.is_empty())
            && ["scheduled", "in_progress"].iter().any(|status| sent["status"] == *status)
            && sent["scheduled_until"].as_str() > sent["scheduled_for"].as_str();
        if !is_valid {
            return Reply::new(422, json!({"error": ["Scheduled for is invalid"]}).to_string());
        }
        let mut work = sent.clone();
        work["id"] = json!(format!("sm{}", system.works.len()));
        work["incident_updates"] = json!([{"status": sent["status"], "body": sent["body"]}]);
        system.works.push(work.clone());
        return system.answer(201, &work);
    };
    if at >= system.works.len() {
        return Reply::new(404, "{}");
    }
    if request.method == Method::PATCH {
        let work = &mut system.works[at];
        for (field, value) in sent.as_object().unwrap() {
            if field != "body" {
                work[field] = value.clone();
            }
        }
        if sent["body"].is_string() {
            let update = json!({"status": sent["status"], "body": sent["body"]});
            work["incident_updates"].as_array_mut().unwrap().insert(0, update);
        }
        let work = work.clone();
        return system.answer(200, &work);
    }
    Reply::new(200, system.works[at].to_string())
}

/// Answers requests about schedules like Cachet.
fn cachet_work(system: &mut System, request: &Recorded, at: Option<usize>) -> Reply {
    let sent = request.json();
    let is_time = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").is_ok()
    };
    let is_valid = sent["name"].is_string()
        && sent["message"].is_string()
        && is_time(&sent["scheduled_at"])
        && is_time(&sent["completed_at"]);
    if !is_valid {
        return Reply::new(422, json!({"message": "The name field is required."}).to_string());
    }
    let at = at.unwrap_or(system.works.len());
    let work = json!({"id": (at + 1).to_string(), "attributes": {
        "name": sent["name"], "message": sent["message"],
        "scheduled": {"string": sent["scheduled_at"]},
        "completed": {"string": sent["completed_at"]},
    }});
    if at == system.works.len() {
        system.works.push(work.clone());
        return system.answer(201, &json!({"data": work}));
    }
    system.works[at] = work.clone();
    system.answer(200, &json!({"data": work}))
}

/// Answers as Cachet does.
pub fn cachet(system: &Shared, request: &Recorded) -> Reply {
    let mut system = system.lock().unwrap();
    if request.header("authorization") != format!("Bearer {SECRET}") {
        return Reply::new(401, json!({"message": "Unauthenticated."}).to_string());
    }
    if system.limits > 0 {
        system.limits -= 1;
        return Reply::new(429, "").with("retry-after", "60");
    }
    let path = request.uri.split('?').next().unwrap().trim_start_matches("/api/").to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    // Each list has orders of its own, and refuses others.
    let sorts: &[&str] = match parts[..] {
        ["incidents"] => &["name", "status", "id"],
        ["schedules"] => &["name", "id", "scheduled_at", "completed_at"],
        _ => &["status", "created_at"],
    };
    let sort = request.uri.split(['?', '&']).find_map(|part| part.strip_prefix("sort="));
    if sort.is_some_and(|sort| !sorts.contains(&sort.trim_start_matches('-'))) {
        return Reply::new(400, json!({"message": "Requested sort(s) not allowed"}).to_string());
    }
    let sent = request.json();
    let position = |id: &str| id.parse::<usize>().ok().and_then(|id| id.checked_sub(1));
    match (&request.method, &parts[..]) {
        (&Method::GET, ["incidents"]) => {
            Reply::new(200, json!({"data": system.incidents}).to_string())
        }
        (&Method::POST, ["incidents"]) => {
            let is_valid = sent["name"].as_str().is_some_and(|name| name.len() <= 255)
                && sent["message"].is_string()
                && sent["status"].as_u64().is_some_and(|status| status <= 4);
            if !is_valid {
                return Reply::new(
                    422,
                    json!({"message": "The name field is required."}).to_string(),
                );
            }
            let id = (system.incidents.len() + 1).to_string();
            let incident = json!({"id": id, "attributes": sent, "incident_updates": []});
            system.incidents.push(incident.clone());
            system.answer(201, &json!({"data": incident}))
        }
        (&Method::PUT, ["incidents", id]) => {
            let found = position(id).filter(|at| *at < system.incidents.len());
            let Some(at) = found else { return Reply::new(404, "{}") };
            system.incidents[at]["attributes"]["name"] = sent["name"].clone();
            let incident = system.incidents[at].clone();
            system.answer(200, &json!({"data": incident}))
        }
        (method, ["incidents", id, "updates"]) => {
            let found = position(id).filter(|at| *at < system.incidents.len());
            let Some(at) = found else { return Reply::new(404, "{}") };
            if *method == Method::GET {
                let updates = &system.incidents[at]["incident_updates"];
                return Reply::new(200, json!({"data": updates}).to_string());
            }
            let update = json!({"attributes": {"message": sent["message"],
                                               "status": {"value": sent["status"]}}});
            let updates = system.incidents[at]["incident_updates"].as_array_mut().unwrap();
            updates.push(update.clone());
            system.answer(201, &json!({"data": update}))
        }
        (&Method::GET, ["schedules"]) => Reply::new(200, json!({"data": system.works}).to_string()),
        (&Method::POST, ["schedules"]) => cachet_work(&mut system, request, None),
        (&Method::PUT, ["schedules", id]) => match position(id) {
            Some(at) if at < system.works.len() => cachet_work(&mut system, request, Some(at)),
            _ => Reply::new(404, "{}"),
        },
        (&Method::PUT, ["components", _]) => Reply::new(200, json!({"data": {}}).to_string()),
        _ => Reply::new(404, "{}"),
    }
}
