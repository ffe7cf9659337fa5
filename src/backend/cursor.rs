//! Positions in a backend's stream of changes.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A position in a backend's stream of changes. Only the backend that issued it can interpret it.
///
/// On the wire it is a string of digits, because some JSON parsers round numbers of this size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cursor(pub u64);

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        if text.is_empty() || text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(D::Error::custom("a cursor is a number in a text"));
        }
        // No backend issues a cursor above `u64::MAX`. A larger number is foreign, as a smaller one
        // may be, and a backend answers a foreign cursor with all open incidents.
        Ok(Self(text.parse().unwrap_or(u64::MAX)))
    }
}

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        Object::builder()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{1,20}$"))
            .description(Some("A position in the stream of changes."))
            .into()
    }
}

impl ToSchema for Cursor {}
