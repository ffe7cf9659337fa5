//! The API's description may only gain: all that the old one promises is in the present one.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::program::{Home, text_of};
use super::server::Server;

/// Texts for people, whose wording may change.
const PROSE: [&str; 2] = ["description", "summary"];

/// Fields of requests that are needed now: absent they would clear something. The old program sent them
/// always, as null where they are to be cleared, as its recordings show.
const NEEDED: [&str; 6] = [
    "/properties/ask/oneOf/4/required: to is needed now",
    "/properties/ask/oneOf/5/required: team is needed now",
    "/properties/ask/oneOf/11/required: category is needed now",
    "/properties/item/required: due is needed now",
    "/properties/item/required: owner is needed now",
    "/properties/record_change/required: ends_at is needed now",
];

/// Parameters that accept more now: an incident is named by its id or its number.
const WIDENED: [&str; 2] = [
    "/paths/~1v1~1incidents~1{id}/get/parameters/0/schema",
    "/paths/~1v1~1incidents~1{id}~1timeline/get/parameters/0/schema",
];

/// The depth to which references are followed. A description whose references lead in a circle does
/// not exist.
const MAX_DEPTH: usize = 150;

/// Compares two descriptions.
#[derive(Default)]
struct Comparison {
    missing: Vec<String>,
    /// Whether the first difference is enough.
    is_short: bool,
}

/// Returns the parts of the old description that the new one lacks or has changed, each with a JSON
/// pointer.
///
/// Operations are compared with all references resolved, since names of schemas are not sent, and
/// in one form: see [`in_one_form`].
fn missing(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison::default();
    let (old, new) = (expanded(old), expanded(new));
    comparison.values("", &old, &new);
    comparison.missing.retain(|missing| {
        !NEEDED.iter().any(|needed| missing.ends_with(needed))
            && !WIDENED.iter().any(|widened| missing.starts_with(widened))
    });
    comparison.missing.sort();
    comparison.missing.dedup();
    comparison.missing
}

/// Returns a description without its schemas, which are inlined.
fn expanded(document: &Value) -> Value {
    let mut description = document.clone();
    description["paths"] = in_one_form(&document["paths"], document, MAX_DEPTH);
    let components = description["components"].as_object_mut().unwrap();
    components.retain(|name, _| name == "securitySchemes");
    description
}

