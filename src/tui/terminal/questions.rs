//! The queries to a terminal at the start: its background, and how wide it draws characters of
//! ambiguous width.

use crate::tui::terminal::input::Report;
use crate::tui::theme::{Background, Depth};

/// Queries the background (OSC 11).
const BACKGROUND: &[u8] = b"\x1b]11;?\x1b\\";

/// Draws two characters of ambiguous width in the second row, queries the position of the cursor
/// after them (DSR), and erases the row. The answer can't be a key: those name the first row.
const WIDTH: &[u8] = "\x1b[2H─●\x1b[6n\x1b[2K\x1b[H".as_bytes();

/// An answer of the terminal about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Its background.
    Background(Background),
    /// It draws characters of ambiguous width two cells wide.
    WideAmbiguous,
    /// Whether the link to it is so slow that each byte matters.
    SlowLink(bool),
}

/// The questions whose answers are expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Questions {
    background: bool,
    width: bool,
}

impl Questions {
    /// Chooses the queries for a terminal of that name. The Linux console gets none: older ones
    /// show the query as text, and the answers are known.
    #[must_use]
    pub fn choose(term: &str, depth: Depth, only_ascii: bool) -> Self {
        let answers = term != "linux";
        Self { background: answers && depth != Depth::None, width: answers && !only_ascii }
    }

    /// Returns the questions as they are sent.
    #[must_use]
    pub fn sequence(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.width {
            bytes.extend_from_slice(WIDTH);
        }
        if self.background {
            bytes.extend_from_slice(BACKGROUND);
        }
        bytes
    }

    /// Returns the content of a report, if it answers a query. Each query is answered once.
    pub fn answer(&mut self, report: Report) -> Option<Finding> {
        match report {
            Report::Background(background) if std::mem::take(&mut self.background) => {
                Some(Finding::Background(background))
            }
            Report::Cursor(2, column @ 3..=5) if std::mem::take(&mut self.width) => {
                (column > 3).then_some(Finding::WideAmbiguous)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_is_answered_once() {
        let mut questions = Questions::choose("xterm-256color", Depth::Indexed, false);
        let light = Report::Background(Background::Light);
        assert_eq!(questions.answer(Report::Cursor(12, 40)), None);
        assert_eq!(questions.answer(Report::Cursor(2, 5)), Some(Finding::WideAmbiguous));
        assert_eq!(questions.answer(Report::Cursor(2, 5)), None);
        assert_eq!(questions.answer(light), Some(Finding::Background(Background::Light)));
        assert_eq!(questions.answer(light), None);
        assert_eq!(questions.answer(Report::Ready), None);
    }

    #[test]
    fn nothing_useless_is_requested() {
        let sequence = |term, depth, ascii| Questions::choose(term, depth, ascii).sequence().len();
        assert_eq!(sequence("linux", Depth::Basic, false), 0);
        assert_eq!(sequence("vt220", Depth::None, true), 0);
        assert_eq!(sequence("xterm", Depth::Basic, true), BACKGROUND.len());
    }
}
