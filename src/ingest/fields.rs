//! Reads the fields of a JSON message leniently: one of another type is as good as absent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::error::IngestError;
use crate::model::alert::{MAX_ENTRIES, MAX_NAME_CHARS, MAX_URL_CHARS, cut, one_line};
use crate::model::time::is_in_range;

/// Parses a body as JSON. A byte order mark before it is ignored, and UTF-16 is recognized by it,
/// or by the zero bytes of the first character.
pub(super) fn parse_json(body: &[u8]) -> Result<Value, IngestError> {
    let text = match *body {
        [0xff, 0xfe, ..] | [1..=0x7f, 0, ..] => Cow::Owned(utf16(body, u16::from_le_bytes)?),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, ..] => Cow::Owned(utf16(body, u16::from_be_bytes)?),
        _ => {
            let text = std::str::from_utf8(body);
            Cow::Borrowed(text.map_err(|error| IngestError::NotUtf8(error.valid_up_to()))?)
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let parsed = serde_json::from_str(text).or_else(|error| {
        let joined = without_lone_halves(text);
        let numbers = without_unreal_numbers(joined.as_deref().unwrap_or(text));
        match numbers.or(joined) {
            Some(mended) => serde_json::from_str(&mended),
            None => Err(error),
        }
    });
    parsed.map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        IngestError::NotJson { line: error.line(), column: error.column(), message }
    })
}

/// Returns JSON in which unpaired surrogates of UTF-16 are replaced; `None` if there are none.
/// Programs that truncate a text within a character, or are given invalid UTF-8, write them.
fn without_lone_halves(text: &str) -> Option<String> {
    let mut mended = String::new();
    let mut has_changed = false;
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let length = match (escaped_unit(escape), escape.get(6..).and_then(escaped_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.push_str("\\ufffd");
                has_changed = true;
                rest = &escape[6..];
                continue;
            }
            // The letter after it may be a backslash, too.
            _ => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    mended.push_str(rest);
    has_changed.then_some(mended)
}

/// Returns JSON in which null stands for what is no number, as Python and others write it; `None` if there is
/// none of that.
fn without_unreal_numbers(text: &str) -> Option<String> {
    const NAMES: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    if !NAMES.iter().any(|name| text.contains(name)) {
        return None;
    }
    let mut mended = String::with_capacity(text.len());
    let (mut has_changed, mut is_in_text) = (false, false);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let name = NAMES.iter().find(|name| !is_in_text && rest.starts_with(**name));
        if let Some(name) = name {
            mended.push_str("null");
            has_changed = true;
            rest = &rest[name.len()..];
            continue;
        }
        let mut length = next.len_utf8();
        if next == '\\' && is_in_text {
            // An escaped character ends no text.
            length += rest[length..].chars().next().map_or(0, char::len_utf8);
        }
        is_in_text ^= next == '"';
        mended.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    has_changed.then_some(mended)
}

/// Returns the UTF-16 unit of an escape such as `\ud83d` at the beginning of a text.
fn escaped_unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Decodes UTF-16, of which each unit is two bytes.
fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, IngestError> {
    let (pairs, rest) = body.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.ok().filter(|_| rest.is_empty()).ok_or(IngestError::NotUtf8(0))
}

/// Returns the members of an object.
pub(super) fn object(value: Value, at: &str) -> Result<Map<String, Value>, IngestError> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(wrong_type(&other, at, "an object")),
    }
}

/// Returns the error for a part of another type.
pub(super) fn wrong_type(found: &Value, at: &str, expected: &'static str) -> IngestError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    IngestError::WrongType { at: at.to_owned(), expected, found }
}

/// Returns the text of a field that is not blank.
pub(super) fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Returns an identifying field: a text, or a number as a text.
pub(super) fn id_text(members: &Map<String, Value>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    }
}

/// Returns the time of a field, if its year is one that records can have.
pub(super) fn time(members: &Map<String, Value>, name: &str) -> Option<DateTime<Utc>> {
    let text = text(members, name)?;
    // Some write the offset without a colon, and some add a Z to an offset.
    let without_zulu = text.strip_suffix('Z').unwrap_or(text);
    let at = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(without_zulu, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()?;
    Some(at.with_timezone(&Utc)).filter(|at| is_meaningful(*at))
}

/// Returns whether a time is one: senders without a time write that of the number 0, and others one that
/// records can't have.
pub(super) fn is_meaningful(at: DateTime<Utc>) -> bool {
    is_in_range(at) && at.timestamp() != 0
}

/// Returns the members of a field that is an object.
pub(super) fn members<'a>(
    members: &'a Map<String, Value>,
    name: &str,
) -> Option<&'a Map<String, Value>> {
    members.get(name)?.as_object()
}

