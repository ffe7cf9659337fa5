//! Finds the wrong field of a line that can't be parsed.
//!
//! Events have flattened parts, whose errors don't contain the name of the field. This module
//! parses a wrong line a second time, part by part; speed does not matter.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::backend::record::Record;
use crate::model::command::Declaration;
use crate::model::unknown::kind_name;
use crate::model::{
    Actor, CommandId, EventBody, EventId, IncidentId, IncidentNumber, Priority, priority::Level,
};
use chrono::{DateTime, Utc};

/// The kinds of records, as messages list them.
const KINDS: &str = "header, directory, problem, change, event, end";

/// The error of a line that can't be parsed. Displayed as half a sentence that follows the line's
/// number, not sanitized.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Diagnosis {
    /// The line is in another encoding.
    #[error("is not UTF-8 text: convert the file first")]
    NotUtf8,
    /// The line is no JSON.
    #[error("column {column}: is not JSON: {message}")]
    NotJson {
        /// Where the parser stopped, in bytes from 1.
        column: usize,
        /// The parser's message, without its position.
        message: String,
    },
    /// The line is a JSON value of another type, which this names.
    #[error("is {0}, not a record: expected one of {KINDS}")]
    NotARecord(&'static str),
    /// The line is an object with another number of keys than one.
    #[error("has {0} keys: a record has one, of {KINDS}")]
    KeyCount(usize),
    /// No record is of this kind.
    #[error("{0}: is a kind of record not known here, which are {KINDS}")]
    UnknownKind(String),
    /// A field is wrong.
    #[error("{field}: {fault}")]
    Field {
        /// The field's name, or the kind of the record if the complete record is wrong.
        field: String,
        /// The error.
        fault: FieldFault,
    },
    /// The parser refuses the record, and no field is found that it refuses.
    #[error("{0}")]
    Unexplained(String),
}

/// The error of a field.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FieldFault {
    /// The record does not have the field.
    #[error("is missing")]
    Missing,
    /// The parser refuses the value; this is its message, without its position.
    #[error("{0}")]
    Refused(String),
}

impl Diagnosis {
    fn field(field: &str, fault: FieldFault) -> Self {
        Self::Field { field: field.to_owned(), fault }
    }
}

/// Returns the wrong field and its error.
pub fn diagnose(text: &[u8], error: &serde_json::Error) -> Diagnosis {
    let value: Value = match serde_json::from_slice(text) {
        Ok(value) => value,
        Err(error) => {
            if std::str::from_utf8(text).is_err() {
                return Diagnosis::NotUtf8;
            }
            let message = without_position(&error);
            return Diagnosis::NotJson { column: error.column(), message };
        }
    };
    let Value::Object(record) = &value else {
        return Diagnosis::NotARecord(kind_name(&value));
    };
    let mut kinds = record.iter();
    let (Some((kind, content)), None) = (kinds.next(), kinds.next()) else {
        return Diagnosis::KeyCount(record.len());
    };
    let found = match (kind.as_str(), content) {
        ("event", Value::Object(event)) => diagnose_event(event),
        (
            "directory" | "problem" | "change" | "header" | "event" | "notification" | "notice"
            | "attempt" | "alert" | "end",
            content,
        ) => diagnose_fields(content, |content| {
            let one = Map::from_iter([(kind.clone(), content)]);
            serde_json::from_value::<Record>(Value::Object(one)).map(drop)
        }),
        _ => return Diagnosis::UnknownKind(kind.clone()),
    };
    found.unwrap_or_else(|| Diagnosis::field(kind, FieldFault::Refused(without_position(error))))
}

/// Parses the parts of an event one after another; returns the first that is wrong.
fn diagnose_event(event: &Map<String, Value>) -> Option<Diagnosis> {
    check_required::<EventId>(event, "id")
        .or_else(|| check_required::<IncidentId>(event, "incident"))
        .or_else(|| check_required::<u32>(event, "seq"))
        .or_else(|| check_required::<DateTime<Utc>>(event, "at"))
        .or_else(|| check_required::<DateTime<Utc>>(event, "recorded_at"))
        .or_else(|| check_required::<Actor>(event, "actor"))
        .or_else(|| check_required::<CommandId>(event, "command"))
        .or_else(|| check_required::<String>(event, "kind"))
        .or_else(|| {
            let body = || Value::Object(event.clone());
            if event.get("kind").and_then(Value::as_str) != Some("declared") {
                return diagnose_fields(&body(), |body| {
                    serde_json::from_value::<EventBody>(body).map(drop)
                });
            }
            check_required::<Priority>(event, "priority")
                .or_else(|| check_optional::<IncidentNumber>(event, "number"))
                .or_else(|| check_required::<Level>(event, "impact"))
                .or_else(|| check_required::<Level>(event, "urgency"))
                .or_else(|| {
                    diagnose_fields(&body(), |body| {
                        serde_json::from_value::<Declaration>(body).map(drop)
                    })
                })
        })
}

/// Returns the error of a required field.
fn check_required<T: DeserializeOwned>(
    object: &Map<String, Value>,
    key: &str,
) -> Option<Diagnosis> {
    match object.get(key) {
        None => Some(Diagnosis::field(key, FieldFault::Missing)),
        Some(value) => {
            let error = serde_json::from_value::<T>(value.clone()).err()?;
            Some(Diagnosis::field(key, FieldFault::Refused(without_position(&error))))
        }
    }
}

/// Returns the error of a field that may be missing or null.
fn check_optional<T: DeserializeOwned>(
    object: &Map<String, Value>,
    key: &str,
) -> Option<Diagnosis> {
    object.get(key).filter(|value| !value.is_null())?;
    check_required::<T>(object, key)
}

