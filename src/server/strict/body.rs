//! The JSON value of a request body.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The largest number up to which all JSON readers are exact: 2⁵³ − 1.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

/// A body whose objects have each name once.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::server) struct Body {
    /// The value. Whole numbers are integers in it, also those that were written like `3.0`: for a
    /// JSON schema both are the same.
    pub value: Value,
    /// Whether a whole number was written as a fraction. The original text can't be decoded then.
    pub is_normalized: bool,
}

impl Body {
    /// Reads the body from its text.
    ///
    /// # Errors
    /// The text is not one JSON value, or an object has a name twice.
    pub(in crate::server) fn parse(text: &str) -> serde_json::Result<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        let is_normalized = Cell::new(false);
        let value = ValueSeed(&is_normalized).deserialize(&mut json)?;
        json.end()?;
        Ok(Self { value, is_normalized: is_normalized.get() })
    }
}

/// Reads a value, and notes if a number was normalized.
#[derive(Clone, Copy)]
struct ValueSeed<'a>(&'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    #[expect(clippy::cast_possible_truncation, reason = "a whole number within the exact range")]
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() != 0.0 || value.abs() > MAX_EXACT {
            return Ok(value.into());
        }
        self.0.set(true);
        Ok((value as i64).into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_without_a_fraction_are_integers() {
        for (text, value, is_normalized) in [
            (
                r#"{"a": [3.0, -2e0, "x", null, true]}"#,
                json!({"a": [3, -2, "x", null, true]}),
                true,
            ),
            ("-0.0", json!(0), true),
            ("[3, -4, 18446744073709551615]", json!([3, -4, u64::MAX]), false),
            ("1.5", json!(1.5), false),
            ("1e300", json!(1e300), false),
        ] {
            let expected = Body { value, is_normalized };
            assert_eq!(Body::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn name_twice_is_refused() {
        for text in [r#"{"a": 1, "a": 1}"#, r#"[{"b": {"a": 1.0, "a": 2}}]"#, "{} {}", "[1", ""] {
            assert!(Body::parse(text).is_err(), "{text}");
        }
    }
}
