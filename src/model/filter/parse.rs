//! Parses filters, also while they are typed.

use std::ops::Range;
use std::str::FromStr;

use super::date::{self, Date};
use super::hint::{FilterHint, hint_for, hint_for_list};
use super::{Filter, Owner, Predicate, RoleHolder, Term};
use crate::model::nearest::nearest;
use crate::model::priority::{Priority, UnknownValue};
use crate::model::service_level::SlaTarget;
use crate::model::status::{Category, Role, Status};
use crate::model::text::{fold, is_word_char, sanitize};
use crate::model::time::parse_duration;
use crate::model::unknown::Word;

/// The error for a term that can't be parsed. Displayed as the fault and the accepted form,
/// sanitized.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", sanitize(fault.to_string()))]
pub struct FilterError {
    /// Position of the term in the text, in bytes.
    pub range: Range<usize>,
    /// The reason, with the facts that the sentence is made from.
    #[source]
    pub fault: FilterFault,
}

/// The fault of a term. Texts in it are as typed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FilterFault {
    /// It has neither a key nor a word.
    #[error("nothing stands after the -, or between the quotes")]
    Empty,
    /// The word has no letter or digit to search for.
    #[error("nothing to look for: {:?} has no letter and no digit", sanitize(.0))]
    NothingToFind(String),
    /// Nothing follows the key.
    #[error("{key}{operator} needs a value")]
    NoValue {
        /// The key as it was typed, such as `team`.
        key: String,
        /// The operator that follows the key.
        operator: char,
    },
    /// The value is not one of those of the key.
    #[error(transparent)]
    UnknownValue(#[from] UnknownValue),
    /// The value of a number of users is none.
    #[error("{:?} is not a number: write 100 or 5000", sanitize(.0))]
    NotANumber(String),
    /// The value of an age is no duration.
    #[error("{:?} is not a duration: write 30m, 2h, 1h30m or 3d", sanitize(.0))]
    NotADuration(String),
    /// The value is no date or time.
    #[error(
        "{:?} is not a date: write {}, 8h or 2026-10-29T14:00",
        sanitize(.0),
        date::FORMS
    )]
    NotADate(String),
    /// The value is a time, and the key selects days.
    #[error("{key}: needs a day, not a time, for {:?}: write {}", sanitize(value), date::FORMS)]
    NotADay {
        /// The key as it was typed.
        key: String,
        /// The value as it was typed.
        value: String,
    },
    /// The key needs a comparison, and the operator is none.
    #[error("{key} needs > or <, as in {key}>2h")]
    NotAComparison {
        /// The key as it was typed, such as `age`.
        key: String,
    },
    /// There is no such key, and one that is like it.
    #[error("{key}{operator} is not a filter term: did you mean {nearest}?")]
    MisspeltKey {
        /// The key as it was typed, which no term has.
        key: String,
        /// The operator that follows the key.
        operator: char,
        /// The key that was probably meant.
        nearest: &'static str,
    },
    /// There is no such key, nor one that is like it.
    #[error(
        "{key}{operator} is not a filter term: use {}, or put \"quotes\" around a word",
        TERMS_HELP
    )]
    UnknownKey {
        /// The key as it was typed, which no term has.
        key: String,
        /// The operator that follows the key.
        operator: char,
    },
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

const TERMS_HELP: &str = "p1 to p4, status:, service:, owner:, role:, team:, cat:, source:, label:, sla:, is:, since:, before:, on:, \
     age> or age<, idle> or idle<, changed> or changed<, resolved> or resolved<, \
     began> or began<, users> or users<, reporter:, resolved:, took> or took<, missed:, primary:, leading:";

/// The result of parsing an incomplete filter: some terms may be invalid.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartialFilter {
    /// The terms that could be parsed.
    pub filter: Filter,
    /// The errors of the other terms, in the order of the text.
    pub errors: Vec<FilterError>,
    /// Words that were probably meant as terms, in the order of the text.
    pub hints: Vec<FilterHint>,
}

/// Returns the word for a value that this version does not define, if a term may name it.
type FindWord = fn(&str) -> Option<Word>;

impl PartialFilter {
    /// Parses a text; terms that can't be parsed become errors and are not part of the filter.
    ///
    /// A status, priority or category of a later version is one if it was read before, in whatever
    /// row or record.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::parse_with(text, Word::find)
    }

    /// Parses a text as [`Self::parse`] does, and accepts only values that this version defines.
    #[must_use]
    pub fn parse_defined(text: &str) -> Self {
        Self::parse_with(text, |_| None)
    }

    /// Parses a text as [`Self::parse`] does, and accepts unknown values too. Each of them is
    /// interned forever, so this is not for texts that others send.
    #[must_use]
    pub fn parse_any(text: &str) -> Self {
        Self::parse_with(text, |value| Some(Word::new(value)))
    }

    fn parse_with(text: &str, find: FindWord) -> Self {
        let mut typed = Self::default();
        for token in tokens(text) {
            match parse_predicate(&token, find) {
                Ok(predicate) => {
                    if !token.quoted {
                        if let Predicate::Text(word) = &predicate {
                            typed.hints.extend(hint_for(word, token.range.clone()));
                        }
                        let key = token.key.as_ref().map(|(key, _)| key.as_str());
                        let range = token.range.clone();
                        typed.hints.extend(hint_for_list(key, &token.value, token.negated, range));
                    }
                    typed.filter.terms.push(Term { negated: token.negated, predicate });
                }
                Err(fault) => typed.errors.push(FilterError { range: token.range, fault }),
            }
        }
        typed
    }
}

