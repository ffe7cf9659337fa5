//! The language in which Opsgenie's list of alerts is queried.
//!
//! | text | selects |
//! |---|---|
//! | `status: open AND priority: P1` | those of which both are true; without a word between them it is `AND` |
//! | `tag: (db OR web)`, `NOT owner: ines`, `(a OR b) c` | one of them; not that; in parentheses first |
//! | `createdAt > 1609459200000`, `count >= 3` | times in milliseconds, or dates; numbers |
//! | `alias: db1*`, `message: "disk full"` | `*` is any text; messages and descriptions contain the text |
//! | `owner: null` | those that have none |
//! | `disk` | those of which a text contains it |

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use crate::ingest::mapping::{matches_glob, parse_time};
use crate::model::alert::one_line;

/// The longest query, in characters.
const MAX_CHARS: usize = 1000;
/// The most parentheses and negations within each other.
const MAX_DEPTH: usize = 20;
/// The most conditions and texts.
const MAX_PARTS: usize = 30;
/// How many characters of a part of a query are quoted.
const MAX_QUOTE: usize = 60;

/// Which alerts are listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertSearch(Node);

/// Why a query can't be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SearchError {
    /// It is too long.
    #[error("the query is longer than {MAX_CHARS} characters: write a shorter one")]
    TooLong,
    /// Too much is within each other.
    #[error("the query has more than {MAX_DEPTH} parentheses within each other: write fewer")]
    TooDeep,
    /// Too many things are asked for.
    #[error("the query has more than {MAX_PARTS} conditions: write fewer")]
    TooMany,
    /// There is no such field.
    #[error("alerts have no field {0:?} to search")]
    UnknownField(String),
    /// A value is missing.
    #[error("a value is missing after {0:?}")]
    NoValue(String),
    /// A value is not what the field has.
    #[error("{value:?} is no {expected}, which {field} has")]
    BadValue {
        /// The field.
        field: &'static str,
        /// What it has.
        expected: &'static str,
        /// What was written.
        value: String,
    },
    /// A parenthesis or a quotation is not closed, or was not opened.
    #[error("{0} has no counterpart in the query")]
    Unbalanced(char),
    /// Nothing is combined with anything.
    #[error("something is missing beside {0}")]
    NoOperand(&'static str),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Field(&'static Field, Test),
    Text(String),
}

