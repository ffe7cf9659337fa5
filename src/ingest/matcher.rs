//! Matchers of labels, by which an Alertmanager is queried, such as `service="checkout"` or `job=~"api.*"`.

use std::collections::BTreeMap;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};

use super::error::IngestError;

/// The largest compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// A condition on one label. A label that is absent is as good as an empty one.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    value: Value,
    /// Whether the label must not have the value.
    is_negated: bool,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Pattern(Regex),
}

impl Matcher {
    /// Returns whether labels meet the condition.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let text = labels.get(&self.name).map(String::as_str).unwrap_or_default();
        let has_value = match &self.value {
            Value::Text(value) => value == text,
            Value::Pattern(pattern) => pattern.is_match(text),
        };
        has_value != self.is_negated
    }
}

/// Compiles a pattern that must match all of a text.
///
/// # Errors
/// It is no regular expression.
pub fn anchored_pattern(pattern: &str) -> Result<Regex, IngestError> {
    RegexBuilder::new(&format!("^(?s:{pattern})$"))
        .size_limit(MAX_PATTERN_BYTES)
        .build()
        .map_err(|_| IngestError::BadMatcher("its value is no regular expression"))
}

/// The operators, the longer ones first: whether it is negated, and whether the value is a pattern.
const OPERATORS: [(&str, bool, bool); 4] =
    [("!=", true, false), ("!~", true, true), ("=~", false, true), ("=", false, false)];

impl FromStr for Matcher {
    type Err = IngestError;

    fn from_str(text: &str) -> Result<Self, IngestError> {
        let text = text.trim();
        let no_operator = IngestError::BadMatcher("it has none of =, !=, =~ and !~");
        // A name in quotation marks may have any letter.
        let (name, rest) = if text.starts_with('"') {
            unquoted(text)?
        } else {
            let end = text.find(['=', '!']).ok_or_else(|| no_operator.clone())?;
            (text[..end].trim().to_owned(), &text[end..])
        };
        let rest = rest.trim_start();
        let (operator, is_negated, is_pattern) = OPERATORS
            .into_iter()
            .find(|(operator, ..)| rest.starts_with(operator))
            .ok_or(no_operator)?;
        let rest = rest[operator.len()..].trim();
        let value = if rest.starts_with('"') {
            let (value, rest) = unquoted(rest)?;
            if !rest.trim().is_empty() {
                return Err(IngestError::BadMatcher("it goes on after its value"));
            }
            value
        } else {
            rest.to_owned()
        };
        if name.is_empty() {
            return Err(IngestError::BadMatcher("it has no name of a label"));
        }
        let value =
            if is_pattern { Value::Pattern(anchored_pattern(&value)?) } else { Value::Text(value) };
        Ok(Self { name, value, is_negated })
    }
}

/// Returns the quoted text at the beginning of a text, and the rest.
fn unquoted(text: &str) -> Result<(String, &str), IngestError> {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err(IngestError::BadMatcher("a quotation mark is missing"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("service=checkout", true)]
    #[case(" service = \"checkout\" ", true)]
    #[case("service=\"check\"", false)]
    #[case("service!=\"checkout\"", false)]
    #[case("service!=\"cart\"", true)]
    #[case("service=~\"check.*\"", true)]
    #[case("service=~check", false)]
    #[case("service=~\"cart|checkout\"", true)]
    #[case("service!~\"c.*\"", false)]
    #[case("\"service\"=\"checkout\"", true)]
    #[case("text=\"a\\\"b\\\\c\\nd\"", true)]
    #[case("text=~\"a.*d\"", true)]
    #[case("absent=\"\"", true)]
    #[case("absent!=\"\"", false)]
    #[case("absent=~\".+\"", false)]
    #[case("url=http://a=b", true)]
    fn matcher_selects_labels(#[case] text: &str, #[case] expected: bool) {
        let labels = [("service", "checkout"), ("text", "a\"b\\c\nd"), ("url", "http://a=b")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let matcher: Matcher = text.parse().unwrap();
        assert_eq!(matcher.matches(&BTreeMap::from(labels)), expected, "{matcher:?}");
    }

    #[rstest]
    #[case("", "it has none of")]
    #[case("service", "it has none of")]
    #[case("service!", "it has none of")]
    #[case("=x", "it has no name")]
    #[case("a=~\"(\"", "its value is no regular expression")]
    #[case("a=~\"(a{1000}){1000}\"", "its value is no regular expression")]
    #[case("a=\"b", "a quotation mark is missing")]
    #[case("a=\"b\\", "a quotation mark is missing")]
    #[case("a=\"b\" c", "it goes on")]
    fn wrong_matcher_is_refused(#[case] text: &str, #[case] expected: &str) {
        let error = text.parse::<Matcher>().unwrap_err().to_string();
        assert!(error.starts_with("the matcher can't be understood: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}
