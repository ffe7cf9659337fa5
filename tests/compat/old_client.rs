//! Old client, new server: each recorded request is sent again, in order, to the present server on a
//! store prepared the same way. What it answers means the same.

use std::collections::BTreeMap;
use std::thread::JoinHandle;

use serde_json::Value;

use super::http::{Response, send};
use super::meaning::Meaning;
use super::program::{Home, file};
use super::recording::{Answered, Exchange, lines};
use super::server::Server;

/// Headers whose recorded value must stand in the answer.
const SAME: [&str; 7] = [
    "cache-control",
    "connection",
    "content-encoding",
    "content-type",
    "vary",
    "www-authenticate",
    "x-request-id",
];
/// Headers that must be there, with whatever value.
const PRESENT: [&str; 2] = ["etag", "retry-after"];

/// Replays a recording, and remembers what later requests repeat.
struct Replay {
    server: Server,
    /// By name, in recordings of a server.
    saved: BTreeMap<String, String>,
    meaning: Meaning,
    failures: Vec<String>,
}

/// Prepares a store as the recorder did: the company's directory, then its tokens.
fn prepared() -> Home {
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
    fn new(home: &Home, setup: &Value) -> Self {
        let server = Server::start(home, &strings(&setup["global"]), &strings(&setup["serve"]));
        Self { server, saved: BTreeMap::new(), meaning: Meaning::default(), failures: Vec::new() }
    }

    /// Puts what the present server has said in the place of what the old one had.
    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.saved {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    fn check(&mut self, exchange: &Exchange, response: &Response) {
        let Some(recorded) = &exchange.response else { return };
        let actual = Answered::from(response);
        let mut found = Vec::new();
        if recorded.status != actual.status {
            found.push(format!("status: was {}, is {}", recorded.status, actual.status));
        }
        found.extend(differing_headers(recorded, &actual));
        if let Some(body) = &recorded.body {
            self.meaning.differences.clear();
            match &actual.body {
                Some(actual) => self.meaning.compare("", body, actual),
                None => found.push("the body is missing".into()),
            }
            found.append(&mut self.meaning.differences);
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
            let asked = &exchange.request;
            let what = format!("{} ({} {})", exchange.title, asked.method, asked.path);
            self.failures.push(format!("{what}:\n    {}", found.join("\n    ")));
        }
    }

    /// Sends all of them; one that is parked is answered while the next is sent.
    fn play(&mut self, exchanges: &[Exchange]) {
        let mut parked: Option<(usize, JoinHandle<Response>)> = None;
        for (index, exchange) in exchanges.iter().enumerate() {
            let request = repeated(exchange).request.request(|text| self.fill(text));
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

/// Writes out a body whose one command was sent many times.
fn repeated(exchange: &Exchange) -> Exchange {
    let mut exchange = exchange.clone();
    if let (Some(times), Some(body)) = (exchange.times, &mut exchange.request.body) {
        let command = body["commands"][0].clone();
        body["commands"] = Value::Array(vec![command; times]);
    }
    exchange
}

fn differing_headers(recorded: &Answered, actual: &Answered) -> Vec<String> {
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

fn exchanges(lines: Vec<Value>) -> Vec<Exchange> {
    lines.into_iter().map(|line| serde_json::from_value(line).unwrap()).collect()
}

fn replay(name: &str) {
    let (setup, lines) = lines(name);
    let home = prepared();
    let mut replay = Replay::new(&home, &setup);
    let exchanges = exchanges(lines);
    replay.play(&exchanges);
    let failures = &replay.failures;
    let (count, of) = (failures.len(), exchanges.len());
    assert!(failures.is_empty(), "{count} of {of} differ:\n{}", failures.join("\n"));
}

#[test]
fn commands_and_reads_are_answered_as_recorded() {
    replay("recordings/server-commands.jsonl");
}

#[test]
fn requests_beyond_the_rate_limit_are_refused_as_recorded() {
    replay("recordings/server-limited.jsonl");
}

#[test]
fn read_only_server_answers_as_recorded() {
    replay("recordings/server-read-only.jsonl");
}

#[test]
fn long_bodies_are_refused_as_recorded() {
    replay("recordings/server-bodies.jsonl");
}
