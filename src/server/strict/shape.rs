//! Schemas in a form by which values are checked quickly.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The values that a schema allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// A value of any type.
    Anything,
    Null,
    Bool,
    Number,
    /// A whole number within bounds.
    Integer {
        minimum: Option<i64>,
        maximum: Option<i64>,
    },
    Text(Format),
    /// One of several texts.
    Word(Vec<String>),
    List(Box<Shape>),
    /// An object with any names.
    Map(Box<Shape>),
    Object(Object),
    /// An object with the fields of all parts. [`prepared`](Shape::prepared) makes one object of them.
    All(Vec<Shape>),
    OneOf(Vec<Shape>),
    /// One of several objects, distinguished by a field.
    Tagged {
        tag: String,
        kinds: BTreeMap<String, Object>,
    },
    /// The schema with this name.
    Reference(String),
}

/// The format of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// A text without a fixed form.
    Free,
    Uuid,
    Time,
    Date,
}

/// The fields of an object. All others are refused.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Object {
    pub(super) fields: BTreeMap<String, Shape>,
    pub(super) required: BTreeSet<String>,
}

impl Object {
    fn prepared(&self, named: &Named) -> Self {
        let fields = self.fields.iter();
        let fields = fields.map(|(name, shape)| (name.clone(), shape.prepared(named))).collect();
        Self { fields, required: self.required.clone() }
    }

    /// Returns the field that distinguishes the kind of the object, and its value.
    fn tag(&self) -> Option<(&str, &str)> {
        self.fields.iter().find_map(|(name, shape)| match shape {
            Shape::Word(words) if self.required.contains(name) => match &words[..] {
                [only] => Some((name.as_str(), only.as_str())),
                _ => None,
            },
            _ => None,
        })
    }
}

/// The schemas of a description, by name.
pub(super) type Named = BTreeMap<String, Shape>;

impl Shape {
    /// Returns the shape that a reference leads to.
    pub(super) fn resolve<'a>(&'a self, named: &'a Named) -> &'a Self {
        let mut shape = self;
        // No description has a circle of references.
        for _ in 0..16 {
            let Self::Reference(name) = shape else { return shape };
            shape = named.get(name).unwrap_or(&Self::Anything);
        }
        &Self::Anything
    }

    /// Returns the shape in the form by which values are checked: objects that consist of parts are
    /// merged, nested alternatives become one list, and objects whose kind a field distinguishes
    /// are found by it.
    pub(super) fn prepared(&self, named: &Named) -> Self {
        let boxed = |shape: &Self| Box::new(shape.prepared(named));
        match self {
            Self::List(item) => Self::List(boxed(item)),
            Self::Map(item) => Self::Map(boxed(item)),
            Self::Object(object) => Self::Object(object.prepared(named)),
            Self::All(_) => match self.merged(named) {
                Some(object) => Self::Object(object.prepared(named)),
                None => Self::Anything,
            },
            Self::OneOf(shapes) => {
                let mut flat = Vec::new();
                for shape in shapes {
                    match shape.resolve(named) {
                        Self::OneOf(inner) => flat.extend(inner.iter().cloned()),
                        _ => flat.push(shape.clone()),
                    }
                }
                let objects: Option<Vec<Object>> =
                    flat.iter().map(|shape| shape.merged(named)).collect();
                if let Some(tagged) = objects.and_then(|objects| Self::tagged(objects, named)) {
                    return tagged;
                }
                Self::OneOf(flat.iter().map(|shape| shape.prepared(named)).collect())
            }
            other => other.clone(),
        }
    }

    /// Returns the object that a shape is, with the fields of all its parts.
    fn merged(&self, named: &Named) -> Option<Object> {
        match self.resolve(named) {
            Self::Object(object) => Some(object.clone()),
            Self::All(parts) => {
                let mut all = Object::default();
                for part in parts {
                    let part = part.merged(named)?;
                    all.fields.extend(part.fields);
                    all.required.extend(part.required);
                }
                Some(all)
            }
            _ => None,
        }
    }

    /// Returns objects as kinds of one object, if each has the same field that distinguishes its
    /// kind.
    fn tagged(objects: Vec<Object>, named: &Named) -> Option<Self> {
        let tag = objects.first()?.tag()?.0.to_owned();
        let mut kinds = BTreeMap::new();
        for object in objects {
            let (name, kind) = object.tag()?;
            if name != tag {
                return None;
            }
            kinds.insert(kind.to_owned(), object.prepared(named));
        }
        Some(Self::Tagged { tag, kinds })
    }

    /// Reads a schema of an `OpenAPI` document. What is not understood allows all.
    pub(super) fn read(schema: &Value) -> Self {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return Self::Reference(name.to_owned());
        }
        let list = |name: &str| schema[name].as_array();
        if let Some(parts) = list("allOf") {
            return match &parts[..] {
                [only] => Self::read(only),
                parts => Self::All(parts.iter().map(Self::read).collect()),
            };
        }
        if let Some(shapes) = list("oneOf").or_else(|| list("anyOf")) {
            return Self::OneOf(shapes.iter().map(Self::read).collect());
        }
        match &schema["type"] {
            Value::String(kind) => Self::of_type(kind, schema),
            Value::Array(kinds) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                Self::OneOf(kinds.map(|kind| Self::of_type(kind, schema)).collect())
            }
            _ => Self::Anything,
        }
    }

    fn of_type(kind: &str, schema: &Value) -> Self {
        match kind {
            "null" => Self::Null,
            "boolean" => Self::Bool,
            "number" => Self::Number,
            "integer" => Self::Integer {
                minimum: schema["minimum"].as_i64(),
                maximum: schema["maximum"].as_i64(),
            },
            "array" => Self::List(Box::new(Self::read(&schema["items"]))),
            "string" => match schema["enum"].as_array() {
                Some(words) => {
                    let words = words.iter().filter_map(Value::as_str);
                    Self::Word(words.map(ToOwned::to_owned).collect())
                }
                None => Self::Text(match schema["format"].as_str() {
                    Some("uuid") => Format::Uuid,
                    Some("date-time") => Format::Time,
                    Some("date") => Format::Date,
                    _ => Format::Free,
                }),
            },
            "object" => match (schema["properties"].as_object(), &schema["additionalProperties"]) {
                (None, item @ Value::Object(_)) => Self::Map(Box::new(Self::read(item))),
                (None, Value::Bool(true)) => Self::Map(Box::new(Self::Anything)),
                (fields, _) => Self::Object(Object {
                    fields: fields
                        .into_iter()
                        .flatten()
                        .map(|(name, schema)| (name.clone(), Self::read(schema)))
                        .collect(),
                    required: schema["required"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|name| name.as_str().map(ToOwned::to_owned))
                        .collect(),
                }),
            },
            _ => Self::Anything,
        }
    }
}