/// The condition on the value of a field.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Test {
    /// It has no value.
    Absent,
    /// It is like a pattern, in lower case.
    Like(String),
    Is(bool),
    Number(Relation, i64),
    /// It is before, at or after a time; a date lasts a day.
    Time(Relation, DateTime<Utc>, TimeDelta),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relation {
    Is,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// A field of an alert.
#[derive(PartialEq, Eq, Debug)]
struct Field {
    /// Its name in a query.
    name: &'static str,
    /// Where it is in the JSON of an alert.
    pointer: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A text, which is as it is written.
    Exact,
    /// A text, of which a part is written.
    Prose,
    Flag,
    Number,
    Time,
    /// A list of texts.
    Texts,
    /// The names of an object.
    Names,
    /// The texts of an object.
    Values,
    /// A list of objects with an id and a name.
    Targets,
}

const fn field(name: &'static str, pointer: &'static str, kind: Kind) -> Field {
    Field { name, pointer, kind }
}

const FIELDS: &[Field] = &[
    field("alertId", "/id", Kind::Exact),
    field("id", "/id", Kind::Exact),
    field("tinyId", "/tinyId", Kind::Exact),
    field("alias", "/alias", Kind::Exact),
    field("message", "/message", Kind::Prose),
    field("description", "/description", Kind::Prose),
    field("status", "/status", Kind::Exact),
    field("priority", "/priority", Kind::Exact),
    field("source", "/source", Kind::Exact),
    field("entity", "/entity", Kind::Exact),
    field("owner", "/owner", Kind::Exact),
    field("acknowledged", "/acknowledged", Kind::Flag),
    field("isSeen", "/isSeen", Kind::Flag),
    field("snoozed", "/snoozed", Kind::Flag),
    field("count", "/count", Kind::Number),
    field("createdAt", "/createdAt", Kind::Time),
    field("updatedAt", "/updatedAt", Kind::Time),
    field("lastOccurredAt", "/lastOccurredAt", Kind::Time),
    field("snoozedUntil", "/snoozedUntil", Kind::Time),
    field("tag", "/tags", Kind::Texts),
    field("tags", "/tags", Kind::Texts),
    field("actions", "/actions", Kind::Texts),
    field("details.key", "/details", Kind::Names),
    field("details.value", "/details", Kind::Values),
    field("teams", "/responders", Kind::Targets),
    field("team", "/responders", Kind::Targets),
    field("responders", "/responders", Kind::Targets),
    field("recipients", "/responders", Kind::Targets),
    field("integration.name", "/integration/name", Kind::Exact),
    field("integration.type", "/integration/type", Kind::Exact),
];

/// The fields that words without a field are searched in.
const TEXTS: [&str; 6] = ["/message", "/alias", "/description", "/entity", "/source", "/owner"];

impl AlertSearch {
    /// Returns whether an alert is listed, of which `alert` is the JSON.
    #[must_use]
    pub fn matches(&self, alert: &Value) -> bool {
        self.0.matches(alert)
    }
}

impl FromStr for AlertSearch {
    type Err = SearchError;

    fn from_str(text: &str) -> Result<Self, SearchError> {
        if text.chars().nth(MAX_CHARS).is_some() {
            return Err(SearchError::TooLong);
        }
        let mut parser = Parser { rest: text, parts: 0 };
        if parser.is_at_end() {
            return Ok(Self(Node::All(Vec::new())));
        }
        let node = parser.any(None, 0)?;
        if parser.is_at_end() { Ok(Self(node)) } else { Err(SearchError::Unbalanced(')')) }
    }
}

impl Node {
    fn matches(&self, alert: &Value) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.matches(alert)),
            Self::Any(nodes) => nodes.iter().any(|node| node.matches(alert)),
            Self::Not(node) => !node.matches(alert),
            Self::Field(field, test) => test.holds(field, alert),
            Self::Text(pattern) => {
                let mut texts = TEXTS.iter().filter_map(|at| alert.pointer(at)?.as_str());
                let mut tags = list(alert.pointer("/tags")).filter_map(Value::as_str);
                texts.any(|text| contains(pattern, text)) || tags.any(|tag| contains(pattern, tag))
            }
        }
    }
}

impl Test {
    fn holds(&self, field: &Field, alert: &Value) -> bool {
        let value = alert.pointer(field.pointer);
        let is_absent = match value {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(entries)) => entries.is_empty(),
            Some(Value::Object(entries)) => entries.is_empty(),
            Some(_) => false,
        };
        match self {
            Self::Absent => is_absent,
            Self::Like(pattern) => value.is_some_and(|value| is_like(pattern, field.kind, value)),
            Self::Is(flag) => value.and_then(Value::as_bool).unwrap_or_default() == *flag,
            Self::Number(relation, bound) => value
                .and_then(Value::as_i64)
                .is_some_and(|number| relation.holds(number, *bound, *bound)),
            Self::Time(relation, from, lasts) => {
                let at = value.and_then(Value::as_str).and_then(parse_time);
                at.is_some_and(|at| relation.holds(at, *from, *from + *lasts))
            }
        }
    }
}

