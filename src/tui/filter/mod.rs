//! State of the line in which a filter is typed.

pub mod complete;
pub mod shortcuts;
pub mod update;
pub mod view;

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::model::IncidentId;
use crate::model::filter::{Filter, FilterHint, PartialFilter};
use crate::model::queue::Sort;

/// The number of screen rows of the filter line: the line itself and the status below it.
pub const FILTER_LINE_ROWS: u16 = 2;
/// The maximum length of a filter, in bytes.
const MAX_BYTES: usize = 400;

/// The state of the queue before a filter was typed, restored when typing is cancelled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreviousFilter {
    /// The filter that was active.
    pub filter: Filter,
    /// The view that the filter came from.
    pub view: Option<String>,
    /// The order of the rows.
    pub sort: Sort,
    /// The incident that was selected.
    pub selected: Option<IncidentId>,
    /// The service whose group heading was selected.
    pub selected_head: Option<String>,
}

/// Completions of the term at the cursor.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Completions {
    /// The byte range that a completion replaces.
    pub range: Range<usize>,
    /// The texts that can replace the term.
    pub texts: Vec<String>,
    /// Index of the completion that was inserted.
    pub chosen: Option<usize>,
}

/// The filter line while it is edited.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterLine {
    text: String,
    cursor: usize,
    /// The parsed text: terms that are understood, and errors.
    pub parsed: PartialFilter,
    /// The state to restore when typing is cancelled.
    pub previous: PreviousFilter,
    /// Completions of the term at the cursor.
    pub completions: Completions,
    /// The position in the filter history, and the text that was typed before the history was
    /// browsed.
    pub history_position: Option<(usize, String)>,
}

impl FilterLine {
    /// Creates a line with an initial text, the cursor at its end.
    #[must_use]
    pub fn new(text: String, previous: PreviousFilter) -> Self {
        let mut line = Self {
            text: String::new(),
            cursor: 0,
            parsed: PartialFilter::default(),
            previous,
            completions: Completions::default(),
            history_position: None,
        };
        line.set_text(text);
        line
    }

    /// Returns the filter as typed so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the cursor's offset in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces the text, and moves the cursor to its end.
    pub fn set_text(&mut self, text: String) {
        self.text = text;
        self.cursor = self.text.len();
        self.parse();
    }

    fn parse(&mut self) {
        self.parsed = PartialFilter::parse(&self.text);
    }

    /// Inserts the first line of a text at the cursor, without control characters.
    pub fn insert(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        for ch in line.chars().filter(|ch| !ch.is_control()) {
            if self.text.len() + ch.len_utf8() > MAX_BYTES {
                break;
            }
            self.text.insert(self.cursor, ch);
            self.cursor += ch.len_utf8();
        }
        self.parse();
    }

    /// Replaces a byte range, and moves the cursor behind the replacement.
    pub fn replace(&mut self, range: Range<usize>, with: &str) {
        if self.text.get(range.clone()).is_some() {
            self.text.replace_range(range.clone(), with);
            self.cursor = range.start + with.len();
            self.parse();
        }
    }

    /// Deletes the text between the cursor and an offset.
    fn delete_to(&mut self, offset: usize) {
        let (from, to) = (self.cursor.min(offset), self.cursor.max(offset));
        self.replace(from..to, "");
    }

    /// Deletes the grapheme before the cursor. Returns `false` if the line was empty.
    pub fn backspace(&mut self) -> bool {
        let empty = self.text.is_empty();
        self.delete_to(self.previous_boundary());
        !empty
    }

    /// Deletes the grapheme at the cursor.
    pub fn delete(&mut self) {
        self.delete_to(self.next_boundary());
    }

    /// Deletes the word before the cursor.
    pub fn delete_word(&mut self) {
        self.delete_to(self.word_start());
    }

    /// Deletes everything before the cursor.
    pub fn delete_before(&mut self) {
        self.delete_to(0);
    }

    /// Deletes everything after the cursor.
    pub fn delete_after(&mut self) {
        self.delete_to(self.text.len());
    }

    /// Moves the cursor one grapheme to the left.
    pub fn move_left(&mut self) {
        self.cursor = self.previous_boundary();
    }

    /// Moves the cursor one grapheme to the right.
    pub fn move_right(&mut self) {
        self.cursor = self.next_boundary();
    }

    /// Moves the cursor to the start.
    pub fn move_home(&mut self) {
        self.cursor = 0;
    }

    /// Moves the cursor to the end.
    pub fn move_end(&mut self) {
        self.cursor = self.text.len();
    }

    fn previous_boundary(&self) -> usize {
        let before = self.text[..self.cursor].grapheme_indices(true).next_back();
        before.map_or(0, |(offset, _)| offset)
    }

    fn next_boundary(&self) -> usize {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before
            .rfind(char::is_whitespace)
            .map_or(0, |blank| blank + before[blank..].chars().next().map_or(0, char::len_utf8))
    }

    /// Returns the first error, unless its term is still being typed.
    #[must_use]
    pub fn first_error(&self) -> Option<&crate::model::filter::FilterError> {
        self.parsed.errors.iter().find(|error| !self.is_in_progress(&error.range))
    }

    /// Returns the first hint that is worth showing, unless its word is still being typed. Some are
    /// worth showing only if nothing passes the filter.
    #[must_use]
    pub fn first_hint(&self, is_empty: bool) -> Option<&FilterHint> {
        let is_shown =
            |hint: &&FilterHint| (hint.is_certain || is_empty) && !self.is_in_progress(&hint.range);
        self.parsed.hints.iter().find(is_shown)
    }

    /// Whether a term is at the cursor and can still be completed.
    #[must_use]
    pub fn is_in_progress(&self, range: &Range<usize>) -> bool {
        !self.completions.texts.is_empty() && range.start <= self.cursor && self.cursor <= range.end
    }
}