/// Finds the wrong field: the one without which the parser's error differs.
fn diagnose_fields(
    content: &Value,
    parse: impl Fn(Value) -> Result<(), serde_json::Error>,
) -> Option<Diagnosis> {
    let error = without_position(&parse(content.clone()).err()?);
    if let Some(field) = error.strip_prefix("missing field `").and_then(|e| e.split('`').next())
        && content.get(field).is_none()
        && content.as_object().is_some_and(|o| !o.values().any(|v| has_entry_without(v, field)))
    {
        return Some(Diagnosis::field(field, FieldFault::Missing));
    }
    let Value::Object(fields) = content else { return Some(Diagnosis::Unexplained(error)) };
    for key in fields.keys() {
        let mut without = fields.clone();
        without.remove(key);
        let remaining = parse(Value::Object(without)).err().map(|e| without_position(&e));
        if remaining.is_none_or(|remaining| remaining != error) {
            return Some(Diagnosis::field(key, FieldFault::Refused(error)));
        }
    }
    Some(Diagnosis::Unexplained(error))
}

/// Returns whether a value is a list with an object that lacks a field.
///
/// The parser's error about a missing field may be about such an entry.
fn has_entry_without(value: &Value, field: &str) -> bool {
    let Value::Array(list) = value else { return false };
    list.iter().any(|entry| entry.is_object() && entry.get(field).is_none())
}

/// Returns the parser's message without its position.
///
/// The position is relative to a value and would be misleading for the line.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(change: impl Fn(&mut Map<String, Value>)) -> String {
        let id = "01890000-0000-7000-8000-000000000001";
        let mut value = serde_json::json!({"event": {
            "id": id, "incident": id, "seq": 1,
            "at": "2026-03-01T12:00:00Z", "recorded_at": "2026-03-01T12:00:00Z",
            "actor": {"integration": "Alertmanager"}, "command": id, "kind": "declared",
            "number": 7, "priority": "P1", "title": "Down", "impact": "high", "urgency": "high",
            "source": "monitoring", "detected_at": "2026-03-01T12:00:00Z",
            "reported_at": "2026-03-01T12:00:00Z",
        }});
        change(value["event"].as_object_mut().unwrap());
        value.to_string()
    }

    fn diagnose_line(line: &str) -> Diagnosis {
        let error = serde_json::from_str::<Record>(line).unwrap_err();
        diagnose(line.as_bytes(), &error)
    }

    #[test]
    fn example_event_parses() {
        assert!(serde_json::from_str::<Record>(&event(|_| {})).is_ok());
    }

    #[rstest::rstest]
    #[case("id", Value::from("x"), "id: UUID parsing failed")]
    #[case("seq", Value::from(-1), "seq: invalid value: integer `-1`, expected u32")]
    #[case("at", Value::from("noon"), "at: input contains invalid characters")]
    #[case("actor", Value::from(1), "actor: ")]
    #[case("number", Value::from("7"), "number: invalid type: string \"7\", expected u64")]
    #[case("priority", Value::from(9), "priority: invalid type: integer `9`, expected a text")]
    #[case("title", Value::from(5), "title: invalid type: integer `5`, expected a string")]
    #[case("impact", Value::from(true), "impact: invalid type: boolean `true`, expected a text")]
    #[case("services", Value::from("a"), "services: invalid type: string \"a\"")]
    #[case("category", Value::from(5), "category: invalid type: integer `5`, expected a text")]
    fn diagnosis_names_the_field_of_a_wrong_value(
        #[case] field: &str,
        #[case] value: Value,
        #[case] expected: &str,
    ) {
        let diagnosis = diagnose_line(&event(|event| {
            event.insert(field.into(), value.clone());
        }));
        assert!(matches!(&diagnosis, Diagnosis::Field { field: named, .. } if named == field));
        assert!(diagnosis.to_string().starts_with(expected), "{diagnosis}");
    }

    #[rstest::rstest]
    fn diagnosis_names_a_missing_field(
        #[values("id", "incident", "seq", "at", "actor", "kind", "priority", "title", "source")]
        field: &str,
    ) {
        let diagnosis = diagnose_line(&event(|event| {
            event.remove(field);
        }));
        assert_eq!(diagnosis, Diagnosis::field(field, FieldFault::Missing));
    }

    #[test]
    fn diagnosis_of_other_lines_says_what_they_are() {
        assert_eq!(diagnose_line("[1]"), Diagnosis::NotARecord("a list"));
        assert_eq!(diagnose_line("{}"), Diagnosis::KeyCount(0));
        assert_eq!(diagnose_line("{\"team\":1}"), Diagnosis::UnknownKind("team".into()));
    }

    #[rstest::rstest]
    #[case("{\"event\":", "column 9: is not JSON: EOF while parsing a value")]
    #[case("[1]", "is a list, not a record: expected one of header")]
    #[case("{}", "has 0 keys: a record has one")]
    #[case("{\"incident\":{}}", "incident: is a kind of record not known here")]
    #[case("{\"event\":3}", "invalid type: integer `3`")]
    #[case("{\"directory\":{\"teams\":[{\"name\":\"db\"}]}}", "teams: missing field `members`")]
    #[case("{\"change\":{}}", "id: is missing")]
    fn diagnosis_distinguishes_other_wrong_lines(#[case] line: &str, #[case] expected: &str) {
        let diagnosis = diagnose_line(line);
        assert!(diagnosis.to_string().starts_with(expected), "{diagnosis}");
    }
}
