//! Lines of an export, read and parsed in bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use tokio::sync::mpsc::Sender;

use super::diagnose::diagnose;
use crate::backend::record::{FORMAT, Record, VERSION};
use crate::cli::failure::io_error_text;

/// The longest line, in bytes. What a record may hold stays far below.
pub const LINE_BYTES: usize = 8 * 1024 * 1024;
/// A batch is handed over with so many items,
const BATCH_ITEMS: usize = 256;
/// or once its lines have so many bytes.
const BATCH_BYTES: u64 = 1024 * 1024;

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LineError {
    /// It can be left out.
    Skippable(String),
    /// Nothing of the input can be trusted, or read on.
    Fatal(String),
}

/// A line that says something.
#[derive(Debug)]
pub struct ParsedLine {
    /// Counted from 1, blank ones included.
    pub line: u64,
    /// What it says.
    pub record: Result<Record, LineError>,
}

/// Some lines.
#[derive(Debug, Default)]
pub struct Batch {
    /// In order.
    pub items: Vec<ParsedLine>,
    /// Bytes of the input up to here.
    pub bytes: u64,
    /// Nothing follows. Without it the reader has died on the way.
    pub last: bool,
}

/// Reads to the end, or until nobody listens.
pub fn read_batches(from: impl Read, to: &Sender<Batch>) {
    let mut lines = Lines::new(from);
    let mut batch = Batch::default();
    let mut handed_over = 0;
    while let Some(item) = lines.next_item() {
        let stop = matches!(item.record, Err(LineError::Fatal(_)));
        batch.items.push(item);
        batch.bytes = lines.bytes;
        let full = batch.items.len() >= BATCH_ITEMS || lines.bytes - handed_over >= BATCH_BYTES;
        if stop || full {
            handed_over = lines.bytes;
            if to.blocking_send(std::mem::take(&mut batch)).is_err() || stop {
                return;
            }
        }
    }
    batch.bytes = lines.bytes;
    batch.last = true;
    // Nobody listens once the import has failed.
    let _ = to.blocking_send(batch);
}

struct Lines<R> {
    from: BufReader<R>,
    buffer: Vec<u8>,
    line: u64,
    bytes: u64,
}

/// How a line ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// With a line feed.
    Feed,
    /// With the input.
    Input,
    /// It is too long; the rest of it was passed over.
    TooLong,
}

impl<R: Read> Lines<R> {
    fn new(from: R) -> Self {
        let from = BufReader::with_capacity(256 * 1024, from);
        Self { from, buffer: Vec::new(), line: 0, bytes: 0 }
    }

    /// The next line that says something; headers that fit are passed over.
    fn next_item(&mut self) -> Option<ParsedLine> {
        loop {
            let end = match self.next_line() {
                Ok(Some(end)) => end,
                Ok(None) => return None,
                Err(error) => {
                    let reason = io_error_text(&error);
                    return Some(
                        self.item(Err(LineError::Fatal(format!("can't be read: {reason}")))),
                    );
                }
            };
            if end == End::TooLong {
                let problem = "is longer than 8 MiB: no record is, so the file may be damaged";
                return Some(self.item(Err(LineError::Skippable(problem.into()))));
            }
            let mut text = self.buffer.as_slice();
            if self.line == 1 {
                text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
            }
            let text = text.trim_ascii();
            if text.is_empty() {
                continue;
            }
            match parse(text, end == End::Input) {
                Ok(Record::Header { format, version }) => {
                    if let Err(bad) = check_header(&format, version) {
                        return Some(self.item(Err(bad)));
                    }
                }
                record => return Some(self.item(record)),
            }
        }
    }

    fn item(&self, record: Result<Record, LineError>) -> ParsedLine {
        ParsedLine { line: self.line, record }
    }

