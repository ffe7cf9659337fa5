//! JSON Schemas of the arguments and results of tools. Those of records are the API's.

use std::sync::Arc;

use rmcp::model::JsonObject;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// The start of a reference to a schema of the API's description.
const COMPONENTS: &str = "#/components/schemas/";

/// Schemas that others refer to, collected for one tool.
#[derive(Default)]
pub(super) struct Definitions(Vec<(String, RefOr<Schema>)>);

impl Definitions {
    /// Adds the schema of a type with those that it refers to, and returns a reference to it.
    pub(super) fn reference<T: ToSchema + PartialSchema>(&mut self) -> Value {
        let name = T::name().into_owned();
        if !self.0.iter().any(|(other, _)| *other == name) {
            self.0.push((name.clone(), T::schema()));
            T::schemas(&mut self.0);
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }

    /// Returns the schema of a tool's result: an object with these properties, all of which it has.
    pub(super) fn object(self, properties: Value) -> Arc<JsonObject> {
        let names: Vec<Value> = match &properties {
            Value::Object(properties) => {
                properties.keys().map(|name| name.as_str().into()).collect()
            }
            _ => Vec::new(),
        };
        let mut schema = Map::new();
        schema.insert("type".into(), "object".into());
        schema.insert("properties".into(), properties);
        schema.insert("required".into(), names.into());
        let definitions: Map<String, Value> =
            self.0.into_iter().map(|(name, schema)| (name, to_json(&schema))).collect();
        if !definitions.is_empty() {
            schema.insert("$defs".into(), definitions.into());
        }
        Arc::new(schema)
    }
}

/// Returns a schema as JSON, with references to the definitions of the tool.
pub(super) fn to_json(schema: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(schema).unwrap_or_default();
    redirect(&mut value);
    value
}

fn redirect(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some(name) = target.strip_prefix(COMPONENTS)
            {
                *target = format!("#/$defs/{name}");
            }
            fields.values_mut().for_each(redirect);
        }
        Value::Array(values) => values.iter_mut().for_each(redirect),
        _ => {}
    }
}

/// Returns the schema of a tool's arguments: an object with these properties and no others.
pub(super) fn arguments(properties: Value, required: &[&str]) -> Arc<JsonObject> {
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties);
    schema.insert("required".into(), required.into());
    schema.insert("additionalProperties".into(), false.into());
    Arc::new(schema)
}
