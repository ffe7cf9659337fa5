//! What is printed, and how it fits where it goes.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use super::failure::{Failure, output_failed};
use crate::config::Config;

/// Columns where the terminal does not tell.
const DEFAULT_COLUMNS: usize = 80;

/// Standard output: buffered, and aware of whether a person reads it.
pub struct Out {
    to: BufWriter<Stdout>,
    /// Columns of the terminal; `None` where it goes to a file or a pipe.
    width: Option<usize>,
    color: bool,
    ascii: bool,
}

/// Looks that carry no meaning of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// As it is.
    Plain,
    /// What matters.
    Bold,
    /// What is secondary.
    Dim,
    /// What is past or most urgent.
    Alarm,
}

impl Out {
    /// Standard output under a configuration.
    pub fn new(config: &Config) -> Self {
        Self::with(config.ascii, config.color)
    }

    /// Standard output where no configuration holds yet.
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

    /// Columns to fit into; `None` where nothing is to be cut.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Prints a line that is safe to show.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        let text = text.trim_end();
        let done = if self.ascii {
            writeln!(self.to, "{}", to_ascii(text))
        } else {
            writeln!(self.to, "{text}")
        };
        done.map_err(|error| output_failed(&error))
    }

    /// A piece of a line in a look, where there are looks.
    pub fn styled(&self, text: &str, look: Style) -> String {
        let code = match look {
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

    /// Where whole documents are written.
    pub fn writer(&mut self) -> &mut impl Write {
        &mut self.to
    }

    /// Hands over what is held back.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(|error| output_failed(&error))
    }
}

/// The same without the characters that this program itself uses beyond ASCII.
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

/// How many of something, as in `1 line` and `2 lines`.
pub fn pluralize(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Says on standard error what went wrong.
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

/// Says something on standard error that is no failure.
pub fn print_hint(text: &str) {
    write_stderr(&format!("redphone: {text}\n"));
}

fn write_stderr(text: &str) {
    // Where standard error is gone, nobody is left to tell.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
