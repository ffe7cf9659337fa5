//! Reads requests strictly: by their schema, so that each error names its field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::error::{FieldError, Problem};
use super::row::VerbRow;
use crate::config::suggestion;

/// The name under which errors mention a request as a whole.
const BODY: &str = "body";

/// Returns the schema of a request: an object with no further fields. Fields with fixed texts list
/// them.
pub(super) fn object<R: ToSchema + PartialSchema>(row: &VerbRow) -> Object {
    let RefOr::T(Schema::Object(mut object)) = R::schema() else { return Object::new() };
    for (field, values) in row.choices {
        if let Some(RefOr::T(property)) = object.properties.get_mut(*field) {
            let texts = values().into_iter().map(|text| Value::from(text.replace(' ', "_")));
            set_choices(property, texts.collect());
        }
    }
    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    object.description = Some(describe(row));
    object.example = serde_json::from_str(row.example.fields).ok();
    object
}

/// Returns the first sentence and the others about a verb.
pub(super) fn describe(row: &VerbRow) -> String {
    if row.about.is_empty() {
        format!("{}.", row.help)
    } else {
        format!("{}. {}", row.help, row.about)
    }
}

/// Lists the texts of a property, and null if it may be null.
fn set_choices(property: &mut Schema, mut texts: Vec<Value>) {
    if let Schema::Object(object) = property {
        if is_type(object, &Type::Null) {
            texts.push(Value::Null);
        }
        object.enum_values = Some(texts);
    }
}

fn is_type(object: &Object, wanted: &Type) -> bool {
    match &object.schema_type {
        SchemaType::Type(one) => one == wanted,
        SchemaType::Array(several) => several.contains(wanted),
        SchemaType::AnyValue => false,
    }
}

/// Reads a request from the fields of a JSON object; null is an object without fields.
///
/// # Errors
/// The first field that is unknown, missing or unreadable.
pub(super) fn read<R: DeserializeOwned>(object: &Object, value: Value) -> Result<R, FieldError> {
    let fields = match value {
        Value::Null => Map::new(),
        Value::Object(fields) => fields,
        _ => {
            let why = "is no JSON object: write the fields in braces";
            return Err(FieldError::new(BODY, Problem::Unreadable(why.into())));
        }
    };
    let names: Vec<&str> = object.properties.keys().map(String::as_str).collect();
    if let Some(unknown) = fields.keys().find(|name| !names.contains(&name.as_str())) {
        let suggestion = if names.is_empty() {
            "leave it out, the verb has none".to_owned()
        } else {
            suggestion(unknown, &names)
        };
        return Err(FieldError::new(unknown.clone(), Problem::UnknownField { suggestion }));
    }
    if let Some(missing) = object.required.iter().find(|name| !fields.contains_key(*name)) {
        return Err(FieldError::new(missing.clone(), Problem::Missing { accepted: "a value" }));
    }
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { BODY.to_owned() } else { path };
        FieldError::new(field, Problem::Unreadable(error.into_inner().to_string()))
    })
}

/// Creates the fields of a JSON object from those of a form, by the types of the schema: a boolean
/// is `true`, `yes`, `1` or their contraries, and a list is repeated.
///
/// # Errors
/// A field that is repeated and no list, or that is no number or boolean where it should be one.
pub(super) fn from_form(object: &Object, pairs: &[(String, String)]) -> Result<Value, FieldError> {
    let mut fields = Map::new();
    for (name, text) in pairs {
        let property = match object.properties.get(name) {
            Some(RefOr::T(Schema::Object(property))) => Some(property),
            _ => None,
        };
        let is = |wanted: Type| property.is_some_and(|property| is_type(property, &wanted));
        let is_list = matches!(object.properties.get(name), Some(RefOr::T(Schema::Array(_))));
        let unreadable =
            |why: &str| FieldError::new(name.clone(), Problem::Unreadable(why.to_owned()));
        let value = if is(Type::Boolean) {
            match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" | "on" => Value::from(true),
                "false" | "no" | "0" | "off" => Value::from(false),
                _ => return Err(unreadable("is neither true nor false")),
            }
        } else if is(Type::Integer) {
            text.trim().parse::<u64>().map_err(|_| unreadable("is no number"))?.into()
        } else {
            Value::from(text.as_str())
        };
        match fields.get_mut(name) {
            Some(Value::Array(list)) => list.push(value),
            Some(_) => return Err(unreadable("is there twice: leave out one of them")),
            None if is_list => {
                fields.insert(name.clone(), Value::Array(vec![value]));
            }
            None => {
                fields.insert(name.clone(), value);
            }
        }
    }
    Ok(Value::Object(fields))
}
