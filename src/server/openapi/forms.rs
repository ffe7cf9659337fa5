//! Describes the bodies that are sent as forms by schemas of their own. A form has no null, and
//! generators of clients choose by its type how a body is sent.

use serde_json::Value;

use super::schemas::{Members, reference, referenced, schemas_mut};

/// The media type of a form, as a part of a JSON pointer.
const FORM: &str = "/requestBody/content/application~1x-www-form-urlencoded/schema";

/// Gives each form a schema, which is that of its fields without null.
pub(super) fn name_forms(document: &mut Value) {
    let Some(schemas) = schemas_mut(document).cloned() else { return };
    let mut forms = Members::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Members::values_mut);
    let operations = operations.filter_map(Value::as_object_mut).flat_map(Members::values_mut);
    for schema in operations.filter_map(|operation| operation.pointer_mut(FORM)) {
        let Some(name) = referenced(schema) else { continue };
        let Some(fields) = schemas.get(name) else { continue };
        let form_name = format!("{}Form", name.strip_suffix("Request").unwrap_or(name));
        forms.insert(form_name.clone(), without_null(fields));
        *schema = reference(&form_name);
    }
    if let Some(schemas) = schemas_mut(document) {
        schemas.append(&mut forms);
    }
}

/// Returns an object schema whose fields can't be null.
fn without_null(object: &Value) -> Value {
    let mut object = object.clone();
    let fields = object.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(Members::values_mut) {
        if let Some(Value::Array(kinds)) = field.get_mut("type") {
            kinds.retain(|kind| kind != "null");
            if let [only] = &kinds[..] {
                field["type"] = only.clone();
            }
        }
        if let Some(Value::Array(values)) = field.get_mut("enum") {
            values.retain(|value| !value.is_null());
        }
        if let Some(Value::Array(choices)) = field.get_mut("oneOf") {
            choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
            if let [only] = &choices[..] {
                *field = only.clone();
            }
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn form_has_a_schema_of_its_own_whose_fields_are_never_null() {
        let content = |name: &str| json!({"schema": reference(name)});
        let mut document = json!({
            "paths": {"/x": {"post": {"requestBody": {"content": {
                "application/json": content("AssignRequest"),
                "application/x-www-form-urlencoded": content("AssignRequest"),
            }}}}},
            "components": {"schemas": {"AssignRequest": {
                "type": "object",
                "properties": {
                    "to": {"type": ["string", "null"]},
                    "kind": {"type": ["string", "null"], "enum": ["a", null]},
                    "level": {"oneOf": [{"type": "null"}, reference("Level")]},
                },
            }}},
        });
        name_forms(&mut document);
        let content = &document["paths"]["/x"]["post"]["requestBody"]["content"];
        assert_eq!(content["application/json"]["schema"], reference("AssignRequest"));
        let form = &content["application/x-www-form-urlencoded"]["schema"];
        assert_eq!(*form, reference("AssignForm"));
        assert_eq!(
            document["components"]["schemas"]["AssignForm"]["properties"],
            json!({
                "to": {"type": "string"},
                "kind": {"type": "string", "enum": ["a"]},
                "level": reference("Level"),
            })
        );
    }
}