impl FilterError {
    /// Returns whether the term has a value that a later version may define.
    #[must_use]
    pub fn may_be_later(&self) -> bool {
        const GROWING: [&str; 3] = ["status", "priority", "category"];
        matches!(&self.fault, FilterFault::UnknownValue(value) if GROWING.contains(&value.field))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let PartialFilter { filter, errors, .. } = PartialFilter::parse(text);
        errors.into_iter().next().map_or(Ok(filter), Err)
    }
}

/// One term of an incomplete filter, split but not interpreted.
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

/// Parses a value of an enum that may grow.
fn parse_growing<T: FromStr<Err = UnknownValue>>(
    value: &str,
    unknown: fn(Word) -> T,
    find: FindWord,
) -> Result<T, UnknownValue> {
    value.parse().or_else(|error| find(value).map(unknown).ok_or(error))
}

fn parse_predicate(token: &Token, find: FindWord) -> Result<Predicate, FilterFault> {
    let value = token.value.as_str();
    let Some((key, operator)) = &token.key else {
        if value.trim().is_empty() {
            return Err(FilterFault::Empty);
        }
        let lower = value.to_ascii_lowercase();
        let is_level = |prefix: &str| {
            lower.strip_prefix(prefix).is_some_and(|n| matches!(n, "1" | "2" | "3" | "4"))
        };
        if !token.quoted && (is_level("p") || is_level("sev")) {
            return Ok(Predicate::Priority(lower.parse()?));
        }
        if !fold(value).chars().any(is_word_char) {
            return Err(FilterFault::NothingToFind(value.to_owned()));
        }
        return Ok(Predicate::Text(value.to_owned()));
    };
    let no_value = || FilterFault::NoValue { key: key.clone(), operator: *operator };
    if value.trim().is_empty() {
        return Err(no_value());
    }
    let none = !token.quoted && value.eq_ignore_ascii_case("none");
    match (key.as_str(), operator) {
        ("priority" | "pri", ':') => {
            Ok(Predicate::Priority(parse_growing(value, Priority::Unknown, find)?))
        }
        ("status", ':') => Ok(Predicate::Status(parse_growing(value, Status::Unknown, find)?)),
        ("service" | "svc", ':') => Ok(Predicate::Service((!none).then(|| value.to_owned()))),
        ("primary", ':') => Ok(Predicate::Primary((!none).then(|| value.to_owned()))),
        ("owner" | "assignee", ':') if none => Ok(Predicate::Owner(Owner::Nobody)),
        ("owner" | "assignee", ':') if !token.quoted && value.eq_ignore_ascii_case("me") => {
            Ok(Predicate::Owner(Owner::Me))
        }
        ("owner" | "assignee", ':') => match value.trim_start_matches('@') {
            who if who.trim().is_empty() => Err(no_value()),
            who => Ok(Predicate::Owner(Owner::Person(who.to_owned()))),
        },
        ("team", ':') => Ok(Predicate::Team((!none).then(|| value.to_owned()))),
        ("leading", ':') => Ok(Predicate::Leading((!none).then(|| value.to_owned()))),
        ("cat" | "category", ':') if none => Ok(Predicate::Category(None)),
        ("cat" | "category", ':') => {
            Ok(Predicate::Category(Some(parse_growing(value, Category::Unknown, find)?)))
        }
        ("source", ':') => Ok(Predicate::Source(value.parse().map_err(hyphenated)?)),
        ("sla", ':') => Ok(Predicate::Sla(value.parse()?)),
        ("is", ':') => Ok(Predicate::State(value.parse().map_err(hyphenated)?)),
        ("role", ':') if none => Ok(Predicate::Role(RoleHolder::By(Owner::Nobody))),
        ("role", ':') if !token.quoted && value.eq_ignore_ascii_case("me") => {
            Ok(Predicate::Role(RoleHolder::By(Owner::Me)))
        }
        ("role", ':') => match (value.parse::<Role>(), value.trim_start_matches('@')) {
            (_, who) if who.trim().is_empty() => Err(no_value()),
            (Ok(role), _) => Ok(Predicate::Role(RoleHolder::Anybody(role))),
            (Err(_), who) => Ok(Predicate::Role(RoleHolder::By(Owner::Person(who.to_owned())))),
        },
        ("reporter", ':') => Ok(Predicate::Reporter((!none).then(|| value.to_owned()))),
        ("label" | "tag", ':') => Ok(Predicate::Label((!none).then(|| value.to_owned()))),
        ("missed", ':') => parse_missed(value).map_err(Into::into),
        ("since" | "before" | "on" | "resolved", ':') => parse_dated(key, value),
        ("users", '<' | '>') => {
            let number = value.trim().parse();
            let users = number.map_err(|_| FilterFault::NotANumber(value.to_owned()))?;
            let is_more = *operator == '>';
            Ok(if is_more { Predicate::MoreUsers(users) } else { Predicate::FewerUsers(users) })
        }
        ("age" | "idle" | "changed" | "resolved" | "began" | "took", '<' | '>') => {
            let duration =
                parse_duration(value).ok_or_else(|| FilterFault::NotADuration(value.to_owned()))?;
            Ok(match (key.as_str(), operator) {
                ("age", '>') => Predicate::Older(duration),
                ("age", _) => Predicate::Younger(duration),
                ("changed", '>') => Predicate::ChangedBefore(duration),
                ("changed", _) => Predicate::ChangedWithin(duration),
                ("resolved", '>') => Predicate::ResolvedBefore(duration),
                ("resolved", _) => Predicate::ResolvedWithin(duration),
                ("began", '>') => Predicate::BeganBefore(duration),
                ("began", _) => Predicate::BeganWithin(duration),
                ("took", '>') => Predicate::TookLonger(duration),
                ("took", _) => Predicate::TookLess(duration),
                (_, '>') => Predicate::Idle(duration),
                _ => Predicate::Active(duration),
            })
        }
        ("age" | "idle" | "changed" | "began" | "users" | "took", _) => {
            Err(FilterFault::NotAComparison { key: key.clone() })
        }
        _ => {
            let (key, operator) = (key.clone(), *operator);
            Err(match nearest_key(&key) {
                Some(nearest) => FilterFault::MisspeltKey { key, operator, nearest },
                None => FilterFault::UnknownKey { key, operator },
            })
        }
    }
}

