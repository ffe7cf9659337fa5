//! Fuzzy matching: the letters of a word appear in order, not necessarily adjacent.

use std::cell::RefCell;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::{FoldedText, fold};

thread_local! {
    /// The matcher of this thread. It allocates a lot of memory, so it is created once.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

/// How well a text matches, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Match {
    /// The score; higher is better.
    pub score: u32,
    /// Indices of the matched graphemes, from 0, ascending.
    pub positions: Vec<usize>,
}

/// A query of one or more words, all of which must match.
#[derive(Clone, Debug)]
pub struct FuzzyQuery {
    pattern: Pattern,
    is_empty: bool,
}

impl FuzzyQuery {
    /// Parses a query: words separated by blanks, case-insensitive.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let pattern =
            Pattern::new(typed, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        Self { pattern, is_empty: typed.trim().is_empty() }
    }

    /// Whether the query has no words; everything matches then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Returns how a text matches; `None` if a word does not match.
    #[must_use]
    pub fn match_text(&self, text: &str) -> Option<Match> {
        if self.is_empty {
            return Some(Match { score: 0, positions: Vec::new() });
        }
        MATCHER.with_borrow_mut(|matcher| {
            let mut buffer = Vec::new();
            let mut positions = Vec::new();
            let score =
                self.pattern.indices(Utf32Str::new(text, &mut buffer), matcher, &mut positions)?;
            positions.sort_unstable();
            positions.dedup();
            Some(Match {
                score,
                positions: positions.into_iter().filter_map(|i| usize::try_from(i).ok()).collect(),
            })
        })
    }
}

/// The kinds of matches, the better first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Hit {
    /// Each word is in the text.
    #[default]
    Exact,
    /// A word matches the text only approximately: with other letters in between.
    Similar,
}

/// Matches one word in running text, more strictly than [`FuzzyQuery`]: the text contains the word,
/// or one of the text's words starts with its first letter and has the other letters in order, with
/// at most half as many letters skipped as the word has.
#[derive(Clone, Debug)]
pub struct WordMatcher {
    folded: FoldedText<'static>,
    subsequence: Atom,
    letter_count: usize,
    /// The word in lower case, if it is ASCII.
    ascii: Option<Vec<u8>>,
}

/// Words with fewer letters match only as a substring.
const MIN_SUBSEQUENCE_LETTERS: usize = 3;

impl WordMatcher {
    /// Creates a case-insensitive matcher for a word.
    #[must_use]
    pub fn new(word: &str) -> Self {
        let (case, normalization) = (CaseMatching::Ignore, Normalization::Smart);
        Self {
            folded: FoldedText::new(word).into_owned(),
            subsequence: Atom::new(word, case, normalization, AtomKind::Fuzzy, false),
            letter_count: word.chars().count(),
            ascii: word.is_ascii().then(|| word.to_ascii_lowercase().into_bytes()),
        }
    }

