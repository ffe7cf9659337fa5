//! Fields of later versions: fields of a stored or received record that this version does not
//! define.

use std::cell::RefCell;
use std::sync::Arc;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::unknown::{Word, is_exact, plain_text, spaced};

/// The fields of a record that this version does not define, at any depth, as JSON. Writing the
/// record writes them again.
///
/// They form an object of the shape of the record that has only these fields; list entries without
/// such fields are null.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Extra(Option<Arc<Value>>);

/// A record that carries the fields of later versions.
pub(crate) trait Extensible: Sized {
    /// Reads the fields that this version defines, and ignores all others.
    fn read_defined<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;

    /// Writes the fields that this version defines.
    fn write_defined<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;

    /// Returns the fields that this version does not define.
    fn extra(&self) -> &Extra;

    /// Sets the fields that this version does not define.
    fn set_extra(&mut self, extra: Extra);
}

/// Implements serialization for an [`Extensible`] type whose derived implementation is its own
/// (`#[serde(remote = "Self")]`) and whose field `extra` is skipped by it.
macro_rules! extensible_record {
    ($name:ident) => {
        impl $crate::model::extra::Extensible for $name {
            fn read_defined<'de, D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::deserialize(from)
            }

            fn write_defined<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, to)
            }

            fn extra(&self) -> &$crate::model::Extra {
                &self.extra
            }

            fn set_extra(&mut self, extra: $crate::model::Extra) {
                self.extra = extra;
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::model::extra::write(self, to)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::model::extra::read(from)
            }
        }
    };
}
pub(crate) use extensible_record;

/// Reads a record with the fields that this version does not define.
pub(crate) fn read<'de, D: Deserializer<'de>, T: Extensible>(from: D) -> Result<T, D::Error> {
    if is_exact() {
        return T::read_defined(from);
    }
    let value = Value::deserialize(from)?;
    let mut record = T::read_defined(&value).map_err(D::Error::custom)?;
    let defined = record.write_defined(serde_json::value::Serializer).map_err(D::Error::custom)?;
    record.set_extra(Extra::difference(&value, &defined));
    Ok(record)
}

/// Writes a record with the fields that this version does not define.
pub(crate) fn write<S: Serializer, T: Extensible>(record: &T, to: S) -> Result<S::Ok, S::Error> {
    if record.extra().is_empty() {
        return record.write_defined(to);
    }
    let mut value =
        record.write_defined(serde_json::value::Serializer).map_err(S::Error::custom)?;
    record.extra().merge_into(&mut value);
    value.serialize(to)
}

thread_local! {
    /// The fields of later versions inside of fields that were read by [`read_nested`].
    static NESTED: RefCell<Map<String, Value>> = RefCell::new(Map::new());
}

/// Reads a record with the fields that a later version added to its nested values, if they are read
/// by [`read_nested`].
pub(super) fn collect_nested<T, E>(
    read: impl FnOnce() -> Result<T, E>,
) -> Result<(T, Map<String, Value>), E> {
    let outer = NESTED.take();
    let record = read();
    let nested = NESTED.replace(outer);
    Ok((record?, nested))
}

/// Reads the field `name` of a record that is read by [`collect_nested`].
pub(super) fn read_nested<'de, D: Deserializer<'de>, T: DeserializeOwned + Serialize>(
    name: &str,
    from: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(from)?;
    let field = T::deserialize(&value).map_err(D::Error::custom)?;
    let defined = serde_json::to_value(&field).map_err(D::Error::custom)?;
    if let Some(rest) = difference(&value, &defined) {
        NESTED.with_borrow_mut(|nested| nested.insert(name.to_owned(), rest));
    }
    Ok(field)
}

impl Extra {
    /// Adds fields to these.
    pub(super) fn add(&mut self, more: Map<String, Value>) {
        if !more.is_empty() {
            let mut fields = self.as_object().cloned().unwrap_or_default();
            fields.extend(more);
            *self = Self::from(fields);
        }
    }

    /// Removes the fields with these names, and returns them.
    pub(super) fn remove_fields(&mut self, names: &[&str]) -> Self {
        let Some(fields) = self.as_object() else { return Self::default() };
        if !names.iter().any(|name| fields.contains_key(*name)) {
            return Self::default();
        }
        let (some, others): (Map<String, Value>, Map<String, Value>) =
            fields.clone().into_iter().partition(|(name, _)| names.contains(&name.as_str()));
        *self = Self::from(others);
        Self::from(some)
    }

