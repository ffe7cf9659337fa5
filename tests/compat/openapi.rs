//! The API's description may only gain: all that the old one promises is in the present one.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::program::{Home, text_of};
use super::server::Server;

/// Texts for people, whose wording may change.
const PROSE: [&str; 2] = ["description", "summary"];

/// Fields of requests that are needed now: absent they would clear something. The old program sent them
/// always, as null where they are to be cleared, as its recordings show.
const NEEDED: [&str; 3] = [
    "/components/schemas/ActionItem/required: due is needed now",
    "/components/schemas/ActionItem/required: owner is needed now",
    "/components/schemas/Change/required: ends_at is needed now",
];

/// Compares two descriptions.
struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    /// Names of schemas that occur in request bodies.
    requested: BTreeSet<String>,
    /// Names of schemas that occur in responses.
    answered: BTreeSet<String>,
    missing: Vec<String>,
}

/// Returns what the new description lacks or has changed, each with a JSON pointer. A schema that
/// requests and responses share has a closed copy for requests: the old one is compared with both.
fn missing(old: &Value, new: &Value) -> Vec<String> {
    let (old, mut new) = (in_one_form(old, old), in_one_form(new, new));
    let mut found = missing_in_one_form(&old, &new);
    let schemas = new["components"]["schemas"].as_object_mut().unwrap();
    for (name, copy) in schemas.clone() {
        if let Some(name) = name.strip_suffix("Request")
            && schemas.contains_key(name)
        {
            schemas.insert(name.to_owned(), copy);
        }
    }
    found.extend(missing_in_one_form(&old, &new));
    found.sort();
    found.dedup();
    found
}

/// Returns a part of a description in the form of both programs: objects that consist of parts are
/// one object; unsigned numbers of 32 bits are `int64`, as `int32` ends at 2³¹ − 1; references to
/// closed copies lead to the schema.
fn in_one_form(part: &Value, document: &Value) -> Value {
    match part {
        Value::Array(items) => items.iter().map(|item| in_one_form(item, document)).collect(),
        Value::Object(fields) => {
            if let Some(merged) = merge_parts(part, document).filter(|_| part["allOf"].is_array()) {
                return in_one_form(&merged, document);
            }
            let form = |(name, value): (&String, &Value)| {
                let value = match value.as_str() {
                    Some("int32") if name == "format" && part["maximum"] == u64::from(u32::MAX) => {
                        "int64".into()
                    }
                    Some(target) if name == "$ref" => {
                        let base = target.strip_suffix("Request");
                        let exists = |base: &&str| document.pointer(&base[1..]).is_some();
                        base.filter(exists).unwrap_or(target).into()
                    }
                    _ => in_one_form(value, document),
                };
                (name.clone(), value)
            };
            fields.iter().map(form).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Returns an object with the fields of all its parts; `None` if a part is no object.
fn merge_parts(schema: &Value, document: &Value) -> Option<Value> {
    if let Some(target) = schema["$ref"].as_str() {
        return merge_parts(document.pointer(target.strip_prefix('#')?)?, document);
    }
    if !schema["properties"].is_object() && !schema["allOf"].is_array() {
        return None;
    }
    let mut merged = schema.clone();
    merged.as_object_mut()?.remove("allOf");
    merged["type"] = "object".into();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let part = merge_parts(part, document)?;
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            merged["properties"][name] = field.clone();
        }
        let mut required = merged["required"].as_array().cloned().unwrap_or_default();
        required.extend(part["required"].as_array().into_iter().flatten().cloned());
        merged["required"] = required.into();
    }
    Some(merged)
}

fn missing_in_one_form(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison {
        old,
        new,
        requested: BTreeSet::new(),
        answered: BTreeSet::new(),
        missing: Vec::new(),
    };
    for operation in old["paths"].as_object().unwrap().values() {
        for operation in operation.as_object().unwrap().values() {
            let mut requested = std::mem::take(&mut comparison.requested);
            reach(old, &operation["requestBody"], &mut requested);
            comparison.requested = requested;
            let mut answered = std::mem::take(&mut comparison.answered);
            reach(old, &operation["responses"], &mut answered);
            comparison.answered = answered;
        }
    }
    comparison.values("", old, new);
    comparison.missing.retain(|missing| !NEEDED.contains(&missing.as_str()));
    comparison.missing
}

/// Adds the names of the schemas that a part refers to, and those that these refer to.
fn reach(document: &Value, part: &Value, names: &mut BTreeSet<String>) {
    match part {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str).unwrap_or_default();
            if let Some(name) = reference.strip_prefix("#/components/schemas/")
                && names.insert(name.to_owned())
            {
                reach(document, &document["components"]["schemas"][name], names);
            }
            fields.values().for_each(|value| reach(document, value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(document, item, names)),
        _ => {}
    }
}

impl Comparison<'_> {
    fn values(&mut self, at: &str, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => self.objects(at, old, new),
            (Value::Array(old), Value::Array(new)) => self.lists(at, old, new),
            _ if old == new => {}
            _ => self.missing.push(format!("{at}: was {old}, is {new}")),
        }
    }

    fn objects(&mut self, at: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        for (name, was) in old {
            let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            let is_prose = PROSE.contains(&name.as_str()) && was.is_string();
            if is_prose || at == "/info/version" || name == "required" {
                continue;
            }
            match new.get(name) {
                Some(is) => self.values(&at, was, is),
                None => self.missing.push(format!("{at}: is missing")),
            }
        }
        self.required(at, old, new);
    }

    /// Checks that a request needs no new field, and that a response has all its old fields.
    fn required(&mut self, at: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        let names = |fields: &Map<String, Value>| -> BTreeSet<String> {
            let list = fields.get("required").and_then(Value::as_array);
            list.into_iter().flatten().filter_map(|n| n.as_str().map(ToOwned::to_owned)).collect()
        };
        let (was, is) = (names(old), names(new));
        let schema = at.strip_prefix("/components/schemas/").unwrap_or_default();
        let schema = schema.split('/').next().unwrap_or_default();
        if self.requested.contains(schema) {
            for name in is.difference(&was) {
                self.missing.push(format!("{at}/required: {name} is needed now"));
            }
        }
        if self.answered.contains(schema) {
            for name in was.difference(&is) {
                self.missing.push(format!("{at}/required: {name} is not promised any more"));
            }
        }
    }

    /// Compares lists as sets: of values, of parameters by their names, or of alternatives.
    fn lists(&mut self, at: &str, old: &[Value], new: &[Value]) {
        for (index, was) in old.iter().enumerate() {
            let at = format!("{at}/{index}");
            let named = |one: &&Value| {
                was["name"].is_string() && (&one["name"], &one["in"]) == (&was["name"], &was["in"])
            };
            if let Some(is) = new.iter().find(named) {
                self.values(&at, was, is);
            } else if !new.iter().any(|is| self.is_within(was, is)) {
                self.missing.push(format!("{at}: is missing or changed: {was}"));
            }
        }
        let old_names: Vec<&Value> = old.iter().map(|one| &one["name"]).collect();
        for new in new.iter().filter(|new| new["required"] == true) {
            if !old_names.contains(&&new["name"]) {
                self.missing.push(format!("{at}: {} is needed now", new["name"]));
            }
        }
    }

    fn is_within(&self, old: &Value, new: &Value) -> bool {
        let mut inner = Comparison {
            old: self.old,
            new: self.new,
            requested: BTreeSet::new(),
            answered: BTreeSet::new(),
            missing: Vec::new(),
        };
        inner.values("", old, new);
        inner.missing.is_empty()
    }
}