/// Returns whether a value is like a pattern.
fn is_like(pattern: &str, kind: Kind, value: &Value) -> bool {
    let like = |text: &str| matches_glob(pattern, &text.to_lowercase());
    let is_text_like = |value: &Value| value.as_str().is_some_and(like);
    let entries = || value.as_object().into_iter().flatten();
    match kind {
        Kind::Prose => value.as_str().is_some_and(|text| contains(pattern, text)),
        Kind::Texts => list(Some(value)).any(is_text_like),
        Kind::Names => entries().any(|(name, _)| like(name)),
        Kind::Values => entries().any(|(_, value)| is_text_like(value)),
        Kind::Targets => list(Some(value)).any(|target| {
            ["id", "name", "username"].iter().any(|name| target.get(name).is_some_and(is_text_like))
        }),
        Kind::Exact | Kind::Flag | Kind::Number | Kind::Time => is_text_like(value),
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// Returns whether a text has a part like a pattern in lower case.
fn contains(pattern: &str, text: &str) -> bool {
    matches_glob(&format!("*{pattern}*"), &text.to_lowercase())
}

impl Relation {
    /// Returns whether a value relates so to what lasts from one value to another.
    fn holds<T: PartialOrd + Copy>(self, value: T, from: T, to: T) -> bool {
        match self {
            Self::Is => value >= from && value <= to,
            Self::Less => value < from,
            Self::AtMost => value <= to,
            Self::More => value > to,
            Self::AtLeast => value >= from,
        }
    }
}

impl Field {
    /// Returns the field with a name, whatever the case of its letters.
    fn named(name: &str) -> Result<&'static Self, SearchError> {
        let found = FIELDS.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| SearchError::UnknownField(quoted(name)))
    }

    /// Returns what a value that was written means.
    fn test(&self, relation: Relation, text: &str, is_quoted: bool) -> Result<Test, SearchError> {
        let bad =
            |expected| SearchError::BadValue { field: self.name, expected, value: quoted(text) };
        if relation == Relation::Is && !is_quoted && text.eq_ignore_ascii_case("null") {
            return Ok(Test::Absent);
        }
        Ok(match self.kind {
            Kind::Flag => {
                Test::Is(text.to_ascii_lowercase().parse().map_err(|_| bad("true or false"))?)
            }
            Kind::Number => Test::Number(relation, text.parse().map_err(|_| bad("number"))?),
            Kind::Time => {
                let (at, lasts) = time(text).ok_or_else(|| bad("time"))?;
                Test::Time(relation, at, lasts)
            }
            _ if relation != Relation::Is => return Err(bad("number or time")),
            _ => Test::Like(text.to_lowercase()),
        })
    }
}

/// Reads a time, and how long it lasts: a date is a day of UTC.
fn time(text: &str) -> Option<(DateTime<Utc>, TimeDelta)> {
    let date = ["%d-%m-%Y", "%Y-%m-%d"];
    let date = date.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    if let Some(start) = date.and_then(|date| date.and_hms_opt(0, 0, 0)) {
        let start = parse_time(&start.and_utc().to_rfc3339())?;
        return Some((start, TimeDelta::days(1) - TimeDelta::milliseconds(1)));
    }
    Some((parse_time(text)?, TimeDelta::zero()))
}

fn quoted(text: &str) -> String {
    one_line(text, MAX_QUOTE)
}

/// A field and how its values relate to it, while a list of them is read.
type Context = Option<(&'static Field, Relation)>;

struct Parser<'a> {
    rest: &'a str,
    /// How many conditions and texts were read.
    parts: usize,
}

impl<'a> Parser<'a> {
    fn is_at_end(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.is_empty()
    }

    /// Reads a sign, if it is the next.
    fn accept(&mut self, sign: &str) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Returns whether a word comes next.
    fn is_next(&self, word: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(word);
        rest.is_some_and(|rest| {
            rest.chars().next().is_none_or(|ch| ch.is_whitespace() || "()\"".contains(ch))
        })
    }

    /// Reads a word, if it is the next.
    fn accept_word(&mut self, word: &str) -> bool {
        self.is_next(word) && self.accept(word)
    }

    /// Reads what `OR` separates.
    fn any(&mut self, context: Context, depth: usize) -> Result<Node, SearchError> {
        if depth > MAX_DEPTH {
            return Err(SearchError::TooDeep);
        }
        let mut nodes = vec![self.all(context, depth)?];
        while self.accept_word("OR") {
            nodes.push(self.all(context, depth)?);
        }
        Ok(Node::Any(nodes))
    }