/// Parses a term with a day or a time.
fn parse_dated(key: &str, value: &str) -> Result<Predicate, FilterFault> {
    let date = Date::parse(value).ok_or_else(|| FilterFault::NotADate(value.to_owned()))?;
    match key {
        "since" => Ok(Predicate::Since(date)),
        "before" => Ok(Predicate::Before(date)),
        "on" if date.is_span() => Ok(Predicate::On(date)),
        "resolved" if date.is_span() => Ok(Predicate::ResolvedOn(date)),
        "resolved" if matches!(date, Date::Ago(_)) => {
            Err(FilterFault::NotAComparison { key: key.to_owned() })
        }
        _ => Err(FilterFault::NotADay { key: key.to_owned(), value: value.to_owned() }),
    }
}

/// Parses a missed target, such as `acknowledge`, or `resolve-p1` for that of a priority.
fn parse_missed(value: &str) -> Result<Predicate, UnknownValue> {
    let (target, priority) = match value.rsplit_once('-') {
        Some((target, priority)) => (target, Some(priority.parse::<Priority>()?)),
        None => (value, None),
    };
    Ok(Predicate::Missed(parse_target(target)?, priority))
}

/// Returns the error with its choices as they are typed in a filter, without blanks.
fn hyphenated(error: UnknownValue) -> UnknownValue {
    let choices = error.choices.replace(' ', "-").replace(",-", ", ");
    UnknownValue { choices, ..error }
}

/// Parses a target of service levels.
fn parse_target(value: &str) -> Result<SlaTarget, UnknownValue> {
    match value.to_ascii_lowercase().as_str() {
        "acknowledge" | "ack" => Ok(SlaTarget::Acknowledge),
        "resolve" => Ok(SlaTarget::Resolve),
        _ => Err(UnknownValue::new(value, "service level", &["acknowledge", "resolve"])),
    }
}

/// Returns the key that was probably meant by a misspelt or abbreviated one.
fn nearest_key(key: &str) -> Option<&'static str> {
    const KEYS: [&str; 25] = [
        "status:",
        "service:",
        "owner:",
        "team:",
        "cat:",
        "source:",
        "age>",
        "idle>",
        "sla:",
        "is:",
        "priority:",
        "role:",
        "label:",
        "since:",
        "before:",
        "on:",
        "changed<",
        "resolved<",
        "began<",
        "users>",
        "reporter:",
        "took>",
        "missed:",
        "primary:",
        "leading:",
    ];
    let name = |candidate: &'static str| &candidate[..candidate.len() - 1];
    let found = nearest(key, KEYS.iter().map(|candidate| name(candidate)))?;
    KEYS.into_iter().find(|candidate| name(candidate) == found)
}
