//! Checks request bodies strictly against the description of the API, before they are decoded.
//!
//! `serde` accepts more than the description promises: unknown fields in some kinds of enums, lists
//! in place of objects, and an absent field where `null` clears something. A misspelt field must
//! not change the meaning of a command, so each of these is refused, with its position in the body.

mod body;
mod shape;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

pub(super) use body::Body;
use shape::{Format, Named, Object, Shape};

use crate::model::nearest::nearest;
use crate::model::unknown::kind_name;

/// The members of an object.
type Members = serde_json::Map<String, Value>;

/// The schemas of a description, by name.
#[derive(Debug)]
pub(super) struct Schemas(Named);

/// The schemas of the description, as requests carry them to the extractors.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestSchemas(pub &'static LazyLock<Schemas>);

/// An error in a body, and its position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct BodyError {
    /// The place as a path, such as `commands[0].id`; empty for the entire body.
    pub at: String,
    /// The error, without a full stop. It may quote the body.
    pub why: String,
}

impl Schemas {
    /// Reads the schemas of an `OpenAPI` document.
    pub(super) fn from_document(document: &Value) -> Self {
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        let read = |(name, schema): (&String, &Value)| (name.clone(), Shape::read(schema));
        let named: Named = schemas.into_iter().flatten().map(read).collect();
        let prepared = named.iter().map(|(name, shape)| (name.clone(), shape.prepared(&named)));
        Self(prepared.collect())
    }

    /// Checks a body against the schema with a name. A schema that does not exist allows all.
    pub(super) fn check(&self, name: &str, body: &Value) -> Result<(), BodyError> {
        let Some(shape) = self.0.get(name) else { return Ok(()) };
        self.check_value(shape, body)
            .map_err(|failure| BodyError { at: failure.path(), why: failure.why })
    }

