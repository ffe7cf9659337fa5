//! JSON that is safe on a terminal.
//!
//! Characters that JSON does not escape but that a terminal may interpret are escaped too.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, Formatter};

use super::failure::{Failure, output_failed};
use super::out::Out;

/// Writes a value on one line, with a line feed.
pub fn write_line(to: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *to, TerminalSafeFormatter))?;
    to.write_all(b"\n")
}

/// Prints a value on one line.
pub fn print(out: &mut Out, value: &impl Serialize) -> Result<(), Failure> {
    write_line(out.document_writer(), value).map_err(|error| output_failed(&error))
}

/// Prints a value as an entry of an array, on one line. The first entry opens the array; the caller
/// closes it after the last one.
pub fn print_entry(out: &mut Out, is_first: bool, value: &impl Serialize) -> Result<(), Failure> {
    let to = out.document_writer();
    to.write_all(if is_first { b"[" } else { b"," })
        .and_then(|()| write_line(to, value))
        .map_err(|error| output_failed(&error))
}

/// Compact JSON that escapes C1 controls, DEL and characters that reorder text as `\u`.
struct TerminalSafeFormatter;

impl Formatter for TerminalSafeFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Characters below DEL that need it are escaped already.
        if fragment.bytes().all(|b| b < 0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut written = 0;
        for (index, ch) in fragment.char_indices() {
            let code = u32::from(ch);
            if matches!(code, 0x7f..=0x9f | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069) {
                writer.write_all(&fragment.as_bytes()[written..index])?;
                write!(writer, "\\u{code:04x}")?;
                written = index + ch.len_utf8();
            }
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        // The escapes of JSON itself are those of the compact form.
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_controls_are_escaped_without_losing_text() {
        let text = "a\u{1b}[2J \u{9b}31m \u{7f} \u{202e}zyx \"é\\ 漢 🚒\n";
        let mut line = Vec::new();
        write_line(&mut line, &text).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "\"a\\u001b[2J \\u009b31m \\u007f \\u202ezyx \\\"é\\\\ 漢 🚒\\n\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
