//! What a command has written, as far as it is kept: lines, wrapped for the screen as they come.

use std::collections::VecDeque;

use crate::model::text::{lines, wrap};

/// The most bytes that are kept; the oldest lines go first.
pub const MAX_OUTPUT_BYTES: usize = 1024 * 1024;
/// A line that is longer is broken.
const MAX_LINE_BYTES: usize = 4096;
/// What a line takes besides its bytes: blank ones are not free either.
const LINE_OVERHEAD: usize = 32;

/// Which pipe something came through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pipe {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Lines as they were written, without escape sequences.
#[derive(Clone, Debug, Default)]
pub struct CapturedOutput {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: usize,
    /// The pipe that writes the last line, while it goes on.
    open_pipe: Option<Pipe>,
    /// What comes next replaces the last line.
    carriage_returned: bool,
    width: usize,
    /// The lines as they are shown.
    rows: VecDeque<String>,
    /// How many rows each of the lines takes, as far as they are wrapped.
    row_counts: VecDeque<usize>,
}

impl CapturedOutput {
    /// Takes in what a pipe gave; gives back how many of the first rows are not kept any more.
    pub fn push(&mut self, pipe: Pipe, text: &str) -> usize {
        let mut gone = 0;
        for part in text.split_inclusive(['\n', '\r']) {
            let end = part.chars().last().filter(|ch| matches!(ch, '\n' | '\r'));
            self.write(pipe, part.trim_end_matches(['\n', '\r']));
            match end {
                Some('\n') => {
                    // A line without a letter is a line too.
                    if self.open_pipe != Some(pipe) {
                        self.begin(pipe);
                    }
                    self.open_pipe = None;
                    self.carriage_returned = false;
                }
                Some(_) => self.carriage_returned = self.open_pipe == Some(pipe),
                None => {}
            }
        }
        while self.bytes > MAX_OUTPUT_BYTES && self.lines.len() > 1 {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len() + LINE_OVERHEAD);
            self.dropped += 1;
            let rows = self.row_counts.pop_front().unwrap_or(0);
            self.rows.drain(..rows);
            gone += rows;
        }
        gone
    }

    fn write(&mut self, pipe: Pipe, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.open_pipe != Some(pipe) {
            self.begin(pipe);
        }
        if std::mem::take(&mut self.carriage_returned)
            && let Some(last) = self.lines.back_mut()
        {
            self.bytes -= last.len();
            last.clear();
        }
        // It is wrapped anew.
        if self.row_counts.len() == self.lines.len() {
            let rows = self.row_counts.pop_back().unwrap_or(0);
            self.rows.truncate(self.rows.len() - rows);
        }
        let mut rest = text;
        loop {
            let Some(last) = self.lines.back_mut() else { return };
            let room = MAX_LINE_BYTES.saturating_sub(last.len());
            let (now, later) = rest.split_at(rest.floor_char_boundary(room));
            last.push_str(now);
            self.bytes += now.len();
            rest = later;
            if rest.is_empty() {
                break;
            }
            self.begin(pipe);
        }
    }

    fn begin(&mut self, pipe: Pipe) {
        self.lines.push_back(String::new());
        self.bytes += LINE_OVERHEAD;
        self.open_pipe = Some(pipe);
        self.carriage_returned = false;
    }

    /// Wraps what has come for a screen of so many columns.
    pub fn wrap_to(&mut self, width: usize) {
        if self.width != width {
            self.width = width;
            self.rows.clear();
            self.row_counts.clear();
        }
        for line in self.lines.iter().skip(self.row_counts.len()) {
            let before = self.rows.len();
            for safe in lines(line) {
                self.rows.extend(wrap(&safe, width));
            }
            self.row_counts.push_back(self.rows.len() - before);
        }
    }

    /// Rows as they are shown, as of the last time they were wrapped.
    #[must_use]
    pub fn rows(&self) -> &VecDeque<String> {
        &self.rows
    }

    /// Lines that are not kept any more.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The last so many lines, safe to show, and whether there are more.
    #[must_use]
    pub fn tail(&self, count: usize) -> (Vec<String>, bool) {
        let blank = |line: &&String| line.trim().is_empty();
        let end = self.lines.len() - self.lines.iter().rev().take_while(blank).count();
        let from = end.saturating_sub(count);
        let tail = self.lines.range(from..end).flat_map(|line| lines(line));
        (tail.map(std::borrow::Cow::into_owned).collect(), from > 0 || self.dropped > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(parts: &[(Pipe, &str)]) -> Vec<String> {
        let mut output = CapturedOutput::default();
        for (pipe, text) in parts {
            output.push(*pipe, text);
        }
        output.wrap_to(80);
        output.rows().iter().cloned().collect()
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let parts = [(Pipe::Stdout, "on"), (Pipe::Stdout, "e\n\ntw"), (Pipe::Stdout, "o")];
        assert_eq!(kept(&parts), ["one", "", "two"]);
    }

    #[test]
    fn two_pipes_do_not_share_a_line() {
        let parts = [(Pipe::Stdout, "half"), (Pipe::Stderr, "oh\n"), (Pipe::Stdout, " a line\n")];
        assert_eq!(kept(&parts), ["half", "oh", " a line"]);
    }

    #[test]
    fn a_carriage_return_writes_over_the_line() {
        let parts = [(Pipe::Stdout, "10 %\r20 %\r"), (Pipe::Stdout, "30 %\r\nnext\r\n")];
        assert_eq!(kept(&parts), ["30 %", "next"]);
    }

    #[test]
    fn the_oldest_lines_go_where_there_is_too_much() {
        let mut output = CapturedOutput::default();
        for number in 0..300_000 {
            output.push(Pipe::Stdout, &format!("line {number}\n"));
        }
        output.wrap_to(40);
        assert!(output.bytes <= MAX_OUTPUT_BYTES);
        assert_eq!(output.dropped() + output.lines.len(), 300_000);
        assert_eq!(output.rows().back().map(String::as_str), Some("line 299999"));
        assert_eq!(output.rows().len(), output.lines.len());
    }

    #[test]
    fn the_tail_says_whether_there_was_more() {
        let mut output = CapturedOutput::default();
        output.push(Pipe::Stdout, "a\nb\u{7}\nc\n\n");
        assert_eq!(output.tail(2), (vec!["b␇".to_owned(), "c".to_owned()], true));
        assert!(!output.tail(9).1);
    }

    proptest! {
        #[test]
        fn it_is_wrapped_the_same_whether_at_once_or_as_it_comes(
            parts in prop::collection::vec(("[a-zé \\n\\r]{0,30}", any::<bool>()), 0..20),
            width in 1_usize..20,
        ) {
            let mut together = CapturedOutput::default();
            let mut apart = CapturedOutput::default();
            for (text, out) in &parts {
                let pipe = if *out { Pipe::Stdout } else { Pipe::Stderr };
                together.push(pipe, text);
                apart.push(pipe, text);
                apart.wrap_to(width);
            }
            together.wrap_to(width);
            prop_assert_eq!(together.rows(), apart.rows());
        }
    }
}
