//! The schemas of a document, as JSON.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Members = Map<String, Value>;

/// The prefix of references to schemas.
pub(super) const REFERENCE: &str = "#/components/schemas/";

/// Returns the name of the schema that a value refers to.
pub(super) fn referenced(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()?.strip_prefix(REFERENCE)
}

/// Returns a reference to a schema.
pub(super) fn reference(name: &str) -> Value {
    Value::from_iter([("$ref", format!("{REFERENCE}{name}"))])
}

/// Calls `change` with the name in each reference to a schema, at any depth.
pub(super) fn change_references(value: &mut Value, change: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(REFERENCE).and_then(change) {
                *text = format!("{REFERENCE}{name}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| change_references(item, change)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| change_references(member, change));
        }
        _ => {}
    }
}

/// Returns the schemas of a document.
pub(super) fn schemas_mut(document: &mut Value) -> Option<&mut Members> {
    document.pointer_mut("/components/schemas")?.as_object_mut()
}

/// Returns the field that distinguishes the kind of an object, and its only value.
pub(super) fn tag(schema: &Value) -> Option<(&str, &str)> {
    let required = schema.get("required")?.as_array()?;
    schema.get("properties")?.as_object()?.iter().find_map(|(name, field)| {
        let is_required = required.iter().any(|one| one == name.as_str());
        match field.get("enum")?.as_array()?.as_slice() {
            [only] if is_required => Some((name.as_str(), only.as_str()?)),
            _ => None,
        }
    })
}
