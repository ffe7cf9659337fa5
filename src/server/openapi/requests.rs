//! Closes the schemas of requests. A field that a request body does not describe is refused, which
//! the description expresses with `additionalProperties: false`.
//!
//! Responses may grow, so their schemas stay open. A schema that both use gets a closed copy, whose
//! name ends with `Input`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::schemas::{Members, REFERENCE};

/// How the name of the closed copy of a schema ends.
pub(super) const COPY_SUFFIX: &str = "Input";

/// The depth to which parts of an object are followed.
const MAX_DEPTH: usize = 16;

/// Closes all schemas that the request bodies of a document use.
pub(super) fn close_requests(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let Some(schemas) = schemas.cloned() else { return };
    let mut in_requests = BTreeSet::new();
    let mut elsewhere = BTreeSet::new();
    for (field, part) in operations(document).into_iter().flatten() {
        let found = if field == "requestBody" { &mut in_requests } else { &mut elsewhere };
        collect_names(part, &schemas, found);
    }
    if let Some(responses) = document.pointer("/components/responses") {
        collect_names(responses, &schemas, &mut elsewhere);
    }
    let shared: BTreeSet<&String> = in_requests.intersection(&elsewhere).collect();
    let closed = in_requests.iter().filter_map(|name| {
        let mut schema = schemas.get(name)?.clone();
        close(&mut schema, &schemas);
        rename(&mut schema, &shared);
        let name = if shared.contains(name) { closed_name(name) } else { name.clone() };
        Some((name, schema))
    });
    let closed: Vec<(String, Value)> = closed.collect();
    for body in request_bodies(document) {
        rename(body, &shared);
    }
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.extend(closed);
    }
}

fn closed_name(name: &str) -> String {
    format!("{name}{COPY_SUFFIX}")
}

/// Returns the operations of a document.
fn operations(document: &Value) -> Vec<&Members> {
    let paths = document.get("paths").and_then(Value::as_object);
    let methods = paths.into_iter().flat_map(Members::values).filter_map(Value::as_object);
    methods.flat_map(Members::values).filter_map(Value::as_object).collect()
}

/// Returns the request bodies of the operations of a document.
fn request_bodies(document: &mut Value) -> Vec<&mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let methods = paths.into_iter().flat_map(Members::values_mut).filter_map(Value::as_object_mut);
    let operations = methods.flat_map(Members::values_mut);
    operations.filter_map(|operation| operation.get_mut("requestBody")).collect()
}

/// Collects the names of the schemas that a value refers to, and of those that these refer to.
fn collect_names(value: &Value, schemas: &Members, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(REFERENCE)
                && names.insert(name.to_owned())
                && let Some(schema) = schemas.get(name)
            {
                collect_names(schema, schemas, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, schemas, names)),
        Value::Object(members) => {
            members.values().for_each(|member| collect_names(member, schemas, names));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Lets all references to shared schemas lead to their closed copies.
fn rename(value: &mut Value, shared: &BTreeSet<&String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(REFERENCE).map(str::to_owned)
                && shared.contains(&name)
            {
                *text = format!("{REFERENCE}{}", closed_name(&name));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, shared)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| rename(member, shared));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Forbids fields that are not described, in all objects of a schema. Objects that consist of parts
/// become one object, since each part would forbid the fields of the others.
fn close(schema: &mut Value, schemas: &Members) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| close(item, schemas)),
        Value::Object(members) => {
            if let Some((properties, required)) = merge_parts(members, schemas, MAX_DEPTH)
                && members.remove("allOf").is_some()
            {
                members.insert("type".into(), "object".into());
                members.insert("properties".into(), properties.into());
                members.insert("required".into(), required.into_iter().collect());
            }
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    // Names of fields, not keywords.
                    "properties" => {
                        let fields = member.as_object_mut().into_iter();
                        fields
                            .flat_map(Members::values_mut)
                            .for_each(|field| close(field, schemas));
                    }
                    "items" | "oneOf" | "anyOf" | "allOf" | "additionalProperties" => {
                        close(member, schemas);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Returns the fields of an object with those of all its parts, and the required ones; `None` if a
/// part is no object with described fields.
fn merge_parts(
    schema: &Members,
    schemas: &Members,
    depth: usize,
) -> Option<(Members, BTreeSet<String>)> {
    let depth = depth.checked_sub(1)?;
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = schemas.get(name.strip_prefix(REFERENCE)?)?.as_object()?;
        return merge_parts(target, schemas, depth);
    }
    let own = schema.get("properties").and_then(Value::as_object);
    let parts = schema.get("allOf").and_then(Value::as_array);
    if own.is_none() && parts.is_none() {
        return None;
    }
    let mut properties = own.cloned().unwrap_or_default();
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let mut required: BTreeSet<String> =
        required.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
    for part in parts.into_iter().flatten() {
        let (fields, names) = merge_parts(part.as_object()?, schemas, depth)?;
        properties.extend(fields);
        required.extend(names);
    }
    Some((properties, required))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        let text = json!({"type": "string"});
        let reference = |name: &str| json!({"$ref": format!("{REFERENCE}{name}")});
        json!({
            "paths": {"/x": {"post": {
                "requestBody": {"content": {"application/json": {"schema": reference("Ask")}}},
                "responses": {"200": {"content": {"application/json": {"schema": reference("Person")}}}},
            }}, "/y": {"put": {
                "requestBody": {"content": {"application/json": {"schema": reference("Person")}}},
                "responses": {"200": {"content": {"application/json": {"schema": reference("Person")}}}},
            }}},
            "components": {"schemas": {
                "Ask": {"oneOf": [
                    {"allOf": [reference("Decision"), {
                        "type": "object", "properties": {"do": text}, "required": ["do"],
                    }]},
                    {"type": "object", "properties": {"to": reference("Person")}},
                ]},
                "Decision": {"type": "object", "properties": {"reason": text}, "required": ["reason"]},
                "Person": {"type": "object", "properties": {"name": text}},
                "Row": {"type": "object", "properties": {"title": text}},
            }},
        })
    }

    #[test]
    fn requests_are_closed_and_responses_stay_open() {
        let mut document = document();
        close_requests(&mut document);
        // A body that is a shared schema leads to its copy, and the response to the open one.
        let target = |part: &str| {
            let content = "content/application~1json/schema/$ref";
            document.pointer(&format!("/paths/~1y/put/{part}/{content}")).unwrap().clone()
        };
        assert_eq!(target("requestBody"), format!("{REFERENCE}PersonInput"));
        assert_eq!(target("responses/200"), format!("{REFERENCE}Person"));
        let schema = |name: &str| document.pointer(&format!("/components/schemas/{name}")).unwrap();
        let text = json!({"type": "string"});
        assert_eq!(
            schema("Ask"),
            &json!({"oneOf": [
                {
                    "type": "object",
                    "properties": {"do": text, "reason": text},
                    "required": ["do", "reason"],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "properties": {"to": {"$ref": format!("{REFERENCE}PersonInput")}},
                    "additionalProperties": false,
                },
            ]})
        );
        assert_eq!(schema("PersonInput")["additionalProperties"], false);
        for open in ["Person", "Row"] {
            assert!(schema(open).get("additionalProperties").is_none(), "{open}");
        }
    }

    #[test]
    fn parts_that_are_no_objects_stay() {
        let mut schema = json!({"allOf": [{"type": "string"}, {"minLength": 1}]});
        let before = schema.clone();
        close(&mut schema, &Members::new());
        assert_eq!(schema, before);
    }
}
