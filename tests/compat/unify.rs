//! Compares requests with recorded ones, except for the ids and times that a client creates.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

use super::http::Request;
use super::meaning::FIXED;
use super::recording::RecordedRequest;

/// Headers that must be the same in both requests.
const SAME: [&str; 2] = ["authorization", "if-none-match"];

/// Recorded ids, with those that the client under test has made instead.
#[derive(Clone, Default, Debug)]
pub struct Bindings {
    ids: BTreeMap<String, String>,
}

impl Bindings {
    /// Returns a text in which present ids replace the recorded ones.
    pub fn applied(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (was, is)| text.replace(was, is))
    }

    /// Returns a text in which recorded ids replace the present ones.
    pub fn reversed(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (was, is)| text.replace(is, was))
    }

    /// Returns whether a request equals the recorded one. Its ids are remembered if so.
    pub fn unify(&mut self, recorded: &RecordedRequest, actual: &Request) -> bool {
        let mut tried = self.clone();
        let body = actual.body.as_deref().map(serde_json::from_slice::<Value>);
        let bodies = match (&recorded.body, body) {
            (None, None) => true,
            (Some(was), Some(Ok(is))) => tried.values("", was, &is),
            _ => false,
        };
        let header = |headers: &[(String, String)], name: &str| {
            let found = headers.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let headers = SAME
            .iter()
            .all(|name| header(&recorded.headers, name) == header(&actual.headers, name));
        let path = tried.applied(&recorded.path);
        let same = recorded.method == actual.method
            && without_now(&path) == without_now(&actual.path)
            && headers
            && bodies;
        if same {
            *self = tried;
        }
        same
    }

    fn values(&mut self, name: &str, recorded: &Value, actual: &Value) -> bool {
        match (recorded, actual) {
            (Value::Object(was), Value::Object(is)) => {
                was.len() == is.len()
                    && was.iter().all(|(name, value)| {
                        is.get(name).is_some_and(|is| self.values(name, value, is))
                    })
            }
            (Value::Array(was), Value::Array(is)) => {
                was.len() == is.len()
                    && was.iter().zip(is).all(|(was, is)| self.values(name, was, is))
            }
            (Value::String(was), Value::String(is)) => self.texts(name, was, is),
            (was, is) => was == is,
        }
    }

    fn texts(&mut self, name: &str, was: &str, is: &str) -> bool {
        if was == is {
            return true;
        }
        if name == "at" {
            return DateTime::parse_from_rfc3339(is).is_ok();
        }
        if let Some(bound) = self.ids.get(was) {
            return bound == is;
        }
        let ids = was.parse::<Uuid>().is_ok() && is.parse::<Uuid>().is_ok();
        if ids && !was.starts_with(FIXED) {
            self.ids.insert(was.to_owned(), is.to_owned());
        }
        ids && !was.starts_with(FIXED)
    }
}

/// Returns a path without the client's present time in its query.
fn without_now(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let others: Vec<&str> = query.split('&').filter(|part| !part.starts_with("now=")).collect();
    format!("{path}?{}", others.join("&"))
}

#[test]
fn unify_refuses_what_the_recording_does_not_have() {
    let recorded = |body: Value| RecordedRequest {
        method: "POST".into(),
        path: "/v1/commands".into(),
        headers: Vec::new(),
        body: Some(body),
        raw: None,
    };
    let request = |body: Value| Request {
        method: "POST".into(),
        path: "/v1/commands".into(),
        body: Some(body.to_string().into_bytes()),
        ..Request::default()
    };
    let id = |n: u128| Uuid::from_u128(n).to_string();
    let was = serde_json::json!({"id": id(1), "at": "2026-03-20T09:00:00Z", "do": "wake"});
    let mut is = serde_json::json!({"id": id(2), "at": "2030-01-01T00:00:00Z", "do": "wake"});
    let mut bindings = Bindings::default();
    assert!(bindings.unify(&recorded(was.clone()), &request(is.clone())));
    assert_eq!(bindings.applied(&id(1)), id(2));
    assert_eq!(bindings.reversed(&id(2)), id(1));
    is["id"] = id(3).into();
    assert!(!bindings.unify(&recorded(was.clone()), &request(is.clone())));
    is["id"] = id(2).into();
    is["do"] = "pause".into();
    assert!(!bindings.unify(&recorded(was.clone()), &request(is.clone())));
    is["do"] = "wake".into();
    is["new"] = 1.into();
    assert!(!bindings.unify(&recorded(was), &request(is)));
}
