//! Which texts a rule is about.

use regex::{Regex, RegexBuilder};

/// The largest compiled expression, in bytes.
const MAX_REGEX_BYTES: usize = 1 << 20;
/// The longest text of a pattern, in bytes.
const MAX_BYTES: usize = 500;

/// A selection of texts: one (`prod`), those that match a pattern in which `*` stands for any
/// characters (`prod-*`), those in which a regular expression matches (`/^prod/`), or all others
/// (`!prod`, `!/^prod/`).
#[derive(Clone, Debug)]
pub(super) struct TextPattern {
    text: String,
    is_negated: bool,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Exact(String),
    Regex(Regex),
}

impl PartialEq for TextPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TextPattern {}

impl TextPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// The error, as the second half of a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("has more than {MAX_BYTES} bytes"));
        }
        let (is_negated, pattern) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let regex = pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let kind = match regex {
            Some(regex) => {
                let regex = RegexBuilder::new(regex).size_limit(MAX_REGEX_BYTES).build();
                Kind::Regex(regex.map_err(|error| {
                    let text = error.to_string();
                    let reason = text.lines().last().unwrap_or_default();
                    format!("is no regular expression: {}", reason.trim_start_matches("error: "))
                })?)
            }
            None if pattern.contains('*') => {
                let parts: Vec<String> = pattern.split('*').map(regex::escape).collect();
                let whole = format!("(?s)^{}$", parts.join(".*"));
                // An escaped text is always a valid expression.
                Kind::Regex(Regex::new(&whole).map_err(|error| error.to_string())?)
            }
            None => Kind::Exact(pattern.to_owned()),
        };
        Ok(Self { text: text.to_owned(), is_negated, kind })
    }

    /// Returns whether a text is meant.
    pub(super) fn matches(&self, text: &str) -> bool {
        let is_found = match &self.kind {
            Kind::Exact(exact) => exact == text,
            Kind::Regex(regex) => regex.is_match(text),
        };
        is_found != self.is_negated
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("prod", "prod", true)]
    #[case("prod", "production", false)]
    #[case("prod-*", "prod-eu", true)]
    #[case("prod-*", "preprod-eu", false)]
    #[case("!prod-*", "prod-eu", false)]
    #[case("db*.eu", "db1xeu", false)]
    #[case("*a.b*", "xa.by\nz", true)]
    #[case("", "", true)]
    #[case("!prod", "test", true)]
    #[case("/^prod/", "production", true)]
    #[case("/(?i)^PROD$/", "prod", true)]
    #[case("!/^prod/", "production", false)]
    #[case("/", "/", true)]
    fn patterns_are_exact_texts_or_expressions(
        #[case] pattern: &str,
        #[case] text: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(TextPattern::parse(pattern).expect("a pattern").matches(text), expected);
    }

    #[test]
    fn wrong_expressions_are_explained() {
        let error = TextPattern::parse("/a(/").expect_err("no pattern");
        assert_eq!(error, "is no regular expression: unclosed group");
    }
}
