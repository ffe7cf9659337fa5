//! Recorded exchanges, as `make/exchange.py` writes them down.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::http::{Request, Response};
use super::program::{json_lines, text_of};

/// A request and what the old server answered.
#[derive(Clone, Deserialize, Debug)]
pub struct Exchange {
    /// What it shows; empty in recordings of clients.
    #[serde(default)]
    pub title: String,
    /// What was asked.
    pub request: RecordedRequest,
    /// What was answered; `None` where the server was away.
    pub response: Option<RecordedResponse>,
    /// Names for parts of the answer that later requests repeat, with where they stand.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// How often the one command of the body was in it, where it was there more than once.
    #[serde(default)]
    pub times: Option<usize>,
    /// How many bytes of the body were announced and not sent.
    #[serde(default)]
    pub withheld: usize,
    /// The answer came only after the next exchange had begun.
    #[serde(default)]
    pub parked: bool,
}

/// A recorded request.
#[derive(Clone, Deserialize, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct RecordedRequest {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Value>,
    /// A body that is no JSON, a character for a byte.
    pub raw: Option<String>,
}

/// A recorded answer.
#[derive(Clone, Deserialize, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct RecordedResponse {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Option<Value>,
    /// A body that is no JSON.
    pub text: Option<String>,
}

impl RecordedRequest {
    /// Returns the request to send, with a function applied to its path and its headers.
    pub fn request(&self, fill: impl Fn(&str) -> String) -> Request {
        let body = match (&self.body, &self.raw) {
            (Some(json), _) => Some(json.to_string().into_bytes()),
            // A code point above 255 is not written.
            (None, Some(raw)) => Some(raw.chars().filter_map(|c| u8::try_from(c).ok()).collect()),
            (None, None) => None,
        };
        let headers =
            self.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        Request { method: self.method.clone(), path: fill(&self.path), headers, body, withheld: 0 }
    }
}

impl From<&Response> for RecordedResponse {
    fn from(response: &Response) -> Self {
        let is_json = response.header("content-type").is_some_and(|kind| kind.contains("json"));
        let body = &response.body;
        let json = is_json && !body.is_empty();
        let text = String::from_utf8_lossy(body).into_owned();
        Self {
            status: response.status,
            headers: response.headers.iter().cloned().collect(),
            body: json.then(|| serde_json::from_str(&text).unwrap()),
            text: (!json && !body.is_empty()).then_some(text),
        }
    }
}

impl RecordedResponse {
    /// Returns what stands at a pointer in the body, or in a header (`header:etag`).
    pub fn at(&self, at: &str) -> Option<String> {
        match at.strip_prefix("header:") {
            Some(name) => self.headers.get(name).cloned(),
            None => self.body.as_ref()?.pointer(at)?.as_str().map(ToOwned::to_owned),
        }
    }
}

/// Returns the lines of a recording: the first says in what it was made.
pub fn lines(name: &str) -> (Value, Vec<Value>) {
    let mut lines = json_lines(&text_of(name));
    let setup = lines.remove(0);
    assert!(setup.get("title").is_none(), "{name} does not say in what it was made");
    (setup, lines)
}
