//! Tests of a label in a filter.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::model::text::sanitize;

/// The greatest size of a compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// A test of a label: `env=prod`, `env!=prod`, `host=db-*`, `env` for any value, or a regular
/// expression that matches the complete value, as in `host=~db-[0-9]+`. On the wire and in settings
/// it is such a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelTest {
    /// The name of the label.
    pub name: String,
    /// The expected value.
    pub value: LabelValue,
    /// Whether the label must not have the value.
    pub is_negated: bool,
}

/// The value that a test expects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LabelValue {
    /// Any value. A label that is missing has none.
    Any,
    /// A text in which `*` matches any text. A label that is missing has no value.
    Text(String),
    /// A regular expression. A label that is missing is treated like an empty one.
    Regex(LabelRegex),
}

/// A regular expression that must match a complete value.
#[derive(Clone, Debug)]
pub struct LabelRegex {
    text: String,
    compiled: Regex,
}

/// The error for a text that is not a valid test of a label.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{:?} asks nothing of a label: write env=prod, env!=prod, host=db-*, host=~db-[0-9]+ or env",
    sanitize(.0)
)]
pub struct InvalidLabelTest(pub String);

impl PartialEq for LabelRegex {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for LabelRegex {}

impl LabelRegex {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`InvalidLabelTest`] if it is invalid, or too large.
    pub fn new(text: &str) -> Result<Self, InvalidLabelTest> {
        let compile =
            |pattern: &str| RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build();
        // Alone first: a parenthesis that closes nothing must not end the group around it.
        let compiled = compile(text)
            .and_then(|_| compile(&format!("^(?s:{text})$")))
            .map_err(|_| InvalidLabelTest(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), compiled })
    }

    /// Returns the expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether it matches a text completely.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

impl LabelTest {
    /// Creates the test for exactly this value, whatever its characters are. With an empty value the
    /// label may also be missing.
    ///
    /// # Errors
    /// [`InvalidLabelTest`] if the value is too long.
    pub fn exact(name: &str, value: &str, is_negated: bool) -> Result<Self, InvalidLabelTest> {
        let is_plain = !value.is_empty()
            && value.trim() == value
            && !value.contains('*')
            && !value.starts_with('~');
        let value = if is_plain {
            LabelValue::Text(value.to_owned())
        } else {
            LabelValue::Regex(LabelRegex::new(&regex::escape(value))?)
        };
        Ok(Self { name: name.to_owned(), value, is_negated })
    }

    /// Returns whether labels pass. A label that is missing has no value: `env!=prod` passes.
    #[must_use]
    pub fn passes(&self, labels: &BTreeMap<String, String>) -> bool {
        let found = labels.get(&self.name);
        let has_value = match (&self.value, found) {
            (LabelValue::Regex(regex), found) => {
                regex.is_match(found.map(String::as_str).unwrap_or_default())
            }
            (_, None) => false,
            (LabelValue::Any, Some(_)) => true,
            (LabelValue::Text(pattern), Some(text)) => matches_pattern(pattern, text),
        };
        has_value != self.is_negated
    }

    /// Returns whether the test passes if the label is missing or empty. Such a test alone would
    /// select unrelated alerts too.
    #[must_use]
    pub fn passes_empty(&self) -> bool {
        let labels = BTreeMap::from([(self.name.clone(), String::new())]);
        self.passes(&labels)
    }
}

/// Returns whether a text matches a pattern in which `*` matches any text. The time is at most
/// proportional to the product of both lengths.
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

/// The operators, the longer ones first: whether it is negated, and whether an expression follows.
const OPERATORS: [(&str, bool, bool); 4] =
    [("!=", true, false), ("!~", true, true), ("=~", false, true), ("=", false, false)];

impl FromStr for LabelTest {
    type Err = InvalidLabelTest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidLabelTest(text.to_owned());
        let trimmed = text.trim();
        let operator = trimmed.char_indices().find_map(|(at, _)| {
            let rest = trimmed.get(at..)?;
            let found = OPERATORS.into_iter().find(|(operator, ..)| rest.starts_with(operator));
            found.map(|found| (at, found))
        });
        let (name, value, is_negated) = match operator {
            None => match trimmed.strip_prefix('!') {
                Some(name) => (name, LabelValue::Any, true),
                None => (trimmed, LabelValue::Any, false),
            },
            Some((at, (operator, is_negated, is_regex))) => {
                let (name, rest) = trimmed.split_at(at);
                let value = rest.get(operator.len()..).unwrap_or_default().trim();
                let value = if is_regex {
                    LabelValue::Regex(LabelRegex::new(value).map_err(|_| invalid())?)
                } else {
                    LabelValue::Text(value.to_owned())
                };
                (name, value, is_negated)
            }
        };
        let name = name.trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(invalid());
        }
        Ok(Self { name: name.to_owned(), value, is_negated })
    }
}

impl fmt::Display for LabelTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, is_negated } = self;
        let not = if *is_negated { "!" } else { "" };
        match value {
            LabelValue::Any => write!(f, "{not}{name}"),
            LabelValue::Text(text) => write!(f, "{name}{not}={text}"),
            LabelValue::Regex(regex) if *is_negated => write!(f, "{name}!~{}", regex.text),
            LabelValue::Regex(regex) => write!(f, "{name}=~{}", regex.text),
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
    #[case("host=~db-[0-9]+", true)]
    #[case("host=~db", false)]
    #[case("host!~web|db-1", false)]
    #[case("host!~web", true)]
    #[case("zone=~", true)]
    #[case("zone=~eu|", true)]
    #[case("host=~", false)]
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
    #[case("host=~db-[")]
    #[case("!~db")]
    #[case("host=~a)|(?:b")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<LabelTest>(), Err(InvalidLabelTest(text.to_owned())));
    }

    #[rstest]
    #[case("a*b", "a*b", true)]
    #[case("a*b", "a-b", false)]
    #[case("", "", true)]
    #[case("~x", "~x", true)]
    #[case(" x", " x", true)]
    #[case("x", "x ", false)]
    fn exact_value_has_no_wildcards(
        #[case] wanted: &str,
        #[case] value: &str,
        #[case] expected: bool,
    ) {
        let test = LabelTest::exact("host", wanted, false).unwrap();
        let labels = BTreeMap::from([("host".to_owned(), value.to_owned())]);
        assert_eq!(test.passes(&labels), expected);
        assert_eq!(test.passes(&BTreeMap::new()), wanted.is_empty());
        assert_eq!(LabelTest::exact("host", wanted, true).unwrap().passes(&labels), !expected);
    }
}
