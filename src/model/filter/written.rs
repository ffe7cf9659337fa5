//! The text form of filters: parsing and printing.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::TimeDelta;

use super::{Filter, Owner, Predicate, Term};
use crate::model::priority::UnknownValue;
use crate::model::text::sanitize;
use crate::model::time::parse_duration;

/// The error for a term that can't be parsed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Position of the term in the text, in bytes.
    pub range: Range<usize>,
    /// What is wrong, and what would be accepted instead.
    pub message: String,
}

/// One term of the text: position, negation, key with operator, and value.
struct Token {
    range: Range<usize>,
    negated: bool,
    key: Option<(String, char)>,
    value: String,
    quoted: bool,
}

/// Splits a text at whitespace outside quotes. An unclosed quote extends to the end of the text.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    loop {
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some(&(start, first)) = chars.peek() else { break };
        let mut token = Token {
            range: start..start,
            negated: false,
            key: None,
            value: String::new(),
            quoted: false,
        };
        if first == '-' {
            chars.next();
            token.negated = true;
        }
        let mut in_quotes = false;
        while let Some(&(index, ch)) = chars.peek() {
            if ch.is_whitespace() && !in_quotes {
                break;
            }
            chars.next();
            token.range.end = index + ch.len_utf8();
            match ch {
                '"' => {
                    in_quotes = !in_quotes;
                    token.quoted = true;
                }
                '\\' if in_quotes => {
                    if let Some((i, next)) = chars.next() {
                        token.value.push(next);
                        token.range.end = i + next.len_utf8();
                    }
                }
                ':' | '<' | '>'
                    if !in_quotes
                        && !token.quoted
                        && token.key.is_none()
                        && !token.value.is_empty() =>
                {
                    token.key = Some((std::mem::take(&mut token.value).to_lowercase(), ch));
                }
                _ => token.value.push(ch),
            }
        }
        if token.range.is_empty() {
            token.range.end = start + 1;
        }
        tokens.push(token);
    }
    tokens
}

const TERMS_HELP: &str =
    "p1 to p4, status:, service:, owner:, team:, cat:, age> or age<, idle> or idle<, sla:, is:";

/// The result of parsing a filter while it is typed: some terms may be wrong.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartialFilter {
    /// The terms that could be parsed.
    pub filter: Filter,
    /// The errors of the other terms, in the order of the text.
    pub errors: Vec<FilterError>,
}

impl PartialFilter {
    /// Parses a text; terms that can't be parsed become errors and are not part of the filter.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut typed = Self::default();
        for token in tokens(text) {
            match parse_predicate(&token) {
                Ok(ask) => typed.filter.terms.push(Term { negated: token.negated, predicate: ask }),
                Err(message_text) => {
                    let message = sanitize(&message_text).into_string();
                    typed.errors.push(FilterError { range: token.range, message });
                }
            }
        }
        typed
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let PartialFilter { filter, errors } = PartialFilter::parse(text);
        errors.into_iter().next().map_or(Ok(filter), Err)
    }
}

/// One term of a filter as it is typed, split but not interpreted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawTerm {
    /// Position of the term in the text, in bytes.
    pub range: Range<usize>,
    /// Whether the term begins with a `-`.
    pub negated: bool,
    /// The key and the operator, such as `status` and `:`.
    pub key: Option<(String, char)>,
    /// The text after the operator, without quotes.
    pub value: String,
}

/// Splits a text into its terms, for completion while it is typed.
#[must_use]
pub fn split_terms(text: &str) -> Vec<RawTerm> {
    let tokens = tokens(text).into_iter();
    tokens
        .map(|Token { range, negated, key, value, .. }| RawTerm { range, negated, key, value })
        .collect()
}

/// Returns a value as it is written in a filter: quoted where it would be parsed differently.
#[must_use]
pub fn quote_value(text: &str) -> String {
    struct Value<'a>(&'a str);
    impl fmt::Display for Value<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_value(f, self.0, ["me", "none"].iter().any(|w| self.0.eq_ignore_ascii_case(w)))
        }
    }
    Value(text).to_string()
}

