//! Output of the commands: standard output with width and styles, and messages to standard error.
//!
//! Nothing else writes to these two, so that text from outside can't reach a terminal: lines and
//! messages are [`SafeText`], and styles are data until a line is written. Only documents, whose
//! format makes them safe, are written as they are.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use super::failure::{Failure, output_failed};
use crate::config::Config;
use crate::model::text::SafeText;

/// The default number of columns of a terminal that does not report its size.
const DEFAULT_COLUMNS: usize = 80;

/// Buffered standard output that knows whether it is a terminal.
pub struct Out {
    to: BufWriter<Stdout>,
    /// Columns of the terminal; `None` for a file or a pipe.
    width: Option<usize>,
    color: bool,
    ascii: bool,
    /// The changes that the command has made: reported on standard error if standard output fails.
    done: Vec<SafeText<'static>>,
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
    /// Text about overdue or most urgent work.
    Alarm,
}

impl Style {
    /// Returns the parameters of the escape code that begins the style; `None` for plain text.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Alarm => Some("1;31"),
        }
    }
}

/// A line whose parts have styles.
#[derive(Clone, Debug, Default)]
pub struct StyledLine<'a>(Vec<(SafeText<'a>, Style)>);

impl<'a> StyledLine<'a> {
    /// Creates a line with one part.
    pub fn new(text: impl Into<SafeText<'a>>, style: Style) -> Self {
        Self(vec![(text.into(), style)])
    }

    /// Returns the line with a part in a style appended.
    #[must_use]
    pub fn with(mut self, text: impl Into<SafeText<'a>>, style: Style) -> Self {
        self.push(text, style);
        self
    }

    /// Appends a part in a style.
    pub fn push(&mut self, text: impl Into<SafeText<'a>>, style: Style) {
        self.0.push((text.into(), style));
    }

    /// Returns the text, with the escape codes of the styles if the output has colours.
    fn render(&self, color: bool) -> String {
        let mut rendered = String::new();
        for (text, style) in &self.0 {
            match style.code().filter(|_| color && !text.trim().is_empty()) {
                Some(code) => {
                    for part in ["\x1b[", code, "m", text, "\x1b[0m"] {
                        rendered.push_str(part);
                    }
                }
                None => rendered.push_str(text),
            }
        }
        rendered
    }
}

impl Out {
    /// Opens standard output with the options of a configuration.
    pub fn new(config: &Config) -> Self {
        Self::with(config.ascii, config.color)
    }

    /// Opens standard output before a configuration is loaded.
    pub fn with(ascii: bool, color: bool) -> Self {
        let stdout = stdout();
        let terminal = stdout.is_terminal();
        Self {
            width: terminal.then(terminal_columns),
            color: terminal && color,
            ascii,
            done: Vec::new(),
            to: BufWriter::with_capacity(32 * 1024, stdout),
        }
    }

