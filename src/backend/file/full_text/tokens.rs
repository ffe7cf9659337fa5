//! The words of an incident's texts in the full-text index.
//!
//! A text is folded and split at everything that is no letter and no digit:
//! - In scripts with spaces between words, each word is indexed. A word of more than 64 characters
//!   is indexed as overlapping chunks, so that any part of up to 32 characters is in one of them.
//! - In scripts without spaces, each pair of neighbouring characters is indexed (and an isolated
//!   character): a part of two characters is found directly, a longer one by its pairs.
//!
//! So a part of a text is found by the indexed words that contain it; see [`super::query`].

use std::collections::BTreeSet;

use crate::model::searched_texts::SearchedTexts;
use crate::model::text::{fold, is_continuous, is_word_char};
use crate::model::{IncidentNumber, Summary};

/// The length in characters of the chunks in which longer words are indexed.
const CHUNK_CHARS: usize = 64;
/// The distance in characters between the starts of two chunks. So it is also the length up to
/// which any part of a word is in one chunk.
pub(super) const MAX_PART_CHARS: usize = CHUNK_CHARS / 2;

/// A part of a folded text whose characters are indexed in the same way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Segment<'a> {
    /// A word of a script with spaces between words.
    Word(&'a str),
    /// Characters of a script without spaces between words.
    Run(&'a str),
}

/// Splits a folded text into its segments, each with its position in bytes.
pub(super) fn segments(folded: &str) -> impl Iterator<Item = (usize, Segment<'_>)> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let rest = &folded[position..];
        let start = position + rest.find(is_word_char)?;
        let rest = &folded[start..];
        let is_run = rest.chars().next().is_some_and(is_continuous);
        let length = rest
            .find(|c: char| !is_word_char(c) || is_continuous(c) != is_run)
            .unwrap_or(rest.len());
        position = start + length;
        let text = &rest[..length];
        Some((start, if is_run { Segment::Run(text) } else { Segment::Word(text) }))
    })
}

/// Returns the pairs of neighbouring characters of a run, or its only character.
pub(super) fn pairs(run: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> =
        run.char_indices().map(|(start, _)| start).chain([run.len()]).collect();
    let count = starts.len().saturating_sub(2).max(1);
    (0..count).map(move |index| {
        let end = starts.get(index + 2).copied().unwrap_or(run.len());
        &run[starts[index]..end]
    })
}

/// The distinct words by which an incident is found.
#[derive(Default)]
pub(in crate::backend::file) struct WordSet {
    tokens: BTreeSet<String>,
    number: Option<IncidentNumber>,
}

impl WordSet {
    /// Collects the words of an incident: of its row, and of the other texts of its timeline.
    pub(in crate::backend::file) fn new(row: &Summary, texts: &SearchedTexts) -> Self {
        let mut set = Self { tokens: BTreeSet::new(), number: row.number };
        set.add(&row.title);
        let person = row.assignee.iter().flat_map(|person| [&person.handle, &person.name]);
        for name in row.services.iter().chain(&row.team).chain(person) {
            set.add(name);
        }
        for text in texts.iter() {
            set.add(text);
        }
        set
    }

    /// Collects the words of a text.
    pub(in crate::backend::file) fn of_text(text: &str) -> Self {
        let mut set = Self::default();
        set.add(text);
        set
    }

    /// Returns whether a folded word is among the words.
    pub(in crate::backend::file) fn contains(&self, word: &str) -> bool {
        self.tokens.contains(word)
    }

    fn add(&mut self, text: &str) {
        for (_, segment) in segments(&fold(text)) {
            match segment {
                Segment::Word(word) if word.len() <= CHUNK_CHARS => self.add_word(word),
                Segment::Word(word) => self.add_chunks(word),
                Segment::Run(run) => pairs(run).for_each(|pair| self.add_word(pair)),
            }
        }
    }

    fn add_word(&mut self, word: &str) {
        if !self.tokens.contains(word) {
            self.tokens.insert(word.to_owned());
        }
    }

    fn add_chunks(&mut self, word: &str) {
        let chars: Vec<char> = word.chars().collect();
        let mut start = 0;
        loop {
            let end = chars.len().min(start + CHUNK_CHARS);
            self.tokens.insert(chars[start..end].iter().collect());
            if end == chars.len() {
                return;
            }
            start += MAX_PART_CHARS;
        }
    }

    /// Returns the text that is indexed: the words, and the digits of the number.
    pub(in crate::backend::file) fn document(&self) -> String {
        let mut document = self.number.map_or_else(String::new, |number| number.0.to_string());
        for word in &self.tokens {
            document.push(' ');
            document.push_str(word);
        }
        document
    }

    /// Returns the words for the table `vocabulary`: all but the number, which follows from the
    /// table `incident`.
    pub(in crate::backend::file) fn vocabulary(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str)
    }

    /// Returns the words for the table `vocabulary`, as [`WordSet::vocabulary`] does.
    pub(super) fn into_vocabulary(self) -> BTreeSet<String> {
        self.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens_of(text: &str) -> String {
        let mut set = WordSet::default();
        set.add(text);
        set.vocabulary().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn texts_are_split_by_their_script() {
        assert_eq!(tokens_of("Card payments (E-4711) fail"), "4711 card e fail payments");
        assert_eq!(tokens_of("カード決済が失敗"), "が失 カー ド決 ード 失敗 決済 済が");
        assert_eq!(tokens_of("E500エラー"), "e500 エラ ラー");
        assert_eq!(tokens_of("決"), "決");
        assert_eq!(tokens_of("한국 서버"), "서버 한국");
        assert_eq!(tokens_of("..."), "");
    }

    #[test]
    fn every_part_of_a_long_word_is_in_one_chunk() {
        let long: String = (0..150).map(|n| char::from(b'a' + n % 23)).collect();
        let mut set = WordSet::default();
        set.add(&long);
        for start in 0..=long.len() - MAX_PART_CHARS {
            let part = &long[start..start + MAX_PART_CHARS];
            assert!(set.vocabulary().any(|chunk| chunk.contains(part)), "{start}");
        }
        let tail = &long[long.len() - MAX_PART_CHARS..];
        assert!(set.vocabulary().any(|chunk| chunk.ends_with(tail)));
    }
}
