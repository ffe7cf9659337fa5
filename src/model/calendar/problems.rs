//! Problems in a calendar, and the limits of reading one.

use crate::model::text::truncate;

/// The largest text that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The most shifts of one calendar.
pub const MAX_SHIFTS: usize = 5_000;
/// The most problems that are reported.
const MAX_PROBLEMS: usize = 20;
/// The most characters of a problem.
const MAX_PROBLEM_WIDTH: usize = 200;

/// The reason why a text is no calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CalendarError {
    /// It has no `BEGIN:VCALENDAR`.
    #[error("it is no calendar: the text does not begin with BEGIN:VCALENDAR")]
    NoCalendar,
    /// It is too large.
    #[error("it is larger than {} MiB", MAX_BYTES / 1024 / 1024)]
    TooLarge,
    /// It ends before it is complete.
    #[error("it is not complete: there is no END:VCALENDAR")]
    Incomplete,
}

/// Collects the problems that were found.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<String>);

impl Problems {
    /// Adds a sentence, unless it was added already.
    pub(super) fn add(&mut self, text: &str) {
        let text = truncate(text, MAX_PROBLEM_WIDTH).to_string();
        if self.0.len() < MAX_PROBLEMS && !self.0.contains(&text) {
            self.0.push(text);
        }
    }
}
