//! The filter of a list screen: words that an item must contain, and terms such as `team:payments`.
//! A `-` before either excludes.

use std::ops::Range;

use crate::model::text::{FoldedText, equals_folded};

use crate::tui::screens::item::ListItem;

/// The value of a term that items without such a term have.
const NONE: &str = "none";
/// The value of a term that means the viewer.
const ME: &str = "me";

/// A filter that was parsed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ItemFilter {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Part {
    negated: bool,
    /// The name of a term; `None` for a word.
    name: Option<&'static str>,
    value: FoldedText<'static>,
}

/// A part of a filter that can't be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterError {
    /// The bytes of its text.
    pub range: Range<usize>,
    /// The error and the accepted form.
    pub message: String,
}

impl ItemFilter {
    /// Parses a filter. `names` are the terms that the screen has; unusable ones are omitted and
    /// reported.
    #[must_use]
    pub fn parse(text: &str, names: &[&'static str]) -> (Self, Vec<FilterError>) {
        let (mut filter, mut errors) = (Self::default(), Vec::new());
        for (start, word) in split(text) {
            let (negated, rest) = match word.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, word),
            };
            if rest.is_empty() {
                continue;
            }
            let mut error = |message: String| {
                errors.push(FilterError { range: start..start + word.len(), message });
            };
            let term = rest.split_once(':').filter(|(name, _)| is_name(name));
            let (name, value) = match term {
                None => (None, rest),
                Some((written, value)) => {
                    let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(written))
                    else {
                        error(format!("there is no {written}: here: {}", listed(names)));
                        continue;
                    };
                    if value.is_empty() {
                        error(format!("{name}: what? Write a value after it"));
                        continue;
                    }
                    (Some(*name), value)
                }
            };
            filter.parts.push(Part { negated, name, value: FoldedText::new(value).into_owned() });
        }
        (filter, errors)
    }

    /// Returns whether an item passes; `me` is the viewer's handle.
    #[must_use]
    pub fn matches(&self, item: &ListItem, me: &str) -> bool {
        self.parts.iter().all(|part| part.holds(item, me) != part.negated)
    }

    /// Returns whether every item passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

impl Part {
    fn holds(&self, item: &ListItem, me: &str) -> bool {
        let Some(name) = self.name else { return self.value.is_in(&item.text) };
        let mut values = item.terms.iter().filter(|(own, _)| *own == name);
        match self.value.as_str() {
            NONE if values.clone().next().is_none() => true,
            ME => values.any(|(_, value)| equals_folded(value, me) || equals_folded(value, ME)),
            _ => values.any(|(_, value)| self.value.is_in(value)),
        }
    }
}

/// Returns the words of a text, with their offsets.
fn split(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (start, word)
    })
}

/// Returns whether a text before a colon is the name of a term: `22:30` and `https://` are words.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !matches!(text, "http" | "https")
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "words only".into(),
        names => names.iter().map(|name| format!("{name}:")).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn item() -> ListItem {
        ListItem {
            text: "Card payments fail · pool of auth-db at 22:30".into(),
            terms: vec![("team", "payments".into()), ("person", "ines".into())],
            ..ListItem::default()
        }
    }

    #[rstest]
    #[case("", true)]
    #[case("PAYMENTS fail", true)]
    #[case("payments missing", false)]
    #[case("22:30", true)]
    #[case("-missing", true)]
    #[case("-pool", false)]
    #[case("team:pay", true)]
    #[case("-team:pay", false)]
    #[case("team:data", false)]
    #[case("person:me", true)]
    #[case("kind:none", true)]
    #[case("team:none", false)]
    #[case("-", true)]
    fn filter_matches_texts_and_terms(#[case] text: &str, #[case] expected: bool) {
        let (filter, errors) = ItemFilter::parse(text, &["team", "person", "kind"]);
        assert_eq!(errors, []);
        assert_eq!(filter.matches(&item(), "ines"), expected);
    }

    #[rstest]
    #[case("pool tema:x", 5..11)]
    #[case("team:", 0..5)]
    #[case("é -nix:1", 3..9)]
    fn wrong_term_is_named_and_ignored(#[case] text: &str, #[case] range: Range<usize>) {
        let (filter, errors) = ItemFilter::parse(text, &["team"]);
        assert_eq!(errors.iter().map(|error| error.range.clone()).collect::<Vec<_>>(), [range]);
        let item = ListItem { text: "pool é".into(), ..ListItem::default() };
        assert!(filter.matches(&item, "ines"));
    }
}
