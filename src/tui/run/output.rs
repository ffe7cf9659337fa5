//! Captured output of a program: a bounded number of lines, wrapped for the screen as they arrive.

use std::collections::VecDeque;

use crate::model::text::{SafeText, lines, wrap};

/// The maximum size of the captured output; the oldest lines are dropped first.
pub const MAX_OUTPUT_BYTES: usize = 1024 * 1024;
/// The maximum length of a line, in bytes; longer ones are split.
const MAX_LINE_BYTES: usize = 4096;
/// Bytes that are counted for a line in addition to its text, so that blank lines are bounded too.
const LINE_OVERHEAD: usize = 32;

/// The pipe that a program wrote to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pipe {
    /// The program's standard output.
    Stdout,
    /// The program's standard error.
    Stderr,
}

/// The captured lines, and the same lines wrapped for a screen.
#[derive(Clone, Debug, Default)]
pub struct CapturedOutput {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: usize,
    /// The pipe that wrote the last line, while that line has no end yet.
    open_pipe: Option<Pipe>,
    /// Whether the last line ended in a carriage return: the next text replaces it.
    carriage_returned: bool,
    width: usize,
    /// The lines as shown, wrapped at `width` columns.
    rows: VecDeque<SafeText<'static>>,
    /// For each line that is wrapped already, its number of rows.
    row_counts: VecDeque<usize>,
}

impl CapturedOutput {
    /// Appends text from a pipe. Returns how many of the first rows were dropped.
    pub fn push(&mut self, pipe: Pipe, text: &str) -> usize {
        let mut dropped_rows = 0;
        for part in text.split_inclusive(['\n', '\r']) {
            let end = part.chars().last().filter(|ch| matches!(ch, '\n' | '\r'));
            self.write(pipe, part.trim_end_matches(['\n', '\r']));
            match end {
                Some('\n') => {
                    // An empty line counts as a line.
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
            dropped_rows += rows;
        }
        dropped_rows
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
        // The last line grows, so it has to be wrapped again.
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

    /// Wraps lines that are not wrapped yet; all of them if the width has changed.
    pub fn wrap_to(&mut self, width: usize) {
        if self.width != width {
            self.width = width;
            self.rows.clear();
            self.row_counts.clear();
        }
        for line in self.lines.iter().skip(self.row_counts.len()) {
            let before = self.rows.len();
            for safe in lines(line) {
                self.rows.extend(wrap(safe, width));
            }
            self.row_counts.push_back(self.rows.len() - before);
        }
    }

    /// Returns the rows as of the last call of [`CapturedOutput::wrap_to`].
    #[must_use]
    pub fn rows(&self) -> &VecDeque<SafeText<'static>> {
        &self.rows
    }

    /// Returns how many lines were dropped.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Returns the last `count` lines, and whether there were more. Blank lines at
    /// the end are skipped.
    #[must_use]
    pub fn tail(&self, count: usize) -> (Vec<SafeText<'_>>, bool) {
        let blank = |line: &&String| line.trim().is_empty();
        let end = self.lines.len() - self.lines.iter().rev().take_while(blank).count();
        let from = end.saturating_sub(count);
        let tail = self.lines.range(from..end).flat_map(|line| lines(line));
        (tail.collect(), from > 0 || self.dropped > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn captured_rows(parts: &[(Pipe, &str)]) -> Vec<SafeText<'static>> {
        let mut output = CapturedOutput::default();
        for (pipe, text) in parts {
            output.push(*pipe, text);
        }
        output.wrap_to(80);
        output.rows().iter().cloned().collect()
    }

    #[test]
    fn lines_are_joined_from_partial_writes() {
        let parts = [(Pipe::Stdout, "on"), (Pipe::Stdout, "e\n\ntw"), (Pipe::Stdout, "o")];
        assert_eq!(captured_rows(&parts), ["one", "", "two"]);
    }

    #[test]
    fn two_pipes_do_not_share_a_line() {
        let parts = [(Pipe::Stdout, "half"), (Pipe::Stderr, "oh\n"), (Pipe::Stdout, " a line\n")];
        assert_eq!(captured_rows(&parts), ["half", "oh", " a line"]);
    }

    #[test]
    fn carriage_return_overwrites_the_line() {
        let parts = [(Pipe::Stdout, "10 %\r20 %\r"), (Pipe::Stdout, "30 %\r\nnext\r\n")];
        assert_eq!(captured_rows(&parts), ["30 %", "next"]);
    }

    #[test]
    fn oldest_lines_are_dropped_when_output_is_too_large() {
        let mut output = CapturedOutput::default();
        for number in 0..300_000 {
            output.push(Pipe::Stdout, &format!("line {number}\n"));
        }
        output.wrap_to(40);
        assert!(output.bytes <= MAX_OUTPUT_BYTES);
        assert_eq!(output.dropped() + output.lines.len(), 300_000);
        assert_eq!(output.rows().back().map(SafeText::as_str), Some("line 299999"));
        assert_eq!(output.rows().len(), output.lines.len());
    }

    #[test]
    fn tail_reports_whether_lines_were_dropped() {
        let mut output = CapturedOutput::default();
        output.push(Pipe::Stdout, "a\nb\u{7}\nc\n\n");
        assert_eq!(output.tail(2), (vec!["b␇".into(), "c".into()], true));
        assert!(!output.tail(9).1);
    }

    proptest! {
        #[test]
        fn rows_are_the_same_wrapped_at_once_or_step_by_step(
            parts in prop::collection::vec(("[a-zé \\n\\r]{0,30}", any::<bool>()), 0..20),
            width in 1_usize..20,
        ) {
            let mut at_once = CapturedOutput::default();
            let mut stepwise = CapturedOutput::default();
            for (text, out) in &parts {
                let pipe = if *out { Pipe::Stdout } else { Pipe::Stderr };
                at_once.push(pipe, text);
                stepwise.push(pipe, text);
                stepwise.wrap_to(width);
            }
            at_once.wrap_to(width);
            prop_assert_eq!(at_once.rows(), stepwise.rows());
        }
    }
}
