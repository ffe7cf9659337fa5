//! Filters as people write them.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::TimeDelta;

use super::{Filter, Owner, Predicate, Term};
use crate::model::priority::UnknownValue;
use crate::model::text::sanitize;
use crate::model::time::parse_duration;

/// A term that can't be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
    /// What is wrong and what would be accepted.
    pub message: String,
}

/// A piece of the text: whether it excludes, its key, its operator and its value.
struct Token {
    range: Range<usize>,
    negated: bool,
    key: Option<(String, char)>,
    value: String,
    quoted: bool,
}

/// Splits at blanks outside quotes. A quote that isn't closed reaches to the end.
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
        let mut open = false;
        while let Some(&(index, ch)) = chars.peek() {
            if ch.is_whitespace() && !open {
                break;
            }
            chars.next();
            token.range.end = index + ch.len_utf8();
            match ch {
                '"' => {
                    open = !open;
                    token.quoted = true;
                }
                '\\' if open => {
                    if let Some((i, next)) = chars.next() {
                        token.value.push(next);
                        token.range.end = i + next.len_utf8();
                    }
                }
                ':' | '<' | '>'
                    if !open && !token.quoted && token.key.is_none() && !token.value.is_empty() =>
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

/// A filter as it is typed: some of it may not be understood.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartialFilter {
    /// The terms that are understood.
    pub filter: Filter,
    /// Those that are not, in their order.
    pub errors: Vec<FilterError>,
}

impl PartialFilter {
    /// Reads a text and leaves out what can't be understood.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut typed = Self::default();
        for token in tokens(text) {
            match parse_predicate(&token) {
                Ok(ask) => typed.filter.terms.push(Term { negated: token.negated, predicate: ask }),
                Err(said) => {
                    let message = sanitize(&said).into_owned();
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
        let PartialFilter { filter, errors: wrong } = PartialFilter::parse(text);
        wrong.into_iter().next().map_or(Ok(filter), Err)
    }
}

/// One blank-separated piece of a filter that is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawTerm {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// It begins with a `-`.
    pub negated: bool,
    /// Its key and operator, as `status` and `:`.
    pub key: Option<(String, char)>,
    /// What follows, without quotes.
    pub value: String,
}

/// The pieces of a text, for whoever completes what is typed.
#[must_use]
pub fn split_terms(text: &str) -> Vec<RawTerm> {
    let each = tokens(text).into_iter();
    each.map(|Token { range: at, negated: not, key, value, .. }| RawTerm {
        range: at,
        negated: not,
        key,
        value,
    })
    .collect()
}

/// A value as a filter has it: in quotes where it would be read as something else.
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
    let said = |error: UnknownValue| error.to_string();
    let Some((key, operator)) = &token.key else {
        if value.trim().is_empty() {
            return Err("nothing stands after the -, or between the quotes".into());
        }
        let lower = value.to_ascii_lowercase();
        let is_level = |prefix: &str| {
            lower.strip_prefix(prefix).is_some_and(|n| matches!(n, "1" | "2" | "3" | "4"))
        };
        if !token.quoted && (is_level("p") || is_level("sev")) {
            return lower.parse().map(Predicate::Priority).map_err(said);
        }
        return Ok(Predicate::Text(value.to_owned()));
    };
    if value.trim().is_empty() {
        return Err(format!("{key}{operator} needs a value"));
    }
    let none = !token.quoted && value.eq_ignore_ascii_case("none");
    match (key.as_str(), operator) {
        ("priority" | "pri", ':') => value.parse().map(Predicate::Priority).map_err(said),
        ("status", ':') => value.parse().map(Predicate::Status).map_err(said),
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
            value.parse().map(|c| Predicate::Category(Some(c))).map_err(said)
        }
        ("sla", ':') => value.parse().map(Predicate::Sla).map_err(said),
        ("is", ':') => value.parse().map(Predicate::State).map_err(said),
        ("age" | "idle", '<' | '>') => {
            let span = parse_duration(value).ok_or_else(|| {
                format!("{value:?} is not a duration: write 30m, 2h, 1h30m or 3d")
            })?;
            Ok(match (key.as_str(), operator) {
                ("age", '>') => Predicate::Older(span),
                ("age", _) => Predicate::Younger(span),
                (_, '>') => Predicate::Idle(span),
                _ => Predicate::Active(span),
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

/// The key that was meant by one that is misspelt or cut short.
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
    let name = |known: &'static str| &known[..known.len() - 1];
    let begun = |known: &&&str| key.len() > 1 && known.starts_with(key);
    let alike = |known: &str| strsim::damerau_levenshtein(key, known);
    let nearest = || {
        let near = KEYS.iter().map(|known| (alike(name(known)), known));
        near.filter(|(distance, known)| *distance <= 1 + known.len() / 5 && *distance < key.len())
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| known)
    };
    KEYS.iter().find(begun).or_else(nearest).copied()
}

/// A value as it is written: quoted where it would be read as something else.
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

/// A key with a span in the largest unit that is exact.
fn write_duration(f: &mut fmt::Formatter<'_>, key: &str, span: TimeDelta) -> fmt::Result {
    f.write_str(key)?;
    let seconds = span.num_seconds();
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
        // A name that reads like a special word is quoted.
        let special =
            |text: &str, words: &[&str]| words.iter().any(|w| text.eq_ignore_ascii_case(w));
        match &self.predicate {
            Predicate::Text(word) => {
                let alone = word.parse::<Filter>().ok().filter(|f| f.terms.len() == 1);
                let same = alone.is_some_and(|f| {
                    !f.terms[0].negated && f.terms[0].predicate == Predicate::Text(word.clone())
                });
                write_value(f, word, !same)
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
                write_value(f, who, special(who, &["me", "none"]))
            }
            Predicate::Team(None) => f.write_str("team:none"),
            Predicate::Team(Some(team)) => {
                f.write_str("team:")?;
                write_value(f, team, special(team, &["none"]))
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
