//! Describes objects that consist of parts, and lists of a fixed form, in the way that generators of
//! clients understand: as objects of their own, and as lists of alternatives.

use serde_json::{Map, Value, json};

use super::schemas::{Members, REFERENCE};

/// The depth to which parts of an object are followed.
const MAX_DEPTH: usize = 16;

/// Merges the parts of objects (`allOf`), and describes lists of a fixed form (`prefixItems`) as lists
/// of the same length whose entries are any of the alternatives.
pub(super) fn flatten(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let Some(schemas) = schemas.cloned() else { return };
    *document = flat(document, &schemas);
}

fn flat(value: &Value, schemas: &Members) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| flat(item, schemas)).collect(),
        Value::Object(members) => {
            if members.get("allOf").is_some_and(Value::is_array)
                && let Some(merged) = merged(members, schemas)
            {
                return merged;
            }
            let mut members: Members =
                members.iter().map(|(name, value)| (name.clone(), flat(value, schemas))).collect();
            if let Some(Value::Array(items)) = members.remove("prefixItems") {
                describe_as_list(&mut members, &items);
            }
            members.into()
        }
        other => other.clone(),
    }
}

/// Describes a list of a fixed form by the alternatives for its entries.
fn describe_as_list(members: &mut Members, items: &[Value]) {
    let mut alternatives: Vec<Value> = Vec::new();
    for item in items {
        let of_item = item.get("oneOf").and_then(Value::as_array);
        for alternative in of_item.map_or(std::slice::from_ref(item), Vec::as_slice) {
            if !alternatives.contains(alternative) {
                alternatives.push(alternative.clone());
            }
        }
    }
    members.insert("items".into(), json!({"anyOf": alternatives}));
    members.insert("minItems".into(), items.len().into());
    members.insert("maxItems".into(), items.len().into());
}

/// Returns the object, or one of several, that a schema with parts describes; `None` if a part is no
/// object with described fields.
fn merged(members: &Members, schemas: &Members) -> Option<Value> {
    let mut merged: Vec<Value> = alternatives(members, schemas, MAX_DEPTH)?
        .into_iter()
        .map(|object| flat(&Value::Object(object), schemas))
        .collect();
    let mut described = match (merged.len(), merged.pop()) {
        (1, Some(Value::Object(only))) => only,
        (_, last) => {
            merged.extend(last);
            Map::from_iter([("oneOf".to_owned(), merged.into())])
        }
    };
    if let Some(description) = members.get("description") {
        described.insert("description".into(), description.clone());
    }
    Some(described.into())
}

/// Returns the objects of which a value of the schema is one, each with the fields of all its parts.
fn alternatives(schema: &Members, schemas: &Members, depth: usize) -> Option<Vec<Members>> {
    let depth = depth.checked_sub(1)?;
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = schemas.get(name.strip_prefix(REFERENCE)?)?.as_object()?;
        return alternatives(target, schemas, depth);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut all = vec![object()];
        for part in parts {
            let part = alternatives(part.as_object()?, schemas, depth)?;
            all = all.iter().flat_map(|one| part.iter().map(|more| join(one, more))).collect();
        }
        return Some(all);
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let mut all = Vec::new();
        for choice in choices {
            all.extend(alternatives(choice.as_object()?, schemas, depth)?);
        }
        return Some(all);
    }
    schema.get("properties").is_some_and(Value::is_object).then(|| vec![schema.clone()])
}

/// Returns the schema of an object without fields.
fn object() -> Members {
    Map::from_iter([("type".to_owned(), "object".into())])
}

/// Returns the object with the fields of two. Its other properties are those of the second one.
fn join(one: &Members, other: &Members) -> Members {
    let mut joined = one.clone();
    for (name, value) in other {
        match (joined.get_mut(name), value) {
            (Some(Value::Object(fields)), Value::Object(more)) if name == "properties" => {
                fields.extend(more.clone());
            }
            (Some(Value::Array(names)), Value::Array(more)) if name == "required" => {
                let new: Vec<Value> =
                    more.iter().filter(|name| !names.contains(name)).cloned().collect();
                names.extend(new);
            }
            _ => drop(joined.insert(name.clone(), value.clone())),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_one_object_and_alternatives_one_each() {
        let text = json!({"type": "string"});
        let mut document = json!({"components": {"schemas": {
            "Body": {"oneOf": [
                {"type": "object", "properties": {"kind": {"enum": ["a"]}}, "required": ["kind"]},
                {"allOf": [
                    {"$ref": format!("{REFERENCE}More")},
                    {"type": "object", "properties": {"kind": {"enum": ["b"]}}, "required": ["kind"]},
                ]},
            ]},
            "More": {"type": "object", "properties": {"text": text}, "required": ["text"]},
            "Event": {"description": "An event.", "allOf": [
                {"$ref": format!("{REFERENCE}Body")},
                {"type": "object", "properties": {"at": text}},
            ]},
        }}});
        flatten(&mut document);
        assert_eq!(
            document["components"]["schemas"]["Event"],
            json!({"description": "An event.", "oneOf": [
                {
                    "type": "object",
                    "properties": {"kind": {"enum": ["a"]}, "at": text},
                    "required": ["kind"],
                },
                {
                    "type": "object",
                    "properties": {"kind": {"enum": ["b"]}, "at": text, "text": text},
                    "required": ["text", "kind"],
                },
            ]})
        );
    }

    #[test]
    fn list_of_a_fixed_form_has_the_alternatives_of_its_entries() {
        let mut document = json!({"components": {"schemas": {"Pair": {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"oneOf": [{"type": "integer"}, {"type": "null"}]}],
            "items": false,
        }}}});
        flatten(&mut document);
        assert_eq!(
            document["components"]["schemas"]["Pair"],
            json!({
                "type": "array",
                "items": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
                "minItems": 2,
                "maxItems": 2,
            })
        );
    }
}
