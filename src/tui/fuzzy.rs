//! Fuzzy words: the letters in order, not necessarily side by side.

use std::cell::RefCell;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use unicode_segmentation::UnicodeSegmentation;

thread_local! {
    /// The matcher's memory is large; it is made once.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

/// How well something matches, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Match {
    /// Higher is better.
    pub score: u32,
    /// Places of the matched graphemes, counted from 0, in order.
    pub positions: Vec<usize>,
}

/// Words that are looked for; each must be found.
#[derive(Clone, Debug)]
pub struct FuzzyQuery {
    pattern: Pattern,
    is_empty: bool,
}

impl FuzzyQuery {
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
    pub fn match_text(&self, text: &str) -> Option<Match> {
        if self.is_empty {
            return Some(Match { score: 0, positions: Vec::new() });
        }
        MATCHER.with_borrow_mut(|matcher| {
            let mut buffer = Vec::new();
            let mut at = Vec::new();
            let score = self.pattern.indices(Utf32Str::new(text, &mut buffer), matcher, &mut at)?;
            at.sort_unstable();
            at.dedup();
            Some(Match {
                score,
                positions: at.into_iter().filter_map(|i| usize::try_from(i).ok()).collect(),
            })
        })
    }
}

/// A word that is looked for in running text, where letters far apart mean nothing: it stands there
/// side by side, or its letters begin a word of the text and leave out at most half as many as it
/// has.
#[derive(Clone, Debug)]
pub struct WordMatcher {
    substring: Atom,
    subsequence: Atom,
    letter_count: usize,
    /// In lower case, where it is ASCII.
    ascii: Option<Vec<u8>>,
}

/// A word of fewer letters must stand side by side.
const MIN_SUBSEQUENCE_LETTERS: usize = 3;

impl WordMatcher {
    /// A word to look for, upper and lower case the same.
    #[must_use]
    pub fn new(word: &str) -> Self {
        let atom = |kind| Atom::new(word, CaseMatching::Ignore, Normalization::Smart, kind, false);
        Self {
            substring: atom(AtomKind::Substring),
            subsequence: atom(AtomKind::Fuzzy),
            letter_count: word.chars().count(),
            ascii: word.is_ascii().then(|| word.to_ascii_lowercase().into_bytes()),
        }
    }