    /// Reads one line into the buffer, without its end.
    fn next_line(&mut self) -> io::Result<Option<End>> {
        self.buffer.clear();
        let mut too_long = false;
        let mut any = false;
        loop {
            let part = match self.from.fill_buf() {
                Ok(part) => part,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.line += 1;
                    return Err(error);
                }
            };
            if part.is_empty() {
                if !any {
                    return Ok(None);
                }
                self.line += 1;
                return Ok(Some(if too_long { End::TooLong } else { End::Input }));
            }
            any = true;
            let feed = part.iter().position(|b| *b == b'\n');
            let (piece, used) = match feed {
                Some(at) => (&part[..at], at + 1),
                None => (part, part.len()),
            };
            if self.buffer.len() + piece.len() > LINE_BYTES {
                too_long = true;
                self.buffer = Vec::new();
            } else if !too_long {
                self.buffer.extend_from_slice(piece);
            }
            self.from.consume(used);
            self.bytes += u64::try_from(used).unwrap_or(0);
            if feed.is_some() {
                self.line += 1;
                return Ok(Some(if too_long { End::TooLong } else { End::Feed }));
            }
        }
    }
}

fn parse(text: &[u8], last: bool) -> Result<Record, LineError> {
    serde_json::from_slice(text).map_err(|error| {
        LineError::Skippable(match (error.is_eof(), last) {
            (true, true) => "is cut off: the input ends in the middle of it".into(),
            (true, false) => "is cut off: it ends in the middle of a record".into(),
            (false, _) => diagnose(text, &error),
        })
    })
}

fn check_header(format: &str, version: u32) -> Result<(), LineError> {
    if format != FORMAT {
        return Err(LineError::Fatal(format!(
            "format: is {format:?}, not {FORMAT:?}: this is an export of another program"
        )));
    }
    if version > VERSION {
        return Err(LineError::Fatal(format!(
            "version: is {version}, and {VERSION} is the newest known here: update redphone"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(input: &[u8]) -> Vec<(u64, Result<Record, LineError>)> {
        let mut lines = Lines::new(input);
        std::iter::from_fn(|| lines.next_item()).map(|item| (item.line, item.record)).collect()
    }

    fn reasons(input: &str) -> Vec<(u64, String)> {
        read_all(input.as_bytes())
            .into_iter()
            .map(|(line, record)| match record.unwrap_err() {
                LineError::Skippable(reason) => (line, reason),
                LineError::Fatal(reason) => (line, format!("ALL {reason}")),
            })
            .collect()
    }

    const EMPTY: &str = r#"{"directory":{}}"#;

    #[test]
    fn blank_lines_crlf_and_a_byte_order_mark_are_passed_over() {
        let header = r#"{"header":{"format":"redphone","version":1}}"#;
        let input = format!("\u{feff}{header}\r\n\r\n   \n{EMPTY}\r\n{EMPTY}");
        let lines: Vec<u64> = read_all(input.as_bytes())
            .into_iter()
            .map(|(line, record)| record.map(|_| line).unwrap())
            .collect();
        assert_eq!(lines, [4, 5]);
    }

    #[test]
    fn a_cut_off_last_line_is_named_as_such() {
        let input = format!("{EMPTY}\n{}", &EMPTY[..9]);
        let second = read_all(input.as_bytes()).pop().unwrap();
        let cut_off = "is cut off: the input ends in the middle of it";
        assert_eq!(second, (2, Err(LineError::Skippable(cut_off.into()))));
    }

    #[test]
    fn a_newer_or_foreign_header_refuses_all() {
        let newer = reasons(r#"{"header":{"format":"redphone","version":2}}"#);
        let told = "ALL version: is 2, and 1 is the newest known here: update redphone";
        assert_eq!(newer, [(1, told.into())]);
        let foreign = reasons(r#"{"header":{"format":"pager","version":1}}"#);
        assert!(foreign[0].1.starts_with("ALL format: is \"pager\""), "{foreign:?}");
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_without_keeping_it() {
        let mut input = vec![b'x'; LINE_BYTES + 1];
        input.extend_from_slice(b"\n");
        input.extend_from_slice(EMPTY.as_bytes());
        let read = read_all(&input);
        assert!(
            matches!(&read[0], (1, Err(LineError::Skippable(r))) if r.starts_with("is longer than 8 MiB"))
        );
        assert!(matches!(&read[1], (2, Ok(Record::Directory(_)))));
    }
}
