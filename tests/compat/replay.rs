//! Sends recorded requests to the current server, in order, and compares its answers.

use std::collections::BTreeMap;
use std::thread::JoinHandle;

use serde_json::Value;

use super::first_version::{RecordedDescription, USER_AGENT};
use super::http::{Response, send};
use super::meaning::Meaning;
use super::program::{Home, copy_folder, file};
use super::recording::{Exchange, RecordedRequest, RecordedResponse};
use super::server::Server;

/// Headers that must have the recorded value.
const SAME: [&str; 7] = [
    "cache-control",
    "connection",
    "content-encoding",
    "content-type",
    "vary",
    "www-authenticate",
    "x-request-id",
];
/// Headers that must be present, with any value.
const PRESENT: [&str; 2] = ["etag", "retry-after"];

/// Replays a recording, and remembers what later requests repeat.
pub struct Replay {
    /// The present server.
    pub server: Server,
    /// Saved values by name, in recordings of a server.
    saved: BTreeMap<String, String>,
    meaning: Meaning,
    /// What the recorded client could read; `None` if the recording is not of a client.
    description: Option<RecordedDescription>,
    /// The differences of each exchange that has any.
    pub failures: Vec<String>,
}

/// Prepares a store as the recorder did: the company's directory, then its tokens.
pub fn prepared_store() -> Home {
    let home = Home::new();
    home.ok(["import".as_ref(), file("seed.jsonl").as_os_str()]);
    let tokens = home.path("data/redphone/redphone.tokens.json");
    std::fs::copy(file("tokens.json"), tokens).unwrap();
    home
}

fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.map(|item| item.as_str().unwrap().to_owned()).collect()
}

impl Replay {
    /// Starts the current server as in a recording.
    pub fn new(home: &Home, setup: &Value) -> Self {
        if let Some(store) = setup["store"].as_str() {
            copy_folder(&file(store), &home.path("data/redphone"));
        }
        let server = Server::start(home, &strings(&setup["global"]), &strings(&setup["serve"]));
        let (saved, meaning) = (BTreeMap::new(), Meaning::default());
        Self { server, saved, meaning, description: None, failures: Vec::new() }
    }

    /// Sends from here on what a client of version 0.1.0 has sent, with the name of the program. It must
    /// know all that it is answered.
    pub fn as_client(&mut self) {
        self.description = Some(RecordedDescription::new());
    }

    /// Replaces values of the old server by those of the present one: by name in recordings of a
    /// server, by value in those of a client.
    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.saved {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        let now = |value: &str| self.meaning.bindings.get(value).cloned();
        if let Some(tag) = now(&text) {
            return tag;
        }
        let Some((path, query)) = text.split_once('?') else { return text };
        let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
            Some((name @ ("since" | "after"), value)) => {
                format!("{name}={}", now(value).unwrap_or_else(|| value.to_owned()))
            }
            _ => parameter.to_owned(),
        });
        format!("{path}?{}", parameters.collect::<Vec<_>>().join("&"))
    }

    fn check(&mut self, exchange: &Exchange, response: &Response) {
        let Some(recorded) = &exchange.response else { return };
        let actual = RecordedResponse::from(response);
        let mut recorded = refusal_as_response(recorded).unwrap_or_else(|| recorded.clone());
        if exchange.title == CORRECTION {
            refused_as_correction(&mut recorded);
        }
        if exchange.title == REPEATED_BY_PROGRAM {
            without_row(&mut recorded);
        }
        let recorded = &recorded;
        let mut found = Vec::new();
        if recorded.status != actual.status {
            found.push(format!("status: was {}, is {}", recorded.status, actual.status));
        }
        found.extend(differing_headers(recorded, &actual));
        if let (Some(was), Some(is)) = (recorded.headers.get("etag"), actual.headers.get("etag")) {
            self.meaning.bindings.insert(was.clone(), is.clone());
        }
        if let Some(body) = &recorded.body {
            self.meaning.differences.clear();
            match &actual.body {
                Some(actual) => self.meaning.compare("", body, actual),
                None => found.push("the body is missing".into()),
            }
            found.append(&mut self.meaning.differences);
        }
        if let (Some(description), Some(body)) = (&mut self.description, &actual.body) {
            let RecordedRequest { method, path, .. } = &exchange.request;
            found.extend(if actual.status < 400 {
                description.wrong(method, path, actual.status, body)
            } else {
                description.wrong_details(body)
            });
        }
        if let Some(text) = &recorded.text {
            let actual = actual.text.as_deref().unwrap_or_default();
            found.extend(missing_figures(text, actual));
        }
        for (name, at) in &exchange.save {
            match actual.at(at) {
                Some(value) => drop(self.saved.insert(name.clone(), value)),
                None => found.push(format!("{at}: is missing")),
            }
        }
        if !found.is_empty() {
            let RecordedRequest { method, path, .. } = &exchange.request;
            let what = format!("{} ({method} {path})", exchange.title);
            self.failures.push(format!("{what}:\n    {}", found.join("\n    ")));
        }
    }

    /// Panics if one of `count` exchanges differs from its recording.
    pub fn expect_no_failures(&self, count: usize) {
        let failures = &self.failures;
        assert!(count > 0, "nothing was recorded");
        assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    }

    /// Sends all exchanges. A parked one is answered while the next one is sent.
    pub fn play(&mut self, exchanges: &[Exchange]) {
        let mut parked: Option<(usize, JoinHandle<Response>)> = None;
        for (index, exchange) in exchanges.iter().enumerate() {
            if REFUSED_TO_PEOPLE.contains(&exchange.title.as_str()) {
                continue;
            }
            let mut request = repeated(exchange).request.request(|text| self.fill(text));
            request.withheld = exchange.withheld;
            if self.description.is_some() {
                request.headers.push((USER_AGENT.0.into(), USER_AGENT.1.into()));
            }
            if exchange.parked {
                let port = self.server.port;
                parked = Some((index, std::thread::spawn(move || send(port, &request))));
                continue;
            }
            let response = self.server.send(&request);
            self.check(exchange, &response);
            if let Some((index, waiting)) = parked.take() {
                self.check(&exchanges[index], &waiting.join().unwrap());
            }
        }
    }
}

