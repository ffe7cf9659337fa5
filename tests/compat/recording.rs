//! Recorded exchanges, as `make/exchange.py` writes them down.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::http::{Request, Response};
use super::program::{json_lines, text_of};

/// A request and the answer of the old server.
#[derive(Clone, Deserialize, Debug)]
pub struct Exchange {
    /// The purpose of the exchange; empty in recordings of clients.
    #[serde(default)]
    pub title: String,
    /// The recorded request.
    pub request: RecordedRequest,
    /// The recorded response; `None` if the server was away.
    pub response: Option<RecordedResponse>,
    /// Names for parts of the response that later requests repeat, with their JSON pointers.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// How often the body repeats its only command, if it does.
    #[serde(default)]
    pub times: Option<usize>,
    /// The number of bytes of the body that were announced and not sent.
    #[serde(default)]
    pub withheld: usize,
    /// Whether the response came only after the next exchange had begun.
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
    /// A body that is not JSON, with one character for each byte.
    pub raw: Option<String>,
}

/// A recorded answer.
#[derive(Clone, Deserialize, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct RecordedResponse {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Option<Value>,
    /// A body that is not JSON, as text.
    pub text: Option<String>,
}

impl RecordedRequest {
    /// Returns the request to send, with a function applied to its path and its headers.
    pub fn request(&self, fill: impl Fn(&str) -> String) -> Request {
        let body = match (&self.body, &self.raw) {
            (Some(json), _) => Some(json.to_string().into_bytes()),
            // The recorder writes no code point above 255.
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
    /// Returns the value at a JSON pointer in the body, or of a header (`header:etag`).
    pub fn at(&self, at: &str) -> Option<String> {
        match at.strip_prefix("header:") {
            Some(name) => self.headers.get(name).cloned(),
            None => self.body.as_ref()?.pointer(at)?.as_str().map(ToOwned::to_owned),
        }
    }
}

/// Returns the lines of a recording. The first one describes its setup.
pub fn lines(name: &str) -> (Value, Vec<Value>) {
    let mut lines = json_lines(&text_of(name));
    let setup = lines.remove(0);
    assert!(setup.get("title").is_none(), "{name} does not say in what it was made");
    (setup, lines)
}
