//! What a filter asks of a label.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::model::text::sanitize;

/// What is asked of a label: `env=prod`, `env!=prod`, `host=db-*` or `env` for any value. On the wire and
/// in settings it is such a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelTest {
    /// The name of the label.
    pub name: String,
    /// The value, in which `*` stands for any text; `None` if any value will do.
    pub value: Option<String>,
    /// Whether the label must not have the value.
    pub is_negated: bool,
}

/// The error for a text that asks nothing of a label.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{:?} asks nothing of a label: write env=prod, env!=prod, host=db-* or env", sanitize(.0))]
pub struct InvalidLabelTest(pub String);

impl LabelTest {
    /// Returns whether labels pass. A label that is missing has no value: `env!=prod` passes.
    #[must_use]
    pub fn passes(&self, labels: &BTreeMap<String, String>) -> bool {
        let found = labels.get(&self.name);
        let has_value = match (&self.value, found) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(pattern), Some(text)) => matches_pattern(pattern, text),
        };
        has_value != self.is_negated
    }
}

/// Returns whether a text has the form of a pattern in which `*` stands for any text. It takes no longer
/// than the product of both lengths.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

impl FromStr for LabelTest {
    type Err = InvalidLabelTest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let (name, value, is_negated) = match trimmed.split_once('=') {
            None => match trimmed.strip_prefix('!') {
                Some(name) => (name, None, true),
                None => (trimmed, None, false),
            },
            Some((name, value)) => match name.strip_suffix('!') {
                Some(name) => (name, Some(value.trim().to_owned()), true),
                None => (name, Some(value.trim().to_owned()), false),
            },
        };
        let name = name.trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(InvalidLabelTest(text.to_owned()));
        }
        Ok(Self { name: name.to_owned(), value, is_negated })
    }
}

impl fmt::Display for LabelTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, is_negated } = self;
        match (value, is_negated) {
            (Some(value), false) => write!(f, "{name}={value}"),
            (Some(value), true) => write!(f, "{name}!={value}"),
            (None, false) => f.write_str(name),
            (None, true) => write!(f, "!{name}"),
        }
    }
}

impl Serialize for LabelTest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LabelTest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl PartialSchema for LabelTest {
    fn schema() -> RefOr<Schema> {
        Object::builder()
            .schema_type(Type::String)
            .description(Some("What is asked of a label, such as `env=prod`."))
            .into()
    }
}

impl ToSchema for LabelTest {}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("env=prod", true)]
    #[case("env=test", false)]
    #[case("env!=prod", false)]
    #[case("env!=test", true)]
    #[case("env", true)]
    #[case("!env", false)]
    #[case("zone", false)]
    #[case("!zone", true)]
    #[case("zone!=eu", true)]
    #[case("zone=", false)]
    #[case("host=db-*", true)]
    #[case("host=*-1", true)]
    #[case("host=*b*1*", true)]
    #[case("host=*", true)]
    #[case("host=db-1*1", false)]
    #[case("host=web-*", false)]
    #[case("host!=web-*", true)]
    fn labels_pass_or_not(#[case] text: &str, #[case] expected: bool) {
        let test: LabelTest = text.parse().unwrap();
        let labels = BTreeMap::from([
            ("env".to_owned(), "prod".to_owned()),
            ("host".to_owned(), "db-1".to_owned()),
        ]);
        assert_eq!(test.passes(&labels), expected);
        assert_eq!(test.to_string(), text);
        assert_eq!(test.to_string().parse(), Ok(test));
    }

    #[rstest]
    #[case("")]
    #[case(" = ")]
    #[case("=prod")]
    #[case("!=prod")]
    #[case("two words=prod")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<LabelTest>(), Err(InvalidLabelTest(text.to_owned())));
    }
}