/// The exchanges in which a token of scope `respond` may not record a problem. They are not sent again.
///
/// Exception: people record problems with their own tokens, as they find them in their incidents.
const REFUSED_TO_PEOPLE: [&str; 2] = ["record_problem by a responder", "new problem"];

/// The exchange in which a program repeats the alert of an incident that was declared before.
const REPEATED_BY_PROGRAM: &str = "repeat_alert by a program";

/// Changes a recorded outcome to the current one.
///
/// Exception: a token of a program can't read, so that it gets only the row of an incident that it
/// has just declared.
fn without_row(recorded: &mut RecordedResponse) {
    if let Some(body) = &mut recorded.body {
        body["answers"][0]["done"]["outcome"]["row"] = serde_json::Value::Null;
    }
}

/// The exchange that would assign an incident which is closed.
const CORRECTION: &str = "assign on 1 is refused";

/// Changes a recorded refusal to the current one.
///
/// Exception: that somebody has closed it first was a conflict. Since the owner of an ended
/// incident can be corrected, the refusal describes the requirements for that, and is no longer a
/// conflict.
fn refused_as_correction(recorded: &mut RecordedResponse) {
    recorded.status = 422;
    if let Some(body) = &mut recorded.body {
        body["status"] = 422.into();
        body["code"] = "rejected".into();
        body["rejection"] = "not_now".into();
        body["title"] = "Refused".into();
        body["type"] = "urn:redphone:rejected".into();
    }
}

/// Statuses that a refused command has as those of its response, if it is alone in its request.
const OWN_STATUSES: [u64; 5] = [409, 422, 429, 500, 503];

/// Returns the response that takes the place of a recorded one: that to a command which is alone in
/// its request and refused or failed.
///
/// It was a 200 with the problem details of the command in it; since then the response has the
/// status, and is the problem details. The old client reads both alike: the statuses are only those
/// that it takes for an answer about the command (`tests/http/commands.rs` has the same for the
/// present client). The others are as they were.
fn refusal_as_response(recorded: &RecordedResponse) -> Option<RecordedResponse> {
    let [answer] = recorded.body.as_ref()?["answers"].as_array()?.as_slice() else { return None };
    let details = &answer["refused"]["details"];
    let status = details["status"].as_u64().filter(|status| OWN_STATUSES.contains(status))?;
    let mut headers = recorded.headers.clone();
    headers.remove("vary");
    headers.remove("content-encoding");
    headers.insert("content-type".into(), "application/problem+json".into());
    Some(RecordedResponse {
        status: u16::try_from(status).ok()?,
        headers,
        body: Some(details.clone()),
        text: None,
    })
}

/// Writes out a body whose one command was sent many times.
fn repeated(exchange: &Exchange) -> Exchange {
    let mut exchange = exchange.clone();
    if let (Some(times), Some(body)) = (exchange.times, &mut exchange.request.body) {
        let command = body["commands"][0].clone();
        body["commands"] = Value::Array(vec![command; times]);
    }
    exchange
}

fn differing_headers(recorded: &RecordedResponse, actual: &RecordedResponse) -> Vec<String> {
    let mut found = Vec::new();
    for (name, was) in &recorded.headers {
        let is = actual.headers.get(name);
        let is_right = match name.as_str() {
            name if PRESENT.contains(&name) => is.is_some(),
            "allow" => {
                is.is_some_and(|is| was.split(',').all(|one| is.split(',').any(|i| i == one)))
            }
            name => !SAME.contains(&name) || is == Some(was),
        };
        if !is_right {
            found.push(format!("{name}: was {was:?}, is {is:?}"));
        }
    }
    found
}

/// Compares the figures for Prometheus by their names and labels.
fn missing_figures(recorded: &str, actual: &str) -> Vec<String> {
    let names = |text: &str| -> Vec<String> {
        let name = |line: &str| match line.strip_prefix('#') {
            Some(_) => line.to_owned(),
            None => line.rsplit_once(' ').map_or(line, |(name, _)| name).to_owned(),
        };
        text.lines().map(name).collect()
    };
    let actual = names(actual);
    names(recorded)
        .into_iter()
        .filter(|name| !actual.contains(name))
        .map(|name| format!("no figure {name}"))
        .collect()
}