fn old() -> Value {
    serde_json::from_str(&text_of("openapi.json")).unwrap()
}

#[test]
fn printed_description_has_all_of_the_old_one() {
    let home = Home::new();
    let new: Value = serde_json::from_str(&home.ok(["serve", "--print-openapi"])).unwrap();
    assert_eq!(missing(&old(), &new), Vec::<String>::new());
}

#[test]
fn served_description_has_all_of_the_old_one() {
    let home = Home::new();
    assert_eq!(home.run(["token", "create", "--name", "ines", "--scope", "read"]).code, 0);
    let server = Server::start(&home, &[], &[]);
    let response = server.get("", "/v1/openapi.json");
    assert_eq!(response.status, 200);
    let new: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(missing(&old(), &new), Vec::<String>::new());
}

/// Changes a value of the description, and returns the differences that are found.
fn found_after(pointer: &str, change: impl Fn(&mut Value)) -> Vec<String> {
    let old = old();
    let mut new = old.clone();
    change(new.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")));
    missing(&old, &new)
}

#[test]
fn comparison_of_descriptions_names_each_loss() {
    let remove = |name: &'static str| {
        move |value: &mut Value| drop(value.as_object_mut().unwrap().remove(name).unwrap())
    };
    for (pointer, name) in [
        ("/paths", "/v1/measures"),
        ("/paths/~1v1~1incidents/get/responses", "429"),
        ("/components/schemas", "Declaration"),
        ("/components/schemas/Declaration/properties", "dedup_key"),
        ("/components/securitySchemes", "token"),
    ] {
        let found = found_after(pointer, remove(name));
        let at = format!("{pointer}/{}: is missing", name.replace('/', "~1"));
        assert!(found.contains(&at), "{at}: {found:?}");
    }
    let pop = |value: &mut Value| drop(value.as_array_mut().unwrap().pop().unwrap());
    assert!(!found_after("/components/schemas/Verb/enum", pop).is_empty());
    assert!(!found_after("/paths/~1v1~1incidents/get/parameters", pop).is_empty());
    assert!(!found_after("/components/schemas/Details/required", pop).is_empty());
    let push = |value: &mut Value| value.as_array_mut().unwrap().push("new".into());
    assert!(found_after("/components/schemas/Verb/enum", push).is_empty());
    assert!(!found_after("/components/schemas/Orders/required", push).is_empty());
    assert!(found_after("/components/schemas/Details/required", push).is_empty());
}
