//! The line in which a filter is typed.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::model::IncidentId;
use crate::model::filter::{Filter, PartialFilter};
use crate::model::queue::Sort;

/// Rows of the screen that it takes: the line, and what is said about it.
pub const FILTER_LINE_ROWS: u16 = 2;
/// The most bytes of a filter.
const MAX_BYTES: usize = 400;

/// What was in force before something else was typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreviousFilter {
    /// The filter.
    pub filter: Filter,
    /// The view it came from.
    pub view: Option<String>,
    /// The order.
    pub sort: Sort,
    /// The selected incident.
    pub selected: Option<IncidentId>,
    /// The service whose head was selected.
    pub selected_head: Option<String>,
}

/// What the piece at the cursor may become.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Completions {
    /// The part that is replaced.
    pub range: Range<usize>,
    /// What with.
    pub texts: Vec<String>,
    /// The one that was put in.
    pub chosen: Option<usize>,
}

/// The line as far as it is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterLine {
    text: String,
    cursor: usize,
    /// What of it is understood.
    pub parsed: PartialFilter,
    /// What is restored when it is given up.
    pub previous: PreviousFilter,
    /// What the piece at the cursor may become.
    pub completions: Completions,
    /// The place among the filters used before, and what was typed before one was looked for.
    pub history_position: Option<(usize, String)>,
}

impl FilterLine {
    /// A line that goes on from a text.
    #[must_use]
    pub fn new(text: String, before: PreviousFilter) -> Self {
        let mut line = Self {
            text: String::new(),
            cursor: 0,
            parsed: PartialFilter::default(),
            previous: before,
            completions: Completions::default(),
            history_position: None,
        };
        line.set_text(text);
        line
    }

    /// What is typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of the cursor, in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Puts another text in its place, the cursor at its end.
    pub fn set_text(&mut self, text: String) {
        self.text = text;
        self.cursor = self.text.len();
        self.parse();
    }

    fn parse(&mut self) {
        self.parsed = PartialFilter::parse(&self.text);
    }

    /// Writes at the cursor; what can't be shown in a line is left out.
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

    /// Puts a text in place of a part, the cursor behind it.
    pub fn replace(&mut self, at: Range<usize>, with: &str) {
        if self.text.get(at.clone()).is_some() {
            self.text.replace_range(at.clone(), with);
            self.cursor = at.start + with.len();
            self.parse();
        }
    }

    /// Takes out from the cursor to another place.
    fn delete_to(&mut self, place: usize) {
        let (from, to) = (self.cursor.min(place), self.cursor.max(place));
        self.replace(from..to, "");
    }

    /// Takes out what stands before the cursor. `false` where nothing is typed.
    pub fn backspace(&mut self) -> bool {
        let empty = self.text.is_empty();
        self.delete_to(self.previous_boundary());
        !empty
    }

    /// Takes out what stands at the cursor.
    pub fn delete(&mut self) {
        self.delete_to(self.next_boundary());
    }

    /// Takes out the word before the cursor.
    pub fn delete_word(&mut self) {
        self.delete_to(self.word_start());
    }

    /// Takes out all before the cursor.
    pub fn delete_before(&mut self) {
        self.delete_to(0);
    }

    /// Takes out all behind the cursor.
    pub fn delete_after(&mut self) {
        self.delete_to(self.text.len());
    }

    /// The cursor goes one to the left.
    pub fn move_left(&mut self) {
        self.cursor = self.previous_boundary();
    }

    /// The cursor goes one to the right.
    pub fn move_right(&mut self) {
        self.cursor = self.next_boundary();
    }

    /// The cursor goes to the begin.
    pub fn move_home(&mut self) {
        self.cursor = 0;
    }

    /// The cursor goes to the end.
    pub fn move_end(&mut self) {
        self.cursor = self.text.len();
    }

    fn previous_boundary(&self) -> usize {
        let before = self.text[..self.cursor].grapheme_indices(true).next_back();
        before.map_or(0, |(place, _)| place)
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

    /// The first term that is not understood, unless it is still being typed.
    #[must_use]
    pub fn first_error(&self) -> Option<&crate::model::filter::FilterError> {
        self.parsed.errors.iter().find(|wrong| !self.is_in_progress(&wrong.range))
    }

    /// Whether a part is the one at the cursor and may still become something.
    #[must_use]
    pub fn is_in_progress(&self, at: &Range<usize>) -> bool {
        !self.completions.texts.is_empty() && at.start <= self.cursor && self.cursor <= at.end
    }
}
