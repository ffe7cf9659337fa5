//! Makes an example of each request and each successful response, from its schema: the required
//! fields, with the first of several alternatives.

use serde_json::{Map, Value, json};

use super::schemas::{Members, referenced};

/// The depth to which a schema is followed.
const MAX_DEPTH: usize = 64;

/// Adds an example to each JSON request and successful JSON response that has none.
pub(super) fn add_examples(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let Some(schemas) = schemas.cloned() else { return };
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Members::values_mut);
    let operations = operations.filter_map(Value::as_object_mut).flat_map(Members::values_mut);
    for operation in operations {
        for part in ["requestBody", "responses/200", "responses/201"] {
            let at = format!("/{part}/content/application~1json");
            let Some(content) = operation.pointer_mut(&at).and_then(Value::as_object_mut) else {
                continue;
            };
            if !content.contains_key("example")
                && let Some(schema) = content.get("schema")
            {
                let example = example(schema, "", &schemas, MAX_DEPTH);
                content.insert("example".into(), example);
            }
        }
    }
}

/// Returns an example of a value. `field` is the name of the field that has it.
fn example(schema: &Value, field: &str, schemas: &Members, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(target) = referenced(schema).and_then(|name| schemas.get(name)) {
        return example(target, field, schemas, depth);
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    let is_null = |schema: &&Value| schema.get("type").is_some_and(|kind| kind == "null");
    for keyword in ["oneOf", "anyOf"] {
        if let Some(choices) = schema.get(keyword).and_then(Value::as_array) {
            let choice = choices.iter().find(|choice| !is_null(choice)).or(choices.first());
            return choice.map_or(Value::Null, |one| example(one, field, schemas, depth));
        }
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().find(|kind| *kind != "null"),
        kind => kind,
    };
    match kind.and_then(Value::as_str) {
        Some("object") => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            let fields = required.filter_map(|name| {
                let name = name.as_str()?;
                let properties = schema.get("properties")?;
                // The name is that of a team or a service where the other fields say so.
                let kind = match name {
                    "name" if properties.get("members").is_some() => "team",
                    "name" if properties.get("team").is_some() => "service",
                    name => name,
                };
                Some((name.to_owned(), example(properties.get(name)?, kind, schemas, depth)))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Some("array") => {
            let length = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).max(1);
            let item = schema.get("items").unwrap_or(&Value::Null);
            let item = example(item, field, schemas, depth);
            (0..length).map(|_| item.clone()).collect()
        }
        Some("string") => text(schema, field).into(),
        Some("integer" | "number") => {
            schema.get("minimum").cloned().filter(|least| *least != 0).unwrap_or(json!(1))
        }
        Some("boolean") => false.into(),
        _ => json!({}),
    }
}

/// Returns an example of a text. `field` is the name of the field or parameter that has it.
pub(super) fn text(schema: &Value, field: &str) -> &'static str {
    match (schema.get("format").and_then(Value::as_str), field) {
        (Some("uuid"), _) => "0198c0de-0000-7000-8000-000000000001",
        // The end of a span is later than its start.
        (Some("date-time"), "to" | "until") => "2026-03-02T09:00:00Z",
        (Some("date-time"), _) => "2026-03-01T09:00:00Z",
        (Some("date"), _) => "2026-03-01",
        _ if schema.get("pattern").is_some() => "1",
        (_, "title") => "Card payments fail",
        (_, "handle" | "person" | "rotation" | "members") => "ines",
        (_, "name") => "Ines Moreau",
        (_, "team" | "on_call") => "payments",
        (_, "service" | "services") => "checkout",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::super::schemas::reference;
    use super::*;

    #[test]
    fn example_has_what_is_required_and_the_first_alternative() {
        let mut document = json!({
            "paths": {"/x": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"type": "array", "items": reference("Row")},
            }}}}}}},
            "components": {"schemas": {
                "Row": {
                    "type": "object",
                    "required": ["title", "kind", "at", "count", "owner"],
                    "properties": {
                        "title": {"type": "string"},
                        "kind": {"type": "string", "enum": ["a", "b"]},
                        "at": {"type": "string", "format": "date-time"},
                        "count": {"type": ["integer", "null"], "minimum": 0},
                        "owner": {"oneOf": [{"type": "null"}, reference("Person")]},
                        "other": {"type": "string"},
                    },
                },
                "Person": {"type": "object", "properties": {}, "example": {"handle": "tom"}},
            }},
        });
        add_examples(&mut document);
        let content = &document["paths"]["/x"]["get"]["responses"]["200"]["content"];
        assert_eq!(
            content["application/json"]["example"],
            json!([{
                "title": "Card payments fail",
                "kind": "a",
                "at": "2026-03-01T09:00:00Z",
                "count": 1,
                "owner": {"handle": "tom"},
            }])
        );
    }
}
