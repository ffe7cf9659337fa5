//! Matching of typed text with the lines of the palette. A hit in a name comes before any in a
//! description.

use crate::model::text::FoldedText;

use crate::tui::action::Entry;
use crate::tui::input::fuzzy::{FuzzyQuery, Hit, WordMatcher};

/// How well a line matches, best first. Disabled actions come after enabled ones of the same kind:
/// `Enter` must never do something other than the typed action.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum MatchKind {
    /// The name equals the typed text.
    Name,
    /// A synonym equals the typed text.
    Synonym,
    /// The name begins with it.
    NamePrefix,
    /// A synonym begins with it.
    SynonymPrefix,
    /// All words are in the name.
    InName,
    /// All words are in a synonym.
    InSynonym,
    /// The letters of all words are in the name, with others in between.
    SimilarName,
    /// All words begin words of the name or of the description.
    InDescription,
}

/// A line that matches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LineMatch {
    pub kind: MatchKind,
    /// Indices of the matched graphemes in the name and in the description.
    pub marks: Vec<usize>,
    pub about_marks: Vec<usize>,
    /// The synonym that matches, if the name does not.
    pub synonym: Option<&'static str>,
    /// Which of several lines of a kind is better; higher is.
    pub score: u32,
}

/// The typed words.
#[derive(Clone, Debug)]
pub(super) struct Query {
    typed: String,
    matchers: Vec<WordMatcher>,
    fuzzy: FuzzyQuery,
}

impl Query {
    pub(super) fn new(typed: &str) -> Self {
        Self {
            typed: typed.trim().to_lowercase(),
            matchers: typed.split_whitespace().map(WordMatcher::new).collect(),
            fuzzy: FuzzyQuery::new(typed),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }

    /// Returns how an action matches.
    pub(super) fn match_entry(&self, entry: &'static Entry) -> Option<LineMatch> {
        let begins = |name: &str| name.starts_with(&self.typed);
        let synonym =
            |is: &dyn Fn(&str) -> bool| entry.aliases.iter().copied().find(|name| is(name));
        let (kind, synonym) = if self.is_empty() || entry.name == self.typed {
            (MatchKind::Name, None)
        } else if let Some(name) = synonym(&|name| name == self.typed) {
            (MatchKind::Synonym, Some(name))
        } else if begins(entry.name) {
            (MatchKind::NamePrefix, None)
        } else if let Some(name) = synonym(&begins) {
            (MatchKind::SynonymPrefix, Some(name))
        } else if self.are_all(Hit::Exact, entry.name) {
            (MatchKind::InName, None)
        } else if let Some(name) = synonym(&|name| self.are_all(Hit::Exact, name)) {
            (MatchKind::InSynonym, Some(name))
        } else if self.are_all(Hit::Similar, entry.name) {
            (MatchKind::SimilarName, None)
        } else {
            return self.match_description(entry.name, entry.help);
        };
        let marks = if synonym.is_none() { self.marks(entry.name) } else { Vec::new() };
        Some(LineMatch { kind, marks, about_marks: Vec::new(), synonym, score: 0 })
    }

    /// Returns how another line matches: in its name also with letters in between.
    pub(super) fn match_line(&self, name: &str, about: &str) -> Option<LineMatch> {
        if let Some(hit) = self.fuzzy.match_text(name) {
            let kind = if self.are_all(Hit::Exact, name) {
                MatchKind::InName
            } else {
                MatchKind::SimilarName
            };
            let (marks, about_marks) = (hit.positions, Vec::new());
            return Some(LineMatch { kind, marks, about_marks, synonym: None, score: hit.score });
        }
        self.match_description(name, about)
    }

    fn match_description(&self, name: &str, about: &str) -> Option<LineMatch> {
        let begins_word = |word: &WordMatcher| {
            let folded: &FoldedText<'_> = word.folded();
            folded.begins_word_in(name) || folded.begins_word_in(about)
        };
        let is_match = self.matchers.iter().all(begins_word);
        is_match.then(|| LineMatch {
            kind: MatchKind::InDescription,
            marks: self.marks(name),
            about_marks: self.marks(about),
            synonym: None,
            score: 0,
        })
    }

    /// Returns whether every word is in a text, at least as well as `hit`.
    fn are_all(&self, hit: Hit, text: &str) -> bool {
        self.matchers.iter().all(|word| word.hit(text).is_some_and(|found| found <= hit))
    }

    /// Returns the graphemes of a text that the words match.
    fn marks(&self, text: &str) -> Vec<usize> {
        let mut marks: Vec<usize> =
            self.matchers.iter().flat_map(|word| word.matched_graphemes(text)).collect();
        marks.sort_unstable();
        marks.dedup();
        marks
    }
}