    /// Returns the columns of the terminal; `None` where nothing is truncated.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Prints a line without styles.
    pub fn line<'a>(&mut self, text: impl Into<SafeText<'a>>) -> Result<(), Failure> {
        self.styled_line(&StyledLine::new(text, Style::Plain))
    }

    /// Prints a line, with colours if the output has them.
    pub fn styled_line(&mut self, line: &StyledLine<'_>) -> Result<(), Failure> {
        let text = line.render(self.color);
        let text = text.trim_end();
        let result = if self.ascii {
            writeln!(self.to, "{}", to_ascii(text))
        } else {
            writeln!(self.to, "{text}")
        };
        result.map_err(|error| output_failed(&error))
    }

    /// Returns the writer for a document that a program reads, such as JSON or a manual page.
    ///
    /// Nothing is sanitized: the format of the document must escape text from outside.
    pub fn document_writer(&mut self) -> &mut impl Write {
        &mut self.to
    }

    /// Records that something was changed, as a sentence without a full stop. If it can't be
    /// printed on standard output, it is printed on standard error: otherwise the user would repeat
    /// the command.
    pub fn record_done(&mut self, text: impl Into<SafeText<'static>>) {
        self.done.push(text.into());
    }

    /// Prints a line about a change.
    pub fn done_line(&mut self, text: impl Into<SafeText<'static>>) -> Result<(), Failure> {
        let text = text.into();
        self.record_done(text.clone());
        self.line(text)
    }

    /// Writes the buffered output at the end of a command, and returns how the command ended.
    ///
    /// If the output can't be written, the failure contains the change nevertheless.
    pub fn finish(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        let flushed = self.flush();
        let (failed, output) = match (result, flushed) {
            (Err(failed), Err(output)) if failed.output_error.is_none() => (Some(failed), output),
            (Err(failed), _) if failed.output_error.is_none() => return Err(failed),
            (Err(output), _) | (Ok(()), Err(output)) => (None, output),
            (Ok(()), Ok(())) => return Ok(()),
        };
        let output = self.describe_done(output);
        match failed {
            None => Err(output),
            Some(failed) => {
                print_failure(&output);
                Err(failed)
            }
        }
    }

    /// Adds the change to the failure of a write.
    fn describe_done(&self, output: Failure) -> Failure {
        let Some(reason) = output.output_error.as_ref().filter(|_| !self.done.is_empty()) else {
            return output;
        };
        let done = self.done.join("; ");
        let message = format!("{done}; but standard output can't be written: {reason}");
        Failure { message: message.into(), ..output }
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

/// Says that a list is not complete. In a pipe or a file a limit that was chosen needs no such hint.
pub fn print_more_hint(
    out: &mut Out,
    noun: &str,
    limit: u32,
    default_limit: u32,
) -> Result<(), Failure> {
    out.flush()?;
    if limit == default_limit || out.width().is_some() {
        let shown = pluralize(u64::from(limit), noun);
        print_hint(format!("{shown} shown; more with --limit N"));
    }
    Ok(())
}

/// Returns whether standard output is a terminal.
pub fn is_terminal() -> bool {
    stdout().is_terminal()
}

#[expect(clippy::disallowed_methods, reason = "the commands write to it here only")]
fn stdout() -> Stdout {
    io::stdout()
}

/// Prints the help or the version, with colours if clap allows them.
///
/// This text is fixed: it has no values from the environment or the arguments.
#[expect(clippy::disallowed_methods, reason = "the text is fixed")]
pub fn print_help(help: &clap::Error) -> Result<(), Failure> {
    help.print().and_then(|()| stdout().flush()).map_err(|error| output_failed(&error))
}

/// Shows a prompt on the terminal, and reads a line without echo.
#[expect(clippy::disallowed_methods, reason = "the prompt is sanitized")]
pub fn read_secret<'a>(prompt: impl Into<SafeText<'a>>) -> io::Result<String> {
    rpassword::prompt_password(prompt.into().as_str())
}

/// Shows a prompt on the terminal, and reads a line.
///
/// # Errors
/// The terminal can't be read or written, or its input has ended.
pub fn read_line<'a>(prompt: impl Into<SafeText<'a>>) -> io::Result<String> {
    let mut out = stdout().lock();
    out.write_all(prompt.into().as_bytes())?;
    out.flush()?;
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

/// Prints a failure to standard error.
pub fn print_failure(failure: &Failure) {
    if failure.message.is_empty() {
        return;
    }
    tracing::debug!(exit = ?failure.exit, "{}", failure.message);
    let message = SafeText::from(failure.message.trim_end_matches('.'));
    write_stderr(&message, &failure.snippet);
}

/// Prints a message that is no failure to standard error.
pub fn print_hint<'a>(text: impl Into<SafeText<'a>>) {
    write_stderr(&text.into(), &[]);
}

/// Writes a message and the lines that follow it, in one write.
#[expect(clippy::disallowed_methods, reason = "the commands write to it here only")]
fn write_stderr(message: &SafeText<'_>, snippet: &[SafeText<'_>]) {
    let mut text = format!("redphone: {message}\n");
    for line in snippet {
        text.push_str(line);
        text.push('\n');
    }
    // If standard error is closed, nobody can be informed.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_styles_put_escape_codes_into_a_line() {
        let line = StyledLine::new("a\u{1b}[2J", Style::Alarm)
            .with("\u{9b}31m\u{202e}\n", Style::Plain)
            .with("  ", Style::Bold)
            .with("b", Style::Dim);
        let shown = "\u{fffd}31m\u{fffd}␊";
        assert_eq!(line.render(false), format!("a␛[2J{shown}  b"));
        assert_eq!(
            line.render(true),
            format!("\u{1b}[1;31ma␛[2J\u{1b}[0m{shown}  \u{1b}[2mb\u{1b}[0m")
        );
    }
}
