//! The data of `CloudEvents`, which an event may have as Base64 or as a text with JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::ingest::fields::parse_json;

/// Returns a message in which the data of each of its events is JSON, so that paths lead into it. Any other
/// message is unchanged.
pub(super) fn with_event_data(mut message: Value) -> Value {
    match &mut message {
        Value::Object(event) => unpack(event),
        Value::Array(events) => {
            events.iter_mut().filter_map(Value::as_object_mut).for_each(unpack);
        }
        _ => {}
    }
    message
}

/// Replaces the data of an event by its JSON, if it is that of an object.
fn unpack(event: &mut Map<String, Value>) {
    if !event.contains_key("specversion") {
        return;
    }
    let decoded = match (event.get("data"), event.get("data_base64")) {
        (Some(Value::String(text)), _) => parse_json(text.as_bytes()).ok(),
        (None | Some(Value::Null), Some(Value::String(text))) => {
            STANDARD.decode(text.trim()).ok().and_then(|bytes| parse_json(&bytes).ok())
        }
        _ => None,
    };
    if let Some(data @ Value::Object(_)) = decoded {
        event.insert("data".to_owned(), data);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::base64(json!({"specversion": "1.0", "data_base64": "eyJhIjoxfQ=="}), json!({"a": 1}))]
    #[case::text(json!({"specversion": "1.0", "data": "{\"a\":1}"}), json!({"a": 1}))]
    #[case::object(json!({"specversion": "1.0", "data": {"a": 1}, "data_base64": "e30="}), json!({"a": 1}))]
    #[case::plain_text(json!({"specversion": "1.0", "data": "failed"}), json!("failed"))]
    #[case::binary(json!({"specversion": "1.0", "data_base64": "/w=="}), Value::Null)]
    #[case::no_event(json!({"data": "{\"a\":1}"}), json!("{\"a\":1}"))]
    fn data_of_an_event_becomes_json(#[case] message: Value, #[case] expected: Value) {
        let data = |message: &Value| message.get("data").cloned().unwrap_or_default();
        let batch = with_event_data(json!([message]));
        assert_eq!(data(&batch[0]), expected);
        assert_eq!(data(&with_event_data(message)), expected);
    }
}
