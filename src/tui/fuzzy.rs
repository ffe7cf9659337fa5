//! Fuzzy words: the letters in order, not necessarily side by side.

use std::cell::RefCell;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

thread_local! {
    /// The matcher's memory is large; it is made once.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

/// How well something matches, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// Higher is better.
    pub score: u32,
    /// Places of the matched graphemes, counted from 0, in order.
    pub at: Vec<usize>,
}

/// Words that are looked for; each must be found.
#[derive(Clone, Debug)]
pub struct Words {
    pattern: Pattern,
    is_empty: bool,
}

impl Words {
    /// From what was typed: words separated by blanks, upper and lower case the same.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let pattern =
            Pattern::new(typed, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        Self { pattern, is_empty: typed.trim().is_empty() }
    }

    /// Whether nothing is looked for: everything matches then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// How a text matches; `None` where a word is not found.
    #[must_use]
    pub fn hit(&self, text: &str) -> Option<Hit> {
        if self.is_empty {
            return Some(Hit { score: 0, at: Vec::new() });
        }
        MATCHER.with_borrow_mut(|matcher| {
            let mut buffer = Vec::new();
            let mut at = Vec::new();
            let score = self.pattern.indices(Utf32Str::new(text, &mut buffer), matcher, &mut at)?;
            at.sort_unstable();
            at.dedup();
            Some(Hit {
                score,
                at: at.into_iter().filter_map(|i| usize::try_from(i).ok()).collect(),
            })
        })
    }
}

/// The texts that match, best first; in their own order where nothing was typed.
#[must_use]
pub fn best<'a>(typed: &str, texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let words = Words::new(typed);
    let mut hits: Vec<(u32, &str)> =
        texts.into_iter().filter_map(|text| Some((words.hit(text)?.score, text))).collect();
    if !words.is_empty() {
        hits.sort_by_key(|(score, text)| (std::cmp::Reverse(*score), text.len()));
    }
    hits.into_iter().map(|(_, text)| text).collect()
}