    /// Returns the word in the form in which it is compared with texts.
    #[must_use]
    pub fn folded(&self) -> &FoldedText<'static> {
        &self.folded
    }

    /// Whether a text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.hit(text).is_some()
    }

    /// Returns how a text matches; `None` if it does not.
    #[must_use]
    pub fn hit(&self, text: &str) -> Option<Hit> {
        // Nearly all texts are ASCII, and thousands of them are searched at each key press.
        if let Some(needle) = self.ascii.as_deref().filter(|_| text.is_ascii()) {
            return self.find(needle, text.as_bytes()).map(|(_, hit)| hit);
        }
        if self.folded.is_in(text) {
            return Some(Hit::Exact);
        }
        let is_similar = MATCHER.with_borrow_mut(|matcher| {
            self.candidate_tokens(text)
                .any(|(_, word)| self.match_subsequence(word, matcher).is_some())
        });
        is_similar.then_some(Hit::Similar)
    }

    /// Finds the start of the best match in an ASCII text.
    fn find(&self, needle: &[u8], text: &[u8]) -> Option<(usize, Hit)> {
        let Some((first, rest)) = needle.split_first() else { return Some((0, Hit::Exact)) };
        let mut similar = None;
        for at in memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text) {
            let rest_of_text = &text[at + 1..];
            if rest_of_text.get(..rest.len()).is_some_and(|next| next.eq_ignore_ascii_case(rest)) {
                return Some((at, Hit::Exact));
            }
            let starts_word = at == 0 || !text[at - 1].is_ascii_alphanumeric();
            if similar.is_none() && starts_word && self.letter_count >= MIN_SUBSEQUENCE_LETTERS {
                let end = subsequence_end(needle, &text[at..], |_| ());
                similar = end.filter(|end| self.is_close(0, *end)).map(|_| (at, Hit::Similar));
            }
        }
        similar
    }

    /// Returns the indices of the matched graphemes, from 0; empty without a match.
    #[must_use]
    pub fn matched_graphemes(&self, text: &str) -> Vec<usize> {
        if let Some(needle) = self.ascii.as_deref().filter(|_| text.is_ascii()) {
            let text = text.as_bytes();
            let mut positions = Vec::new();
            match self.find(needle, text) {
                Some((at, Hit::Exact)) => positions.extend(at..at + needle.len()),
                Some((at, Hit::Similar)) => {
                    subsequence_end(needle, &text[at..], |index| positions.push(at + index));
                }
                None => {}
            }
            return positions;
        }
        let positions = |at: Vec<u32>, from: usize| -> Vec<usize> {
            at.into_iter().filter_map(|i| Some(usize::try_from(i).ok()? + from)).collect()
        };
        if self.folded.is_in(text) {
            return self.folded_graphemes(text);
        }
        MATCHER.with_borrow_mut(|matcher| {
            let found = self
                .candidate_tokens(text)
                .find_map(|(from, word)| Some((from, self.match_subsequence(word, matcher)?)));
            found.map_or_else(Vec::new, |(from, at)| {
                positions(at, text[..from].graphemes(true).count())
            })
        })
    }

    /// Returns the indices of the graphemes whose folded forms contain the word.
    fn folded_graphemes(&self, text: &str) -> Vec<usize> {
        let (mut folded, mut ends) = (String::new(), Vec::new());
        for grapheme in text.graphemes(true) {
            folded.push_str(&fold(grapheme));
            ends.push(folded.len());
        }
        let word = self.folded.as_str();
        let start = folded.find(word).unwrap_or(0);
        let first = ends.partition_point(|end| *end <= start);
        let last = ends.partition_point(|end| *end < start + word.len());
        (first..ends.len().min(last + 1)).collect()
    }

    /// Returns the words of a text that are long enough for a subsequence match, with their offsets
    /// in bytes.
    fn candidate_tokens<'a>(&self, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let text = if self.letter_count < MIN_SUBSEQUENCE_LETTERS { "" } else { text };
        let min_length = self.letter_count;
        text.split(|ch: char| !ch.is_alphanumeric())
            .filter(move |word| word.len() >= min_length)
            .map(move |word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
    }

    /// Whether a subsequence from index `first` to `last` of a word is compact enough.
    fn is_close(&self, first: usize, last: usize) -> bool {
        first == 0 && last < self.letter_count + self.letter_count / 2
    }

    fn match_subsequence(&self, word: &str, matcher: &mut Matcher) -> Option<Vec<u32>> {
        let (mut buffer, mut at) = (Vec::new(), Vec::new());
        if let Some(needle) = self.ascii.as_deref().filter(|_| word.is_ascii()) {
            let end =
                subsequence_end(needle, word.as_bytes(), |index| at.extend(u32::try_from(index)))?;
            return self.is_close(0, end).then_some(at);
        }
        self.subsequence.indices(Utf32Str::new(word, &mut buffer), matcher, &mut at)?;
        let (first, last) = (*at.iter().min()?, *at.iter().max()?);
        let (first, last) = (usize::try_from(first).ok()?, usize::try_from(last).ok()?);
        self.is_close(first, last).then_some(at)
    }
}

/// Matches `needle` as a subsequence of the first word of `text`, starting at its first letter and
/// taking each next letter as early as possible. Calls `on_match` with the index of each matched
/// letter, and returns the last index.
fn subsequence_end(needle: &[u8], text: &[u8], mut on_match: impl FnMut(usize)) -> Option<usize> {
    let word = text.iter().take_while(|byte| byte.is_ascii_alphanumeric());
    let mut bytes = word.enumerate();
    let mut letters = needle.iter();
    let first = letters.next()?;
    let (mut last, _) = bytes.next().filter(|(_, byte)| byte.to_ascii_lowercase() == *first)?;
    on_match(last);
    for letter in letters {
        (last, _) = bytes.find(|(_, byte)| byte.to_ascii_lowercase() == *letter)?;
        on_match(last);
    }
    Some(last)
}

/// Returns the texts that match, best first; in their own order where the query is empty.
#[must_use]
pub fn best_matches<'a>(input: &str, texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let query = FuzzyQuery::new(input);
    let mut hits: Vec<(u32, &str)> =
        texts.into_iter().filter_map(|text| Some((query.match_text(text)?.score, text))).collect();
    if !query.is_empty() {
        hits.sort_by_key(|(score, text)| (std::cmp::Reverse(*score), text.len()));
    }
    hits.into_iter().map(|(_, text)| text).collect()
}
