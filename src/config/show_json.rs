//! Writes the configuration in force as JSON: the values of the TOML that [`super::show`] writes,
//! and the sources of those that are not defaults.

use serde_json::{Map, Value, json};

use super::effective::Config;
use super::location::Location;
use super::show::show;

/// Returns everything that is in force, as `{"settings": {…}, "origins": {…}}`. `actions` are the
/// names of all actions with their present keys.
#[must_use]
pub fn show_json(config: &Config, actions: &[(&str, Vec<String>)]) -> Value {
    // The output can always be read as a settings file.
    let table: toml::Table = show(config, actions).parse().unwrap_or_default();
    let mut settings: Map<String, Value> =
        table.into_iter().map(|(name, value)| (name, to_json(value))).collect();
    if let Location::Remote(remote) = &config.location {
        settings.insert("backend".into(), remote.address.to_string().into());
    }
    let origins: Map<String, Value> = config
        .origins
        .iter()
        .map(|(name, origin)| (name.to_owned(), origin.to_string().into()))
        .collect();
    json!({"settings": settings, "origins": origins})
}

/// Converts a value; dates and times become texts.
fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is_set) => is_set.into(),
        toml::Value::Datetime(at) => at.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => {
            table.into_iter().map(|(name, value)| (name, to_json(value))).collect()
        }
    }
}
