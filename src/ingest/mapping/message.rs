//! A message as it arrives.

use serde_json::{Map, Value};

use crate::ingest::error::IngestError;
use crate::ingest::fields::parse_json;

/// The most fields of a form that are read.
const MAX_FIELDS: usize = 1000;
/// The fields of a form that hold JSON with the message.
const JSON_FIELDS: [&str; 2] = ["data", "payload"];

/// A message as it arrives: the body of a request with its other parts.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// The body.
    pub body: &'a [u8],
    /// The type of the body, if known.
    pub content_type: Option<&'a str>,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The parameters of the query.
    pub query: Vec<(String, String)>,
}

impl<'a> Message<'a> {
    /// Creates a message that is nothing but a body.
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        Self { body, content_type: None, headers: Vec::new(), query: Vec::new() }
    }

    /// Returns the text of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, text) = self.headers.iter().find(|(other, _)| other == name)?;
        Some(text)
    }

    /// Returns whether the type is protobuf.
    #[must_use]
    pub fn is_protobuf(&self) -> bool {
        let content_type = self.content_type.unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase().ends_with("protobuf")
    }

    /// Returns the JSON of the message. A form is an object of its fields, or the JSON in one of them.
    pub(in crate::ingest) fn decode(&self) -> Result<Value, IngestError> {
        let content_type = self.content_type.unwrap_or_default();
        let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let essence = essence.trim().to_ascii_lowercase();
        if self.is_protobuf() {
            return Err(IngestError::Encoding("protobuf"));
        }
        if self.body.iter().all(u8::is_ascii_whitespace) && self.says_something_else() {
            return Ok(Value::Object(Map::new()));
        }
        let starts_as_json = || {
            let first = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
            matches!(first, Some(b'{' | b'['))
        };
        match essence.as_str() {
            // Programs such as curl send JSON with this type unless another one is set.
            "application/x-www-form-urlencoded" if !starts_as_json() => {
                let pairs = form_urlencoded::parse(self.body).take(MAX_FIELDS);
                Ok(form(pairs.map(|(name, text)| (name.into_owned(), text.into_owned()))))
            }
            "multipart/form-data" => {
                let text = std::str::from_utf8(self.body)
                    .map_err(|error| IngestError::NotUtf8(error.valid_up_to()))?;
                let boundary = boundary(parameters).ok_or(IngestError::NoBoundary)?;
                Ok(form(parts(text, boundary)))
            }
            _ if is_latin1(parameters) && std::str::from_utf8(self.body).is_err() => {
                let text: String = self.body.iter().copied().map(char::from).collect();
                parse_json(text.as_bytes())
            }
            _ => parse_json(self.body),
        }
    }

    /// Returns whether headers or the query contain information beyond an empty body.
    fn says_something_else(&self) -> bool {
        self.header("ce-id").is_some() || !self.query.is_empty()
    }
}

/// Returns the object of the fields of a form, or the JSON that is in one of them.
fn form(pairs: impl Iterator<Item = (String, String)>) -> Value {
    let mut members = Map::new();
    for (name, text) in pairs {
        members.entry(name).or_insert(Value::String(text));
    }
    let json = JSON_FIELDS.iter().find_map(|name| {
        let text = members.get(*name)?.as_str()?;
        let value = parse_json(text.as_bytes()).ok()?;
        (value.is_object() || value.is_array()).then_some(value)
    });
    json.unwrap_or(Value::Object(members))
}

/// Returns whether the charset has one byte for each character.
fn is_latin1(parameters: &str) -> bool {
    const NAMES: [&str; 3] = ["iso-8859-1", "latin1", "windows-1252"];
    let charset = parameter(parameters, "charset").unwrap_or_default();
    NAMES.iter().any(|name| charset.eq_ignore_ascii_case(name))
}

/// Returns a parameter of a type.
fn parameter<'t>(parameters: &'t str, name: &str) -> Option<&'t str> {
    let named = parameters.split(';').filter_map(|part| part.split_once('='));
    let mut values = named.filter(|(other, _)| other.trim().eq_ignore_ascii_case(name));
    let (_, value) = values.next()?;
    Some(value.trim().trim_matches('"')).filter(|value| !value.is_empty())
}

/// Returns the boundary of a multipart form.
fn boundary(parameters: &str) -> Option<&str> {
    parameter(parameters, "boundary")
}

/// Returns the names and texts of the parts of a form.
fn parts<'t>(text: &'t str, boundary: &str) -> impl Iterator<Item = (String, String)> + use<'t> {
    let delimiter = format!("--{boundary}");
    let parts: Vec<&str> = text.split(delimiter.as_str()).skip(1).take(MAX_FIELDS).collect();
    parts.into_iter().filter_map(|part| {
        let (head, content) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
        let (_, name) = head.split_once("name=\"")?;
        let (name, _) = name.split_once('"')?;
        let content = content.strip_suffix("\r\n").or_else(|| content.strip_suffix('\n'));
        Some((name.to_owned(), content?.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const PARTS: &str =
        "--x\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"a\":1}\r\n--x--\r\n";

    #[rstest]
    #[case(Some("application/json"), "{\"a\":1}", json!({"a": 1}))]
    #[case(Some("text/plain; charset=UTF-8"), "{\"a\":1}", json!({"a": 1}))]
    #[case(None, "[1]", json!([1]))]
    #[case(Some("application/x-www-form-urlencoded"), "a=1&b=%C3%BC&a=2", json!({"a": "1", "b": "ü"}))]
    #[case(Some("application/x-www-form-urlencoded"), " {\"a\":1}", json!({"a": 1}))]
    #[case(Some("application/x-www-form-urlencoded"), "payload=%7B%22a%22%3A1%7D", json!({"a": 1}))]
    #[case(Some("multipart/form-data; boundary=\"x\""), PARTS, json!({"a": 1}))]
    #[case(Some("multipart/form-data; boundary=x"), "", json!({}))]
    fn bodies_become_json(
        #[case] content_type: Option<&str>,
        #[case] body: &str,
        #[case] json: Value,
    ) {
        let message = Message { content_type, ..Message::new(body.as_bytes()) };
        assert_eq!(message.decode(), Ok(json));
    }

    #[test]
    fn type_may_say_that_it_is_latin1() {
        let content_type = Some("application/json; charset=ISO-8859-1");
        let message = Message { content_type, ..Message::new(b"{\"a\":\"\xfc\"}") };
        assert_eq!(message.decode(), Ok(json!({"a": "ü"})));
    }

    #[rstest]
    #[case(Some("application/x-protobuf"), b"\x0a", IngestError::Encoding("protobuf"))]
    #[case(Some("multipart/form-data"), b"--x", IngestError::NoBoundary)]
    #[case(None, b"{\"a\":\"\xff\"}", IngestError::NotUtf8(6))]
    fn bodies_of_other_forms_are_refused(
        #[case] content_type: Option<&str>,
        #[case] body: &[u8],
        #[case] error: IngestError,
    ) {
        let message = Message { content_type, ..Message::new(body) };
        assert_eq!(message.decode(), Err(error));
    }
}