    fn check_value(&self, shape: &Shape, value: &Value) -> Result<(), Failure> {
        let shape = shape.resolve(&self.0);
        match (shape, value) {
            (Shape::Anything | Shape::All(_), _)
            | (Shape::Null, Value::Null)
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Number, Value::Number(_)) => Ok(()),
            (Shape::Integer { minimum, maximum }, Value::Number(number)) => {
                check_integer(number, *minimum, *maximum)
            }
            (Shape::Text(format), Value::String(text)) => check_format(*format, text),
            (Shape::Word(words), Value::String(text)) => check_word(words, text),
            (Shape::List(item), Value::Array(items)) => {
                items.iter().enumerate().try_for_each(|(index, value)| {
                    self.check_value(item, value).map_err(|failure| failure.within(index))
                })
            }
            (Shape::Map(item), Value::Object(members)) => {
                members.iter().try_for_each(|(name, value)| {
                    self.check_value(item, value).map_err(|failure| failure.within(name.as_str()))
                })
            }
            (Shape::Object(object), Value::Object(members)) => self.check_object(object, members),
            (Shape::Tagged { tag, kinds }, Value::Object(members)) => {
                self.check_tagged(tag, kinds, members)
            }
            (Shape::OneOf(shapes), value) => self.check_one_of(shapes, value),
            _ => Err(unexpected(&self.describe(shape), value)),
        }
    }

    fn check_object(&self, object: &Object, members: &Members) -> Result<(), Failure> {
        if let Some(name) = members.keys().find(|name| !object.fields.contains_key(*name)) {
            return Err(unknown_field(name, object, members));
        }
        if let Some(name) = object.required.iter().find(|name| !members.contains_key(*name)) {
            let may_be_null = object.fields.get(name).is_some_and(|shape| self.allows_null(shape));
            let advice = if may_be_null { ": send null to clear it" } else { "" };
            return Err(Failure::new(format!("missing field `{name}`{advice}")));
        }
        members.iter().try_for_each(|(name, value)| {
            let Some(shape) = object.fields.get(name) else { return Ok(()) };
            self.check_value(shape, value).map_err(|failure| failure.within(name.as_str()))
        })
    }

    /// Checks an object whose kind is in the field `tag`.
    fn check_tagged(
        &self,
        tag: &str,
        kinds: &BTreeMap<String, Object>,
        members: &Members,
    ) -> Result<(), Failure> {
        match members.get(tag) {
            Some(Value::String(kind)) => {
                if let Some(object) = kinds.get(kind) {
                    return self.check_object(object, members);
                }
                let kinds: Vec<String> = kinds.keys().cloned().collect();
                check_word(&kinds, kind).map_err(|failure| failure.within(tag))
            }
            Some(other) => Err(unexpected("a text", other).within(tag)),
            None => {
                let is_field =
                    |name: &str| kinds.values().any(|kind| kind.fields.contains_key(name));
                let is_misspelt = |name: &&String| {
                    !is_field(name) && nearest(name, std::iter::once(tag)).is_some()
                };
                Err(Failure::new(match members.keys().find(is_misspelt) {
                    Some(name) => format!("unknown field `{name}`, did you mean `{tag}`?"),
                    None => format!("missing field `{tag}`"),
                }))
            }
        }
    }

    fn check_one_of(&self, shapes: &[Shape], value: &Value) -> Result<(), Failure> {
        // The most useful errors: those of the alternatives of the value's own type.
        let of_type = |shape: &&Shape| {
            matches!(
                (shape.resolve(&self.0), value),
                (Shape::Object(_) | Shape::Tagged { .. } | Shape::Map(_), Value::Object(_))
                    | (Shape::Word(_) | Shape::Text(_), Value::String(_))
                    | (Shape::List(_), Value::Array(_))
                    | (Shape::Number | Shape::Integer { .. }, Value::Number(_))
                    | (Shape::Bool, Value::Bool(_))
                    | (Shape::Null, Value::Null)
                    | (Shape::Anything, _)
            )
        };
        let shapes: Vec<&Shape> = match shapes.iter().filter(of_type).collect() {
            fitting if !Vec::is_empty(&fitting) => fitting,
            _ => return Err(unexpected(&self.describe_all(shapes), value)),
        };
        if let [only] = shapes[..] {
            return self.check_value(only, value);
        }
        if shapes.iter().any(|shape| self.check_value(shape, value).is_ok()) {
            return Ok(());
        }
        match value {
            Value::String(text) => {
                let mut words = Vec::new();
                for shape in &shapes {
                    match shape.resolve(&self.0) {
                        Shape::Word(more) => words.extend(more.iter().cloned()),
                        shape => return self.check_value(shape, value),
                    }
                }
                check_word(&words, text)
            }
            Value::Object(members) => {
                let name = members.keys().next();
                let mut all = Object::default();
                for shape in &shapes {
                    match shape.resolve(&self.0) {
                        Shape::Object(object) => {
                            if name.is_some_and(|name| object.fields.contains_key(name)) {
                                return self.check_object(object, members);
                            }
                            all.fields.extend(object.fields.clone());
                        }
                        shape => return self.check_value(shape, value),
                    }
                }
                let Some(name) = name else {
                    let names = names(all.fields.keys());
                    return Err(Failure::new(format!("is empty, expected one of {names}")));
                };
                Err(unknown_field(name, &all, members))
            }
            value => Err(unexpected(&self.describe_all(shapes), value)),
        }
    }

    fn allows_null(&self, shape: &Shape) -> bool {
        match shape.resolve(&self.0) {
            Shape::Null | Shape::Anything => true,
            Shape::OneOf(shapes) => shapes.iter().any(|shape| self.allows_null(shape)),
            _ => false,
        }
    }

    fn describe_all<'a>(&self, shapes: impl IntoIterator<Item = &'a Shape>) -> String {
        let describe = |shape: &'a Shape| self.describe(shape);
        let mut kinds: Vec<String> = shapes.into_iter().map(describe).collect();
        kinds.dedup();
        kinds.join(" or ")
    }

    fn describe(&self, shape: &Shape) -> String {
        match shape.resolve(&self.0) {
            Shape::Anything | Shape::All(_) | Shape::Reference(_) => "a value".into(),
            Shape::Null => "null".into(),
            Shape::Bool => "true or false".into(),
            Shape::Number => "a number".into(),
            Shape::Integer { .. } => "a whole number".into(),
            Shape::Text(_) => "a text".into(),
            Shape::Word(words) => names(words.iter()),
            Shape::List(_) => "a list".into(),
            Shape::Map(_) | Shape::Object(_) | Shape::Tagged { .. } => "an object".into(),
            Shape::OneOf(shapes) => self.describe_all(shapes),
        }
    }
}

