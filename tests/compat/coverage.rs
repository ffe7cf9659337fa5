//! The recordings have every route, every command, and every kind of refusal of the old program.

use std::collections::BTreeSet;

use serde_json::Value;

use super::program::{file, text_of};
use super::recording::lines;

/// Error codes that no request can cause. `internal` follows only from a panic.
const UNREACHABLE: [&str; 1] = ["internal"];

/// Returns the exchanges of all recordings of a server.
fn recorded() -> Vec<Value> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(file("recordings")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("server-") {
            all.extend(lines(&format!("recordings/{name}")).1);
        }
    }
    all.retain(|line| line.get("request").is_some());
    all
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Adds the values of all fields with a name, at any depth.
fn gather(value: &Value, name: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(name).and_then(Value::as_str).map(ToOwned::to_owned));
            fields.values().for_each(|value| gather(value, name, found));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, name, found)),
        _ => {}
    }
}

fn missing(wanted: impl IntoIterator<Item = String>, found: &BTreeSet<String>) -> Vec<String> {
    wanted.into_iter().filter(|one| !found.contains(one)).collect()
}

#[test]
fn recordings_have_every_route() {
    let old: Value = serde_json::from_str(&text_of("openapi.json")).unwrap();
    let recorded = recorded();
    for (pattern, methods) in old["paths"].as_object().unwrap() {
        let parts: Vec<&str> = pattern.split('/').collect();
        let is_route = |path: &str| {
            let path: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
            let same = |(part, is): (&&str, &&str)| part == is || part.starts_with('{');
            path.len() == parts.len() && parts.iter().zip(&path).all(same)
        };
        for method in methods.as_object().unwrap().keys() {
            let is_done = recorded.iter().any(|line| {
                line["response"]["status"] == 200
                    && text(&line["request"]["method"]).eq_ignore_ascii_case(method)
                    && is_route(&text(&line["request"]["path"]))
            });
            assert!(is_done, "no recording has {method} {pattern}");
        }
    }
}

#[test]
fn recordings_have_every_command_carried_out() {
    let old: Value = serde_json::from_str(&text_of("openapi.json")).unwrap();
    let verbs = old["components"]["schemas"]["Verb"]["enum"].as_array().unwrap();
    let mut done = BTreeSet::new();
    for line in recorded() {
        let none = Vec::new();
        let commands = line["request"]["body"]["commands"].as_array().unwrap_or(&none).clone();
        let answers = line["response"]["body"]["answers"].as_array().unwrap_or(&none).clone();
        for (command, answer) in commands.iter().zip(&answers) {
            if answer.get("done").is_some() {
                let command = command["command"].as_object().unwrap();
                gather(&Value::Object(command.clone()), "do", &mut done);
                done.extend(command.keys().filter(|key| key.starts_with("record_")).cloned());
            }
        }
    }
    assert_eq!(missing(verbs.iter().map(text), &done), Vec::<String>::new());
}

#[test]
fn recordings_have_every_kind_of_refusal() {
    let codes = [
        "bad_request",
        "unauthorized",
        "other_person",
        "not_allowed",
        "not_found",
        "no_such_method",
        "too_slow",
        "conflict",
        "too_large",
        "media_type",
        "rejected",
        "limited",
        "broken",
        "internal",
        "unreachable",
    ];
    let (mut found, mut rejections) = (BTreeSet::new(), BTreeSet::new());
    let mut statuses = BTreeSet::new();
    for line in recorded() {
        gather(&line["response"]["body"], "code", &mut found);
        gather(&line["response"]["body"], "rejection", &mut rejections);
        statuses.extend(line["response"]["status"].as_u64());
    }
    let wanted = codes.into_iter().filter(|code| !UNREACHABLE.contains(code));
    assert_eq!(missing(wanted.map(ToOwned::to_owned), &found), Vec::<String>::new());
    let kinds = ["conflict", "invalid", "not_now"].map(ToOwned::to_owned);
    assert_eq!(missing(kinds, &rejections), Vec::<String>::new());
    for status in [200, 304, 400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 500, 503] {
        assert!(statuses.contains(&status), "no recording has {status}");
    }
}