    /// Returns the part of `original` that `defined`, which was read from it and written again,
    /// does not have.
    pub(crate) fn difference(original: &Value, defined: &Value) -> Self {
        Self(difference(original, defined).map(Arc::new))
    }

    /// Adds the fields to a record that was written without them.
    pub(crate) fn merge_into(&self, value: &mut Value) {
        if let Some(extra) = &self.0 {
            merge(value, extra);
        }
    }

    /// Removes a field and returns its value; `None` if it is absent or has another type.
    pub(crate) fn extract<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let mut fields = self.as_object()?.clone();
        let value = serde_json::from_value(fields.remove(name)?).ok()?;
        *self = Self::from(fields);
        Some(value)
    }

    /// Adds a field to those that this version does not define.
    pub(crate) fn insert(&mut self, name: &str, value: Value) {
        let mut fields = self.as_object().cloned().unwrap_or_default();
        fields.insert(name.to_owned(), value);
        *self = Self::from(fields);
    }

    /// Returns the text of a field, if the record has no other.
    pub(crate) fn only_text(&self, name: &str) -> Option<&str> {
        let fields = self.as_object().filter(|fields| fields.len() == 1)?;
        fields.get(name)?.as_str()
    }

    /// Returns whether this version defines all fields of the record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the fields as pairs of a label and a text for people, which are not sanitized.
    /// Fields without content are left out.
    pub fn labelled(&self) -> impl Iterator<Item = (String, String)> {
        let fields = self.0.as_deref().and_then(Value::as_object);
        fields.into_iter().flatten().filter_map(|(name, value)| {
            let text = plain_text(value);
            (!text.is_empty() && text != "[]").then(|| (spaced(name), text))
        })
    }

    /// Returns the fields as JSON; `None` without any.
    #[must_use]
    pub fn as_object(&self) -> Option<&Map<String, Value>> {
        self.0.as_deref()?.as_object()
    }
}

impl From<Map<String, Value>> for Extra {
    fn from(fields: Map<String, Value>) -> Self {
        Self((!fields.is_empty()).then(|| Arc::new(Value::Object(fields))))
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.as_object() {
            Some(fields) => fields.serialize(to),
            None => Map::new().serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Map::deserialize(from).map(Self::from)
    }
}

/// Returns the part of `original` that `defined` does not have; `None` if there is none.
///
/// Values that differ in another way were normalized by this version, such as times, and count as
/// the same. The exception is a text that could not be interned.
fn difference(original: &Value, defined: &Value) -> Option<Value> {
    match (original, defined) {
        (Value::Object(original), Value::Object(defined)) => {
            let fields: Map<String, Value> = original
                .iter()
                .filter_map(|(name, value)| {
                    let rest = match defined.get(name) {
                        Some(defined) => difference(value, defined)?,
                        None => value.clone(),
                    };
                    Some((name.clone(), rest))
                })
                .collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        (Value::Array(original), Value::Array(defined)) if original.len() == defined.len() => {
            let entries: Vec<Option<Value>> =
                original.iter().zip(defined).map(|(o, d)| difference(o, d)).collect();
            entries
                .iter()
                .any(Option::is_some)
                .then(|| Value::Array(entries.into_iter().map(Option::unwrap_or_default).collect()))
        }
        _ => (is_unnamed(defined) && original != defined).then(|| original.clone()),
    }
}

/// Adds to `value` the parts of `extra` that it does not have.
fn merge(value: &mut Value, extra: &Value) {
    if is_unnamed(value) {
        if !extra.is_null() {
            value.clone_from(extra);
        }
        return;
    }
    match (value, extra) {
        (Value::Object(fields), Value::Object(extra)) => {
            for (name, rest) in extra {
                match fields.get_mut(name) {
                    Some(value) => merge(value, rest),
                    None => {
                        fields.insert(name.clone(), rest.clone());
                    }
                }
            }
        }
        (Value::Array(entries), Value::Array(extra)) if entries.len() == extra.len() => {
            for (entry, rest) in entries.iter_mut().zip(extra) {
                merge(entry, rest);
            }
        }
        _ => {}
    }
}

/// Returns whether a value represents a text that could not be interned.
fn is_unnamed(value: &Value) -> bool {
    value.as_str() == Some(Word::UNNAMED.as_str())
}