    /// Reads what `AND` or nothing separates.
    fn all(&mut self, context: Context, depth: usize) -> Result<Node, SearchError> {
        let mut nodes = Vec::new();
        loop {
            if self.is_at_end() || self.rest.starts_with(')') || self.is_next("OR") {
                break;
            }
            if self.accept_word("AND") {
                let is_alone = nodes.is_empty() || self.is_at_end() || self.rest.starts_with(')');
                if is_alone || self.is_next("OR") || self.is_next("AND") {
                    return Err(SearchError::NoOperand("AND"));
                }
                continue;
            }
            nodes.push(self.one(context, depth)?);
        }
        if nodes.is_empty() {
            return Err(SearchError::NoOperand("OR, or within parentheses"));
        }
        Ok(Node::All(nodes))
    }

    fn one(&mut self, context: Context, depth: usize) -> Result<Node, SearchError> {
        if depth > MAX_DEPTH {
            return Err(SearchError::TooDeep);
        }
        if self.accept_word("NOT") {
            if self.is_at_end() || self.rest.starts_with(')') {
                return Err(SearchError::NoOperand("NOT"));
            }
            return Ok(Node::Not(Box::new(self.one(context, depth + 1)?)));
        }
        if self.accept("(") {
            let node = self.any(context, depth + 1)?;
            return if self.accept(")") { Ok(node) } else { Err(SearchError::Unbalanced('(')) };
        }
        match context {
            Some((field, relation)) => {
                self.count_part()?;
                let (text, is_quoted) = self.value()?;
                Ok(Node::Field(field, field.test(relation, &text, is_quoted)?))
            }
            None => self.term(depth),
        }
    }

    /// Counts a condition or a text: each is compared with every alert.
    fn count_part(&mut self) -> Result<(), SearchError> {
        self.parts += 1;
        if self.parts > MAX_PARTS { Err(SearchError::TooMany) } else { Ok(()) }
    }

    /// Reads a field with its value, or a text.
    fn term(&mut self, depth: usize) -> Result<Node, SearchError> {
        if self.rest.starts_with('"') {
            self.count_part()?;
            let (text, _) = self.value()?;
            return Ok(Node::Text(text.to_lowercase()));
        }
        let ends = |ch: char| ch.is_whitespace() || "():<>=\"".contains(ch);
        let name = self.word(ends);
        let Some(relation) = self.relation() else {
            return match name {
                "" => {
                    let sign = self.rest.chars().next().unwrap_or(')');
                    Err(SearchError::Unbalanced(sign))
                }
                text => {
                    self.count_part()?;
                    Ok(Node::Text(text.to_lowercase()))
                }
            };
        };
        let field = Field::named(name)?;
        if self.is_at_end() || self.rest.starts_with(')') {
            return Err(SearchError::NoValue(name.to_owned()));
        }
        self.one(Some((field, relation)), depth + 1)
    }

    fn relation(&mut self) -> Option<Relation> {
        let signs = [
            ("<=", Relation::AtMost),
            (">=", Relation::AtLeast),
            ("<", Relation::Less),
            (">", Relation::More),
            (":", Relation::Is),
            ("=", Relation::Is),
        ];
        signs.into_iter().find_map(|(sign, relation)| self.accept(sign).then_some(relation))
    }

    fn word(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let (word, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// Reads a value, and whether it is quoted.
    fn value(&mut self) -> Result<(String, bool), SearchError> {
        self.rest = self.rest.trim_start();
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let word = self.word(|ch| ch.is_whitespace() || "()".contains(ch));
            return Ok((word.to_owned(), false));
        };
        let mut text = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, ch)) = chars.next() {
            match ch {
                '"' => {
                    self.rest = &quoted[at + 1..];
                    return Ok((text, true));
                }
                '\\' => text.extend(chars.next().map(|(_, ch)| ch)),
                ch => text.push(ch),
            }
        }
        Err(SearchError::Unbalanced('"'))
    }
}

#[cfg(test)]
mod tests;