    /// Whether a text has it.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        // Nearly all texts are ASCII: thousands of them are looked through at each key.
        if let Some(sought) = self.ascii.as_deref().filter(|_| text.is_ascii()) {
            return self.find(sought, text.as_bytes()).is_some();
        }
        MATCHER.with_borrow_mut(|matcher| {
            let mut buffer = Vec::new();
            self.substring.score(Utf32Str::new(text, &mut buffer), matcher).is_some()
                || self
                    .candidate_words(text)
                    .any(|(_, word)| self.match_subsequence(word, matcher).is_some())
        })
    }

    /// Where it begins in a text, and whether it stands there side by side.
    fn find(&self, sought: &[u8], text: &[u8]) -> Option<(usize, bool)> {
        let Some((first, rest)) = sought.split_first() else { return Some((0, true)) };
        memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text).find_map(|at| {
            let behind = &text[at + 1..];
            if behind.get(..rest.len()).is_some_and(|next| next.eq_ignore_ascii_case(rest)) {
                return Some((at, true));
            }
            let begins = at == 0 || !text[at - 1].is_ascii_alphanumeric();
            let end = (begins && self.letter_count >= MIN_SUBSEQUENCE_LETTERS)
                .then(|| subsequence_end(sought, &text[at..], |_| ()))??;
            self.is_close(0, end).then_some((at, false))
        })
    }

    /// Whether it can be a part of `INC-2041`.
    #[must_use]
    pub fn may_be_number(&self) -> bool {
        let allowed = |byte: &u8| byte.is_ascii_digit() || b"inc-".contains(byte);
        self.ascii.as_deref().is_some_and(|word| word.iter().all(allowed))
    }

    /// The graphemes of a text that are it, counted from 0; none where it is not there.
    #[must_use]
    pub fn matched_graphemes(&self, text: &str) -> Vec<usize> {
        if let Some(sought) = self.ascii.as_deref().filter(|_| text.is_ascii()) {
            let text = text.as_bytes();
            let mut places = Vec::new();
            match self.find(sought, text) {
                Some((at, true)) => places.extend(at..at + sought.len()),
                Some((at, false)) => {
                    subsequence_end(sought, &text[at..], |place| places.push(at + place));
                }
                None => {}
            }
            return places;
        }
        let places = |at: Vec<u32>, from: usize| -> Vec<usize> {
            at.into_iter().filter_map(|i| Some(usize::try_from(i).ok()? + from)).collect()
        };
        MATCHER.with_borrow_mut(|matcher| {
            let (mut buffer, mut at) = (Vec::new(), Vec::new());
            if self.substring.indices(Utf32Str::new(text, &mut buffer), matcher, &mut at).is_some()
            {
                return places(at, 0);
            }
            let found = self
                .candidate_words(text)
                .find_map(|(from, word)| Some((from, self.match_subsequence(word, matcher)?)));
            found.map_or_else(Vec::new, |(from, at)| {
                places(at, text[..from].graphemes(true).count())
            })
        })
    }

    /// The words of a text that it may be spread in, and where they begin.
    fn candidate_words<'a>(&self, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let text = if self.letter_count < MIN_SUBSEQUENCE_LETTERS { "" } else { text };
        let least = self.letter_count;
        text.split(|ch: char| !ch.is_alphanumeric())
            .filter(move |word| word.len() >= least)
            .map(move |word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
    }

    /// Whether letters from a first to a last place are close enough.
    fn is_close(&self, first: usize, last: usize) -> bool {
        first == 0 && last < self.letter_count + self.letter_count / 2
    }

    fn match_subsequence(&self, word: &str, matcher: &mut Matcher) -> Option<Vec<u32>> {
        let (mut buffer, mut at) = (Vec::new(), Vec::new());
        if let Some(sought) = self.ascii.as_deref().filter(|_| word.is_ascii()) {
            let end =
                subsequence_end(sought, word.as_bytes(), |place| at.extend(u32::try_from(place)))?;
            return self.is_close(0, end).then_some(at);
        }
        self.subsequence.indices(Utf32Str::new(word, &mut buffer), matcher, &mut at)?;
        let (first, last) = (*at.iter().min()?, *at.iter().max()?);
        let (first, last) = (usize::try_from(first).ok()?, usize::try_from(last).ok()?);
        self.is_close(first, last).then_some(at)
    }
}

/// The last place of letters that begin the first word of a text and follow in their order, each as early as it can;
/// `seen` is told all places.
fn subsequence_end(sought: &[u8], text: &[u8], mut seen: impl FnMut(usize)) -> Option<usize> {
    let word = text.iter().take_while(|byte| byte.is_ascii_alphanumeric());
    let mut bytes = word.enumerate();
    let mut letters = sought.iter();
    let first = letters.next()?;
    let (mut last, _) = bytes.next().filter(|(_, byte)| byte.to_ascii_lowercase() == *first)?;
    seen(last);
    for letter in letters {
        (last, _) = bytes.find(|(_, byte)| byte.to_ascii_lowercase() == *letter)?;
        seen(last);
    }
    Some(last)
}

/// The texts that match, best first; in their own order where nothing was typed.
#[must_use]
pub fn best_matches<'a>(typed: &str, texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let words = FuzzyQuery::new(typed);
    let mut hits: Vec<(u32, &str)> =
        texts.into_iter().filter_map(|text| Some((words.match_text(text)?.score, text))).collect();
    if !words.is_empty() {
        hits.sort_by_key(|(score, text)| (std::cmp::Reverse(*score), text.len()));
    }
    hits.into_iter().map(|(_, text)| text).collect()
}
