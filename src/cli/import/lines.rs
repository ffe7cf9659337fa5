//! Reads and parses the lines of an export in bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use tokio::sync::mpsc::Sender;

use super::diagnose::{Diagnosis, diagnose};
use crate::backend::file::RecordProblem;
use crate::backend::record::{FORMAT, Record, VERSION};
use crate::cli::failure::io_error_text;

/// Longest line, in bytes. The limits of records stay far below.
pub const LINE_BYTES: usize = 8 * 1024 * 1024;
/// A batch is sent once it has this many lines.
const BATCH_ITEMS: usize = 256;
/// A batch is sent once its lines have this many bytes.
const BATCH_BYTES: u64 = 1024 * 1024;

/// Why a line can't be imported. Displayed as half a sentence that follows the line's number.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line is wrong and can be skipped.
    #[error(transparent)]
    Skippable(#[from] LineProblem),
    /// The input as a whole can't be trusted, or not be read further.
    #[error(transparent)]
    Fatal(#[from] InputProblem),
}

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineProblem {
    /// The line has more than [`LINE_BYTES`].
    #[error("is longer than 8 MiB: no record is, so the file may be damaged")]
    TooLong,
    /// The line ends in the middle of a record, and another follows.
    #[error("is cut off: it ends in the middle of a record")]
    CutOff,
    /// The input ends in the middle of a record.
    #[error("is cut off: the input ends in the middle of it")]
    InputCutOff,
    /// The line is no record.
    #[error(transparent)]
    Unparsable(#[from] Diagnosis),
    /// The line is a record, and the store refuses it.
    #[error("{field}: {problem}")]
    Refused {
        /// The name of the refused field.
        field: &'static str,
        /// What is wrong with its value.
        #[source]
        problem: RecordProblem,
    },
}

/// What is wrong with the input as a whole.
#[derive(Debug, thiserror::Error)]
pub enum InputProblem {
    /// The system can't read on.
    #[error("can't be read: {}", io_error_text(.0))]
    Unreadable(#[source] io::Error),
    /// The header names another format.
    #[error("format: is {format:?}, not {FORMAT:?}: this is an export of another program")]
    ForeignFormat {
        /// The format that the header names.
        format: String,
    },
    /// The header has a version that does not exist yet.
    #[error("version: is {version}, and {VERSION} is the newest known here: update redphone")]
    NewerVersion {
        /// The version that the header names.
        version: u32,
    },
}

/// A line that is not blank.
#[derive(Debug)]
pub struct ParsedLine {
    /// Number of the line from 1; blank lines count.
    pub line: u64,
    /// The record, or why the line can't be imported.
    pub record: Result<Record, LineError>,
}

/// Consecutive lines that are sent together.
#[derive(Debug, Default)]
pub struct Batch {
    /// The lines, in order.
    pub items: Vec<ParsedLine>,
    /// Bytes of the input that were read up to the end of this batch.
    pub bytes: u64,
    /// Whether this is the last batch. If none is the last, the reader has panicked.
    pub last: bool,
}

/// Reads the input to its end and sends its lines in batches.
///
/// Stops early at a fatal error, or when the receiver is dropped.
pub fn read_batches(input: impl Read, sender: &Sender<Batch>) {
    let mut lines = Lines::new(input);
    let mut batch = Batch::default();
    let mut sent_bytes = 0;
    while let Some(item) = lines.next_item() {
        let stop = matches!(item.record, Err(LineError::Fatal(_)));
        batch.items.push(item);
        batch.bytes = lines.bytes;
        let full = batch.items.len() >= BATCH_ITEMS || lines.bytes - sent_bytes >= BATCH_BYTES;
        if stop || full {
            sent_bytes = lines.bytes;
            if sender.blocking_send(std::mem::take(&mut batch)).is_err() || stop {
                return;
            }
        }
    }
    batch.bytes = lines.bytes;
    batch.last = true;
    // The receiver is dropped once the import has failed.
    let _ = sender.blocking_send(batch);
}

struct Lines<R> {
    input: BufReader<R>,
    buffer: Vec<u8>,
    line: u64,
    bytes: u64,
}

/// How a line ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The line ends with a line feed.
    Feed,
    /// The input ends without a line feed.
    Input,
    /// The line is too long; it was read to its end but not stored.
    TooLong,
}

impl<R: Read> Lines<R> {
    fn new(input: R) -> Self {
        let input = BufReader::with_capacity(256 * 1024, input);
        Self { input, buffer: Vec::new(), line: 0, bytes: 0 }
    }

    /// Returns the next line that is not blank; valid headers are skipped.
    fn next_item(&mut self) -> Option<ParsedLine> {
        loop {
            let end = match self.next_line() {
                Ok(Some(end)) => end,
                Ok(None) => return None,
                Err(error) => return Some(self.item(Err(InputProblem::Unreadable(error).into()))),
            };
            if end == End::TooLong {
                return Some(self.item(Err(LineProblem::TooLong.into())));
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
                        return Some(self.item(Err(bad.into())));
                    }
                }
                record => return Some(self.item(record)),
            }
        }
    }

    fn item(&self, record: Result<Record, LineError>) -> ParsedLine {
        ParsedLine { line: self.line, record }
    }

    /// Reads one line into the buffer, without its line feed.
    fn next_line(&mut self) -> io::Result<Option<End>> {
        self.buffer.clear();
        let mut too_long = false;
        let mut has_bytes = false;
        loop {
            let part = match self.input.fill_buf() {
                Ok(part) => part,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.line += 1;
                    return Err(error);
                }
            };
            if part.is_empty() {
                if !has_bytes {
                    return Ok(None);
                }
                self.line += 1;
                return Ok(Some(if too_long { End::TooLong } else { End::Input }));
            }
            has_bytes = true;
            let feed = part.iter().position(|b| *b == b'\n');
            let (content, used) = match feed {
                Some(at) => (&part[..at], at + 1),
                None => (part, part.len()),
            };
            if self.buffer.len() + content.len() > LINE_BYTES {
                too_long = true;
                self.buffer = Vec::new();
            } else if !too_long {
                self.buffer.extend_from_slice(content);
            }
            self.input.consume(used);
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
            (true, true) => LineProblem::InputCutOff,
            (true, false) => LineProblem::CutOff,
            (false, _) => diagnose(text, &error).into(),
        })
    })
}