/// A failure, with the steps that lead to it, the last one first.
struct Failure {
    steps: Vec<Step>,
    why: String,
}

/// A step into a value.
enum Step {
    Field(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self::Field(name.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl Failure {
    fn new(why: String) -> Self {
        Self { steps: Vec::new(), why }
    }

    fn within(mut self, step: impl Into<Step>) -> Self {
        self.steps.push(step.into());
        self
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.extend([".", name]),
                Step::Index(index) => path.extend(["[", &index.to_string(), "]"]),
            }
        }
        path
    }
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn unexpected(expected: &str, value: &Value) -> Failure {
    let found = kind_name(value);
    Failure::new(format!("is {found}, expected {expected}"))
}

/// Returns the failure for a field that the schema does not have. Suggests the most similar one
/// that is absent, or the only required one.
fn unknown_field(name: &str, object: &Object, members: &Members) -> Failure {
    let absent: Vec<&String> =
        object.fields.keys().filter(|field| !members.contains_key(*field)).collect();
    let mut needed = absent.iter().filter(|field| object.required.contains(**field));
    let only_needed = needed.next().filter(|_| needed.next().is_none());
    let only_needed = only_needed.map(|field| field.as_str());
    let suggestion = nearest(name, absent.iter().map(|field| field.as_str())).or(only_needed);
    Failure::new(match suggestion {
        Some(field) => format!("unknown field `{name}`, did you mean `{field}`?"),
        None if object.fields.is_empty() => format!("unknown field `{name}`, expected none"),
        None => format!("unknown field `{name}`, expected {}", names(object.fields.keys())),
    })
}

fn check_word(words: &[String], text: &str) -> Result<(), Failure> {
    if words.iter().any(|word| word == text) {
        return Ok(());
    }
    Err(Failure::new(match nearest(text, words.iter().map(String::as_str)) {
        Some(word) => format!("unknown value `{text}`, did you mean `{word}`?"),
        None => format!("unknown value `{text}`, expected {}", names(words.iter())),
    }))
}

fn check_integer(
    number: &serde_json::Number,
    minimum: Option<i64>,
    maximum: Option<i64>,
) -> Result<(), Failure> {
    let value = number
        .as_i64()
        .ok_or_else(|| Failure::new(format!("is {number}, expected a whole number")))?;
    match (minimum, maximum) {
        (Some(least), _) if value < least => {
            Err(Failure::new(format!("is {value}, {least} is the least")))
        }
        (_, Some(most)) if value > most => {
            Err(Failure::new(format!("is {value}, {most} is the most")))
        }
        _ => Ok(()),
    }
}

fn check_format(format: Format, text: &str) -> Result<(), Failure> {
    let (is_right, expected) = match format {
        Format::Free => return Ok(()),
        Format::Uuid => (text.parse::<uuid::Uuid>().is_ok(), "a UUID"),
        Format::Time => (
            text.parse::<chrono::DateTime<chrono::Utc>>().is_ok(),
            "a time such as 2026-03-01T09:00:00Z",
        ),
        Format::Date => (text.parse::<chrono::NaiveDate>().is_ok(), "a date such as 2026-03-01"),
    };
    if is_right { Ok(()) } else { Err(Failure::new(format!("{text:?} is not {expected}"))) }
}
