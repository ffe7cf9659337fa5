//! Output of the commands: standard output with width and styles, and messages to standard error.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use super::failure::{Failure, output_failed};
use crate::config::Config;

/// Columns of a terminal that does not report its size.
const DEFAULT_COLUMNS: usize = 80;

/// Buffered standard output that knows whether it is a terminal.
pub struct Out {
    to: BufWriter<Stdout>,
    /// Columns of the terminal; `None` for a file or a pipe.
    width: Option<usize>,
    color: bool,
    ascii: bool,
}

/// Styles of text. They only emphasize: the text alone carries the meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Text without a style.
    Plain,
    /// Text that is important.
    Bold,
    /// Text of secondary importance.
    Dim,
    /// Text about what is overdue or most urgent.
    Alarm,
}

impl Out {
    /// Opens standard output with the options of a configuration.
    pub fn new(config: &Config) -> Self {
        Self::with(config.ascii, config.color)
    }

    /// Opens standard output before a configuration is loaded.
    pub fn with(ascii: bool, color: bool) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        Self {
            width: terminal.then(terminal_columns),
            color: terminal && color,
            ascii,
            to: BufWriter::with_capacity(32 * 1024, stdout),
        }
    }

    /// Returns the columns of the terminal; `None` where nothing is truncated.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Prints a line; the text must be sanitized.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        let text = text.trim_end();
        let result = if self.ascii {
            writeln!(self.to, "{}", to_ascii(text))
        } else {
            writeln!(self.to, "{text}")
        };
        result.map_err(|error| output_failed(&error))
    }

    /// Returns a text with the escape codes of a style, if standard output has colours.
    pub fn styled(&self, text: &str, style: Style) -> String {
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Alarm => "1;31",
            Style::Plain => return text.to_owned(),
        };
        if self.color && !text.trim().is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Returns the writer, for documents that are written directly.
    pub fn writer(&mut self) -> &mut impl Write {
        &mut self.to
    }

    /// Writes the buffered output.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(|error| output_failed(&error))
    }
}

/// Replaces the non-ASCII characters that this program itself uses.
fn to_ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for ch in text.chars() {
        plain.push(match ch {
            '·' => '|',
            '×' => 'x',
            '…' => '~',
            '●' => '*',
            '◦' => '-',
            other => other,
        });
    }
    plain
}

fn terminal_columns() -> usize {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout());
    size.ok().map(|s| usize::from(s.ws_col)).filter(|c| *c > 0).unwrap_or(DEFAULT_COLUMNS)
}

/// Formats a count with its noun, as in `1 line` and `2 lines`.
pub fn pluralize(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Prints a failure to standard error.
pub fn print_failure(failure: &Failure) {
    if failure.message.is_empty() {
        return;
    }
    tracing::debug!(exit = ?failure.exit, "{}", failure.message);
    let mut text = format!("redphone: {}\n", failure.message.trim_end_matches('.'));
    if let Some(picture) = &failure.snippet {
        text.push_str(picture);
        text.push('\n');
    }
    write_stderr(&text);
}

/// Prints a message that is no failure to standard error.
pub fn print_hint(text: &str) {
    write_stderr(&format!("redphone: {text}\n"));
}

fn write_stderr(text: &str) {
    // If standard error is closed, there is nobody to inform.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
