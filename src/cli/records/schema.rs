//! JSON Schemas of the commands' JSON output, derived from the same types.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The location of referenced schemas in the `OpenAPI` document.
const COMPONENTS: &str = "#/components/schemas/";
/// Their location in a JSON Schema.
const DEFINITIONS: &str = "#/$defs/";

/// Returns the JSON Schema of a type, with all schemas that it refers to.
pub fn json_schema<T: ToSchema>(title: &str) -> Value {
    let mut referred = Vec::new();
    T::schemas(&mut referred);
    let definitions: Map<String, Value> = referred
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()))
        .collect();
    let mut schema = serde_json::to_value(T::schema()).unwrap_or_default();
    if let Value::Object(fields) = &mut schema {
        fields.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        fields.insert("title".into(), json!(title));
        fields.insert("$defs".into(), Value::Object(definitions));
    }
    redirect(&mut schema);
    schema
}

/// Changes references to the definitions of the schema itself.
fn redirect(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some(name) = target.strip_prefix(COMPONENTS)
            {
                *target = format!("{DEFINITIONS}{name}");
            }
            fields.values_mut().for_each(redirect);
        }
        Value::Array(entries) => entries.iter_mut().for_each(redirect),
        _ => {}
    }
}