/// Returns the names and texts of an object whose values may be of any type, each bounded: lists and
/// objects are their JSON.
pub(super) fn details(value: &Value, max_chars: usize) -> BTreeMap<String, String> {
    let Value::Object(entries) = value else { return BTreeMap::new() };
    let read = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => cut(text, max_chars),
            other => cut(&other.to_string(), max_chars),
        };
        let name = one_line(name, MAX_NAME_CHARS);
        (!name.is_empty() && !text.trim().is_empty()).then_some((name, text))
    };
    entries.iter().filter_map(read).take(MAX_ENTRIES).collect()
}

/// Returns a count; 0 if the field has none.
pub(super) fn count(members: &Map<String, Value>, name: &str) -> u64 {
    let value = members.get(name).unwrap_or(&Value::Null);
    let parse = || text(members, name)?.parse().ok();
    value.as_u64().or_else(parse).unwrap_or_default()
}

/// Returns an absolute URL of the web.
pub(super) fn url(members: &Map<String, Value>, name: &str) -> Option<String> {
    web_url(text(members, name)?, MAX_URL_CHARS)
}

/// Returns a text that is an absolute URL of the web and not too long.
pub(super) fn web_url(url: &str, max_chars: usize) -> Option<String> {
    let is_url = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
    let is_short = url.chars().nth(max_chars).is_none();
    let is_plain = !url.chars().any(|ch| ch.is_whitespace() || ch.is_control());
    (is_url && is_short && is_plain).then(|| url.to_owned())
}

/// Returns the names and texts of an object, each bounded. Numbers and truth values count as texts;
/// other values are left out.
pub(super) fn texts(
    members: &Map<String, Value>,
    name: &str,
    max_chars: usize,
) -> BTreeMap<String, String> {
    let Some(Value::Object(entries)) = members.get(name) else { return BTreeMap::new() };
    let read = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) => cut(text, max_chars),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let name = one_line(name, MAX_NAME_CHARS);
        (!name.is_empty()).then_some((name, text))
    };
    entries.iter().filter_map(read).take(MAX_ENTRIES).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn encoded(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[rstest]
    #[case(b"{\"a\":\"\xc3\xbc\"}".to_vec())]
    #[case("\u{feff}{\"a\":\"ü\"}".as_bytes().to_vec())]
    #[case(encoded("{\"a\":\"ü\"}", u16::to_le_bytes))]
    #[case(encoded("{\"a\":\"ü\"}", u16::to_be_bytes))]
    #[case(encoded("\u{feff}{\"a\":\"ü\"}", u16::to_le_bytes))]
    #[case(encoded("\u{feff}{\"a\":\"ü\"}", u16::to_be_bytes))]
    fn encodings_differ_by_their_first_bytes(#[case] body: Vec<u8>) {
        assert_eq!(parse_json(&body), Ok(json!({"a": "ü"})));
    }

    #[rstest]
    #[case::cut(r#"{"a":"b \ud83d"}"#, "b \u{fffd}")]
    #[case::bytes(r#"{"a":"\udcfcb"}"#, "\u{fffd}b")]
    #[case::twice(r#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}")]
    #[case::escaped(r#"{"a":"\\ud83d \ud83d\n"}"#, "\\ud83d \u{fffd}\n")]
    #[case::both(r#"{"a":"\ud83d\ude00 ü \udfff"}"#, "\u{1f600} ü \u{fffd}")]
    fn halves_of_characters_are_replaced(#[case] body: &str, #[case] text: &str) {
        assert_eq!(parse_json(body.as_bytes()), Ok(json!({"a": text})));
    }

    #[rstest]
    #[case(r#"{"a":NaN}"#, json!({"a": null}))]
    #[case(r#"{"a":[Infinity,-Infinity, 1]}"#, json!({"a": [null, null, 1]}))]
    #[case(r#"{"NaN":"a \" NaN","b":NaN}"#, json!({"NaN": "a \" NaN", "b": null}))]
    #[case(r#"{"a":"Infinity \ud83d","b":-Infinity}"#, json!({"a": "Infinity \u{fffd}", "b": null}))]
    fn what_is_no_number_is_null(#[case] body: &str, #[case] expected: Value) {
        assert_eq!(parse_json(body.as_bytes()), Ok(expected));
    }

    #[rstest]
    #[case("NaN NaN")]
    #[case(r#"{"a":NaNs}"#)]
    #[case(r#"{"a":"\ud83d"#)]
    #[case(r#"{"a":"\ud8"}"#)]
    #[case("\\")]
    #[case(r"\ud83dü")]
    fn other_mistakes_are_refused(#[case] body: &str) {
        assert!(matches!(parse_json(body.as_bytes()), Err(IngestError::NotJson { .. })), "{body}");
    }

    #[rstest]
    #[case(b"{\"a\":\"\xfc\"}", 6)]
    #[case(b"\xff\xfe{\0}", 0)]
    #[case(b"{\0\x00\xd8}\0", 0)]
    fn broken_text_is_refused(#[case] body: &[u8], #[case] at: usize) {
        assert_eq!(parse_json(body), Err(IngestError::NotUtf8(at)));
    }
}