fn check_header(format: &str, version: u32) -> Result<(), InputProblem> {
    if format != FORMAT {
        return Err(InputProblem::ForeignFormat { format: format.to_owned() });
    }
    if version > VERSION {
        return Err(InputProblem::NewerVersion { version });
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

    const EMPTY: &str = r#"{"directory":{}}"#;

    #[test]
    fn blank_lines_crlf_and_a_byte_order_mark_are_skipped() {
        let header = r#"{"header":{"format":"redphone","version":1}}"#;
        let input = format!("\u{feff}{header}\r\n\r\n   \n{EMPTY}\r\n{EMPTY}");
        let lines: Vec<u64> = read_all(input.as_bytes())
            .into_iter()
            .map(|(line, record)| record.map(|_| line).unwrap())
            .collect();
        assert_eq!(lines, [4, 5]);
    }

    #[test]
    fn truncated_last_line_is_reported_as_cut_off() {
        let input = format!("{EMPTY}\n{}", &EMPTY[..9]);
        let second = read_all(input.as_bytes()).pop().unwrap();
        assert!(
            matches!(second, (2, Err(LineError::Skippable(LineProblem::InputCutOff)))),
            "{second:?}"
        );
        let input = format!("{}\n{EMPTY}", &EMPTY[..9]);
        let first = read_all(input.as_bytes()).swap_remove(0);
        assert!(matches!(first, (1, Err(LineError::Skippable(LineProblem::CutOff)))), "{first:?}");
    }

    #[test]
    fn newer_or_foreign_header_refuses_the_entire_input() {
        let refusal = |input: &str| match read_all(input.as_bytes()).swap_remove(0) {
            (1, Err(LineError::Fatal(problem))) => problem,
            other => panic!("{other:?}"),
        };
        let newer = refusal(r#"{"header":{"format":"redphone","version":2}}"#);
        assert!(matches!(newer, InputProblem::NewerVersion { version: 2 }), "{newer:?}");
        let expected = "version: is 2, and 1 is the newest known here: update redphone";
        assert_eq!(newer.to_string(), expected);
        let foreign = refusal(r#"{"header":{"format":"pager","version":1}}"#);
        assert!(matches!(&foreign, InputProblem::ForeignFormat { format } if format == "pager"));
        assert!(foreign.to_string().starts_with("format: is \"pager\""), "{foreign}");
    }

    #[test]
    fn line_beyond_the_limit_is_skipped_without_buffering_it() {
        let mut input = vec![b'x'; LINE_BYTES + 1];
        input.extend_from_slice(b"\n");
        input.extend_from_slice(EMPTY.as_bytes());
        let read = read_all(&input);
        assert!(matches!(&read[0], (1, Err(LineError::Skippable(LineProblem::TooLong)))));
        assert!(matches!(&read[1], (2, Ok(Record::Directory(_)))));
    }
}
