//! Words of a filter that were probably meant as terms: `critical` for `priority:critical`.

use std::fmt;
use std::ops::Range;

use super::date::Date;
use super::{Sla, StateFilter};
use crate::model::priority::Priority;
use crate::model::status::{Category, Status};
use crate::model::text::sanitize;

/// A searched word that was probably meant as a term. Displayed as the word and the probable
/// meaning, sanitized.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterHint {
    /// Position of the word in the text, in bytes.
    pub range: Range<usize>,
    /// The word as typed.
    pub word: String,
    /// The term that was probably meant; `None` for a level that does not exist, such as `p5`.
    pub term: Option<String>,
    /// Whether it is almost certainly no word to search for. Other hints are worth showing only if
    /// nothing was found.
    pub is_certain: bool,
}

impl FilterHint {
    /// Returns the question alone.
    #[must_use]
    pub fn question(&self) -> String {
        match &self.term {
            Some(term) => format!("did you mean {term}?"),
            None => "did you mean priority:p4? There are p1 to p4".into(),
        }
    }
}

impl fmt::Display for FilterHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is looked for as a word: {}", sanitize(&self.word), self.question())
    }
}

/// Returns the hint for a word that was probably meant as a term.
pub(super) fn hint_for(word: &str, range: Range<usize>) -> Option<FilterHint> {
    let lower = word.to_lowercase();
    let hint = |term: Option<String>, is_certain: bool| {
        Some(FilterHint { range: range.clone(), word: word.to_owned(), term, is_certain })
    };
    let has_level = |prefix: &str| {
        lower.strip_prefix(prefix).is_some_and(|level| {
            let level = level.trim_start_matches('-');
            (1..=2).contains(&level.len()) && level.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    if !lower.starts_with(|c: char| c.is_ascii_digit()) && lower.parse::<Priority>().is_ok() {
        return hint(Some(format!("priority:{lower}")), lower == "critical");
    }
    if ["p", "sev", "prio", "priority"].iter().any(|prefix| has_level(prefix)) {
        let level = lower.trim_start_matches(|c: char| !c.is_ascii_digit());
        let term = format!("p{level}");
        return hint(term.parse::<Priority>().is_ok().then_some(term), true);
    }
    if matches!(lower.as_str(), "unowned" | "unassigned") {
        return hint(Some("owner:none".into()), false);
    }
    if matches!(lower.as_str(), "me" | "mine") {
        return hint(Some("owner:me".into()), false);
    }
    if let Ok(status) = lower.parse::<Status>() {
        return hint(Some(format!("status:{status}")), false);
    }
    if let Ok(state) = lower.parse::<StateFilter>() {
        return hint(Some(format!("is:{state}").replace(' ', "-")), false);
    }
    if let Ok(sla) = lower.parse::<Sla>() {
        return hint(Some(format!("sla:{sla}")), false);
    }
    match Date::parse(&lower) {
        Some(Date::Today | Date::Yesterday | Date::Weekday(_) | Date::Period(_)) => {
            return hint(Some(format!("since:{lower}")), false);
        }
        Some(Date::Day(_) | Date::Month(_)) => return hint(Some(format!("on:{lower}")), false),
        _ => {}
    }
    let category = lower.parse::<Category>().ok()?;
    hint(Some(format!("cat:{category}")), false)
}

/// The keys of names, which are not checked against any list: one with commas is no error.
const KEYS_OF_NAMES: [&str; 11] = [
    "service", "primary", "svc", "owner", "assignee", "team", "leading", "role", "reporter",
    "label", "tag",
];

/// Returns the hint for several values with commas between them, where each needs a term of its own.
pub(super) fn hint_for_list(
    key: Option<&str>,
    value: &str,
    is_negated: bool,
    range: Range<usize>,
) -> Option<FilterHint> {
    let parts: Vec<&str> = value.split(',').collect();
    let is_list = if let Some(key) = key {
        KEYS_OF_NAMES.contains(&key) && parts.iter().all(|part| !part.is_empty())
    } else {
        let priorities = ["p1", "p2", "p3", "p4"];
        parts.iter().all(|part| priorities.iter().any(|p| part.eq_ignore_ascii_case(p)))
    };
    if parts.len() < 2 || !is_list {
        return None;
    }
    let sign = if is_negated { "-" } else { "" };
    let prefix = key.map_or_else(String::new, |key| format!("{key}:"));
    let terms: Vec<String> = parts.iter().map(|part| format!("{sign}{prefix}{part}")).collect();
    let word = format!("{prefix}{value}");
    Some(FilterHint { range, word, term: Some(terms.join(" ")), is_certain: false })
}