/// Returns a part of a description in the form of both programs, with what it refers to: objects that
/// consist of parts are one object, or one for each alternative of a part; a list of a fixed form is
/// one of the alternatives of its entries; unsigned numbers of 32 bits are `int64`, as `int32` ends at
/// 2³¹ − 1.
fn in_one_form(part: &Value, document: &Value, depth: usize) -> Value {
    assert!(depth > 0, "references lead in a circle: {part}");
    match part {
        Value::Array(items) => {
            items.iter().map(|item| in_one_form(item, document, depth - 1)).collect()
        }
        Value::Object(fields) => {
            if let Some(target) = part["$ref"].as_str() {
                let target = document.pointer(target.trim_start_matches('#'));
                return in_one_form(target.unwrap_or(&Value::Null), document, depth - 1);
            }
            if part["allOf"].is_array()
                && let Some(mut objects) = alternatives(part, document)
            {
                let form = match objects.len() {
                    1 => objects.remove(0),
                    _ => json!({"oneOf": objects}),
                };
                return in_one_form(&form, document, depth - 1);
            }
            let mut fields = fields.clone();
            if let Some(Value::Array(entries)) = fields.remove("prefixItems") {
                let alternatives = |entry: &Value| {
                    entry["oneOf"].as_array().cloned().unwrap_or_else(|| vec![entry.clone()])
                };
                let all: Vec<Value> = entries.iter().flat_map(alternatives).collect();
                fields.insert("items".into(), json!({"anyOf": all}));
            }
            let is_u32 = part["maximum"] == u64::from(u32::MAX);
            let form = |(name, value): (&String, &Value)| {
                let value = match value.as_str() {
                    Some("int32") if name == "format" && is_u32 => "int64".into(),
                    _ => in_one_form(value, document, depth - 1),
                };
                (name.clone(), value)
            };
            fields.iter().map(form).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Returns the objects of which a schema allows one, each with the fields of all its parts; `None` if
/// a part is no object.
fn alternatives(schema: &Value, document: &Value) -> Option<Vec<Value>> {
    if let Some(target) = schema["$ref"].as_str() {
        return alternatives(document.pointer(target.strip_prefix('#')?)?, document);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut all = vec![json!({"type": "object"})];
        for part in parts {
            let part = alternatives(part, document)?;
            all = all.iter().flat_map(|one| part.iter().map(|more| joined(one, more))).collect();
        }
        return Some(all);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let all: Option<Vec<_>> =
            choices.iter().map(|choice| alternatives(choice, document)).collect();
        return all.map(|all| all.concat());
    }
    schema["properties"].is_object().then(|| vec![schema.clone()])
}

/// Returns an object with the fields of two.
fn joined(one: &Value, other: &Value) -> Value {
    let mut joined = one.clone();
    for (name, field) in other["properties"].as_object().into_iter().flatten() {
        joined["properties"][name] = field.clone();
    }
    let mut required = one["required"].as_array().cloned().unwrap_or_default();
    required.extend(other["required"].as_array().into_iter().flatten().cloned());
    joined["required"] = required.into();
    joined
}

impl Comparison {
    fn values(&mut self, at: &str, old: &Value, new: &Value) {
        if self.is_short && !self.missing.is_empty() {
            return;
        }
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
        if at.contains("/requestBody/") {
            for name in is.difference(&was) {
                self.missing.push(format!("{at}/required: {name} is needed now"));
            }
        }
        if at.contains("/responses/") {
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
            if let Some(is) = new.iter().find(named).or_else(|| same_kind(was, new)) {
                self.values(&at, was, is);
            } else if !new.iter().any(|is| is_within(was, is)) {
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
}

/// Finds the alternative of the same kind: a field with only one value has the same one, or the only
/// field has the same name.
fn same_kind<'a>(was: &Value, new: &'a [Value]) -> Option<&'a Value> {
    let tag = |schema: &Value| -> Option<(String, Value)> {
        let fields = schema["properties"].as_object()?;
        let tag = fields.iter().find_map(|(name, field)| {
            let values = field["enum"].as_array()?;
            (values.len() == 1).then(|| (name.clone(), values[0].clone()))
        });
        tag.or_else(|| {
            let only = fields.keys().next().filter(|_| fields.len() == 1)?;
            Some((only.clone(), Value::Null))
        })
    };
    let wanted = tag(was)?;
    new.iter().find(|is| tag(is).as_ref() == Some(&wanted))
}

fn is_within(old: &Value, new: &Value) -> bool {
    let mut inner = Comparison { is_short: true, ..Comparison::default() };
    inner.values("", old, new);
    inner.missing.is_empty()
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
        ("/components/securitySchemes", "token"),
    ] {
        let found = found_after(pointer, remove(name));
        let at = format!("{pointer}/{}: is missing", name.replace('/', "~1"));
        assert!(found.contains(&at), "{at}: {found:?}");
    }
    // A schema is compared where it is used.
    assert!(!found_after("/components/schemas", remove("Declaration")).is_empty());
    let found = found_after("/components/schemas/Declaration/properties", remove("dedup_key"));
    assert!(found.iter().any(|found| found.ends_with("/dedup_key: is missing")), "{found:?}");
    let pop = |value: &mut Value| drop(value.as_array_mut().unwrap().pop().unwrap());
    assert!(!found_after("/components/schemas/Verb/enum", pop).is_empty());
    assert!(!found_after("/paths/~1v1~1incidents/get/parameters", pop).is_empty());
    assert!(!found_after("/components/schemas/Details/required", pop).is_empty());
    let push = |value: &mut Value| value.as_array_mut().unwrap().push("new".into());
    assert!(found_after("/components/schemas/Verb/enum", push).is_empty());
    assert!(!found_after("/components/schemas/Orders/required", push).is_empty());
    assert!(found_after("/components/schemas/Details/required", push).is_empty());
}