fn parse_predicate(token: &Token) -> Result<Predicate, String> {
    let value = token.value.as_str();
    let to_message = |error: UnknownValue| error.to_string();
    let Some((key, operator)) = &token.key else {
        if value.trim().is_empty() {
            return Err("nothing stands after the -, or between the quotes".into());
        }
        let lower = value.to_ascii_lowercase();
        let is_level = |prefix: &str| {
            lower.strip_prefix(prefix).is_some_and(|n| matches!(n, "1" | "2" | "3" | "4"))
        };
        if !token.quoted && (is_level("p") || is_level("sev")) {
            return lower.parse().map(Predicate::Priority).map_err(to_message);
        }
        return Ok(Predicate::Text(value.to_owned()));
    };
    if value.trim().is_empty() {
        return Err(format!("{key}{operator} needs a value"));
    }
    let none = !token.quoted && value.eq_ignore_ascii_case("none");
    match (key.as_str(), operator) {
        ("priority" | "pri", ':') => value.parse().map(Predicate::Priority).map_err(to_message),
        ("status", ':') => value.parse().map(Predicate::Status).map_err(to_message),
        ("service" | "svc", ':') => Ok(Predicate::Service(value.to_owned())),
        ("owner" | "assignee", ':') if none => Ok(Predicate::Owner(Owner::Nobody)),
        ("owner" | "assignee", ':') if !token.quoted && value.eq_ignore_ascii_case("me") => {
            Ok(Predicate::Owner(Owner::Me))
        }
        ("owner" | "assignee", ':') => match value.trim_start_matches('@') {
            who if who.trim().is_empty() => Err(format!("{key}{operator} needs a value")),
            who => Ok(Predicate::Owner(Owner::Person(who.to_owned()))),
        },
        ("team", ':') => Ok(Predicate::Team((!none).then(|| value.to_owned()))),
        ("cat" | "category", ':') if none => Ok(Predicate::Category(None)),
        ("cat" | "category", ':') => {
            value.parse().map(|c| Predicate::Category(Some(c))).map_err(to_message)
        }
        ("sla", ':') => value.parse().map(Predicate::Sla).map_err(to_message),
        ("is", ':') => value.parse().map(Predicate::State).map_err(to_message),
        ("age" | "idle", '<' | '>') => {
            let duration = parse_duration(value).ok_or_else(|| {
                format!("{value:?} is not a duration: write 30m, 2h, 1h30m or 3d")
            })?;
            Ok(match (key.as_str(), operator) {
                ("age", '>') => Predicate::Older(duration),
                ("age", _) => Predicate::Younger(duration),
                (_, '>') => Predicate::Idle(duration),
                _ => Predicate::Active(duration),
            })
        }
        ("age" | "idle", _) => Err(format!("{key} needs > or <, as in {key}>2h")),
        _ => Err(match nearest_key(key) {
            Some(near) => format!("{key}{operator} is not a filter term: did you mean {near}?"),
            None => format!(
                "{key}{operator} is not a filter term: use {TERMS_HELP}, or put \"quotes\" around a word"
            ),
        }),
    }
}

/// Returns the key that was probably meant by a misspelt or abbreviated one.
fn nearest_key(key: &str) -> Option<&'static str> {
    const KEYS: [&str; 10] = [
        "status:",
        "service:",
        "owner:",
        "team:",
        "cat:",
        "age>",
        "idle>",
        "sla:",
        "is:",
        "priority:",
    ];
    let name = |candidate: &'static str| &candidate[..candidate.len() - 1];
    let is_prefix = |candidate: &&&str| key.len() > 1 && candidate.starts_with(key);
    let distance_to = |candidate: &str| strsim::damerau_levenshtein(key, candidate);
    let closest = || {
        let distances = KEYS.iter().map(|candidate| (distance_to(name(candidate)), candidate));
        distances
            .filter(|(distance, candidate)| {
                *distance <= 1 + candidate.len() / 5 && *distance < key.len()
            })
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, candidate)| candidate)
    };
    KEYS.iter().find(is_prefix).or_else(closest).copied()
}

/// Writes a value, quoted where `quote` or its characters demand it.
fn write_value(f: &mut fmt::Formatter<'_>, text: &str, quote: bool) -> fmt::Result {
    let plain = !quote && !text.chars().any(|c| c.is_whitespace() || c == '"');
    if plain {
        return f.write_str(text);
    }
    f.write_str("\"")?;
    for ch in text.chars() {
        if matches!(ch, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{ch}")?;
    }
    f.write_str("\"")
}

/// Writes a key and a duration in the largest unit that is exact.
fn write_duration(f: &mut fmt::Formatter<'_>, key: &str, duration: TimeDelta) -> fmt::Result {
    f.write_str(key)?;
    let seconds = duration.num_seconds();
    for (unit, size) in [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60)] {
        if seconds > 0 && seconds % size == 0 {
            return write!(f, "{}{unit}", seconds / size);
        }
    }
    write!(f, "{seconds}s")
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            term.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        // A name that equals a reserved value, such as `me`, must be quoted.
        let is_reserved =
            |text: &str, reserved: &[&str]| reserved.iter().any(|w| text.eq_ignore_ascii_case(w));
        match &self.predicate {
            Predicate::Text(word) => {
                let parsed = word.parse::<Filter>().ok().filter(|f| f.terms.len() == 1);
                let is_stable = parsed.is_some_and(|f| {
                    !f.terms[0].negated && f.terms[0].predicate == Predicate::Text(word.clone())
                });
                write_value(f, word, !is_stable)
            }
            Predicate::Priority(priority) => f.write_str(&priority.as_str().to_lowercase()),
            Predicate::Status(status) => write!(f, "status:{status}"),
            Predicate::Service(name) => {
                f.write_str("service:")?;
                write_value(f, name, false)
            }
            Predicate::Owner(Owner::Me) => f.write_str("owner:me"),
            Predicate::Owner(Owner::Nobody) => f.write_str("owner:none"),
            Predicate::Owner(Owner::Person(who)) => {
                f.write_str("owner:")?;
                write_value(f, who, is_reserved(who, &["me", "none"]))
            }
            Predicate::Team(None) => f.write_str("team:none"),
            Predicate::Team(Some(team)) => {
                f.write_str("team:")?;
                write_value(f, team, is_reserved(team, &["none"]))
            }
            Predicate::Category(None) => f.write_str("cat:none"),
            Predicate::Category(Some(category)) => write!(f, "cat:{category}"),
            Predicate::Older(than) => write_duration(f, "age>", *than),
            Predicate::Younger(than) => write_duration(f, "age<", *than),
            Predicate::Idle(than) => write_duration(f, "idle>", *than),
            Predicate::Active(than) => write_duration(f, "idle<", *than),
            Predicate::Sla(sla) => write!(f, "sla:{sla}"),
            Predicate::State(is) => write!(f, "is:{is}"),
        }
    }
}
