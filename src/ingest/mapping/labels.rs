//! Labels as senders write them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::text_of;
use crate::model::alert::MAX_ENTRIES;

/// The names of the fields of a label in an object, with those of its value.
const NAMES: [&str; 4] = ["key", "name", "tag", "label"];
const VALUES: [&str; 2] = ["value", "text"];

/// Adds the labels of a value: an object of texts, a list of objects with `key` and `value` (or the
/// like), of pairs, or of texts such as `env:prod`, or such texts separated by commas.
pub(super) fn add_labels(value: &Value, labels: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().take(MAX_ENTRIES) {
                if let Some(text) = text_of(value) {
                    labels.entry(name.clone()).or_insert(text);
                }
            }
        }
        Value::Array(items) => {
            for item in items.iter().take(MAX_ENTRIES) {
                if let Some((name, text)) = item_label(item) {
                    labels.entry(name).or_insert(text);
                }
            }
        }
        Value::String(text) => {
            // Zabbix has its tags as JSON in a text.
            if text.trim_start().starts_with(['[', '{']) {
                if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
                {
                    add_labels(&value, labels);
                }
                return;
            }
            for part in text.split(',').take(MAX_ENTRIES) {
                if let Some((name, text)) = text_label(part) {
                    labels.entry(name).or_insert(text);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn item_label(item: &Value) -> Option<(String, String)> {
    match item {
        Value::Object(members) => {
            let name = NAMES.iter().find_map(|name| text_of(members.get(*name)?))?;
            let text = VALUES.iter().find_map(|name| text_of(members.get(*name)?));
            Some((name, text.unwrap_or_else(|| "true".to_owned())))
        }
        Value::Array(pair) => match pair.as_slice() {
            [name, value] => Some((text_of(name)?, text_of(value)?)),
            _ => None,
        },
        Value::String(text) => text_label(text),
        _ => None,
    }
}

/// Returns a label such as `env:prod` or `env=prod`.
fn text_label(text: &str) -> Option<(String, String)> {
    let (name, value) = text.trim().split_once([':', '='])?;
    let (name, value) = (name.trim(), value.trim());
    (!name.is_empty() && !value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"env": "prod", "n": 1, "x": {}, "y": null}), &[("env", "prod"), ("n", "1")])]
    #[case(json!([{"key": "env", "value": {"stringValue": "prod"}}]), &[("env", "prod")])]
    #[case(json!([{"tag": "cron", "value": ""}]), &[("cron", "true")])]
    #[case(json!([["env", "prod"], ["alone"]]), &[("env", "prod")])]
    #[case(json!(["env:prod", "url:http://x", "alone"]), &[("env", "prod"), ("url", "http://x")])]
    #[case(json!("env:prod, team=pay,alone"), &[("env", "prod"), ("team", "pay")])]
    #[case(json!("[{\"tag\":\"env\",\"value\":\"prod\"}]"), &[("env", "prod")])]
    #[case(json!("{broken"), &[])]
    #[case(json!(5), &[])]
    fn labels_are_read_in_all_forms(#[case] value: Value, #[case] expected: &[(&str, &str)]) {
        let mut labels = BTreeMap::new();
        add_labels(&value, &mut labels);
        let found: Vec<(&str, &str)> =
            labels.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(found, expected);
    }
}
